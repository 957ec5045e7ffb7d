/** Queries with DuckDB in this process, over segments in a local cache. */
import type { DuckConnection } from '../../../duckdb/connection.ts';
import { openDuckDb } from '../../../duckdb/database.ts';
import { identifier, quoted } from '../../../duckdb/names.ts';
import { type Add, filesOf, pinFiles, type Snapshot } from '../../delta/index.ts';
import { segmentCache } from '../../segments/cache.ts';
import { listSql, segmentsFromSql } from '../../segments/source.ts';
import { type Bounded, bounded, OpenAnswers } from '../bounded.ts';
import { converted } from '../converted.ts';
import type { Answer, QueryEngine, QueryOptions, Relation } from '../port.ts';
import { type At, type LakeOptions, readOf, snapshotsOf } from '../snapshots.ts';
import { type Asked, askedOf } from '../text.ts';
import { unknownTable } from '../unknown-table.ts';
import { type Days, daysOf, isWithin } from './days.ts';
import { knownOf } from './values.ts';
import { viewsSql } from './views.ts';

/** The share of the cache that stays pinned for the next query. */
const KEPT = 1 / 4;

export interface DuckQueryOptions extends LakeOptions {
  /** The parent of the cache of segments and of the scratch folder. Processes may share it if they read the same object store. */
  readonly folder: string;
  /** The address of the object store for other programs: a folder or a URL, with or without a final "/". */
  readonly location: string;
  readonly cacheBytes: number;
  readonly memoryBytes: number;
  readonly threads?: number;
}

export async function duckQueryEngine(options: DuckQueryOptions): Promise<QueryEngine> {
  const { folder, objects, relations, location, cacheBytes: maxBytes, memoryBytes, threads } = options;
  const cache = segmentCache({ folder: `${folder}/segments`, objects, maxBytes, keepBytes: maxBytes * KEPT });
  const duck = await openDuckDb({
    folder: `${folder}/scratch`,
    readable: [cache.folder],
    memoryBytes,
    ...(threads === undefined ? {} : { threads }),
  });
  const newest = snapshotsOf(options, duck);
  const open = new OpenAnswers();

  /**
   * Creates views of the relations over the files that the query needs. Adds to `ends` what must be released afterwards.
   *
   * DuckDB opens all files of a view whenever it binds one: for the view, for a view of that view, and to check the query. So until the
   * query runs, the views have only one file of each relation; their columns are the same.
   */
  async function prepare(connection: DuckConnection, asked: Asked, limits: Bounded, ends: End[]): Promise<At[]> {
    const all = await limits.wait(newest(asked.relations));
    const days = await readDays(connection, asked);
    const files: [variable: string, list: string][] = [];
    for (const { relation, snapshot } of all) {
      let paths: readonly string[] = [];
      if (snapshot !== undefined) {
        const pinning = pinFiles(cache, snapshot, within(snapshot, days(relation)));
        const pin = await limits.wait(pinning, (late) => late.release());
        ends.push(() => pin.release());
        paths = pin.paths;
      }
      const variable = `files of ${relation.stored}`;
      if (paths.length > 0) {
        await connection.run(`SET VARIABLE ${identifier(variable)} = ${listSql(paths.slice(0, 1))}`);
        files.push([variable, listSql(paths)]);
      }
      const from = paths.length === 0 ? undefined : `getvariable(${quoted(variable)})`;
      await connection.run(
        `CREATE TEMP VIEW ${identifier(relation.stored)} AS ${segmentsFromSql(relation.layout, from)}`,
      );
      await connection.run(`CREATE TEMP VIEW ${identifier(relation.name)} AS ${relation.view(relation.stored)}`);
    }
    await connection.checkReads(asked.sql);
    for (const [variable, list] of files) await connection.run(`SET VARIABLE ${identifier(variable)} = ${list}`);
    return all;
  }

  async function answer(asked: Asked, options: QueryOptions): Promise<Answer> {
    const limits = bounded(options);
    const ends: End[] = [limits.release];
    const close = async (): Promise<void> => {
      for (const end of ends.splice(0).reverse()) await end();
    };
    try {
      const connection = await duck.connect();
      ends.push(() => connection.close());
      const all = await prepare(connection, asked, limits, ends);
      const found = await connection.answer(asked.sql, limits.signal);
      ends.push(() => found.close());
      const known = found.columns.map(({ name, type }) => ({ name, ...knownOf(name, type) }));
      const pages = limits.pages(converted(found.pages, known));
      const columns = known.map(({ name, type }) => ({ name, type }));
      return open.answer({ columns, read: readOf(all) }, pages, close);
    } catch (error) {
      await close();
      throw unknownTable(error, relations);
    }
  }

  return {
    dialect: 'duckdb',
    relations,
    views: async () => viewsSql(location, await newest(relations)),
    query: async (sql, options = {}) => answer(askedOf(sql, relations), options),
    async close() {
      await open.close();
      await duck.close();
      await cache.close();
    },
  };
}

type End = () => Promise<void> | void;
type DaysOf = (relation: Relation) => Days | undefined;

/** The days that the query needs. If DuckDB cannot parse the text, the error is reported later, with DuckDB's message. */
async function readDays(connection: DuckConnection, { sql, relations }: Asked): Promise<DaysOf> {
  if (relations.length === 0) return () => undefined;
  const [row] = await connection.rows(`SELECT CAST(json_serialize_sql(${quoted(sql)}) AS VARCHAR) AS tree`);
  const days = daysOf(JSON.parse(String(row?.['tree'])), relations);
  // A relation that is mentioned but not read needs no files.
  return (relation) => days.get(relation);
}

function within(snapshot: Snapshot, days: Days | undefined): Add[] {
  if (days === undefined) return [];
  const read = [...snapshot.days.keys()].filter((day) => day === '' || isWithin(day, days));
  return read.flatMap((day) => filesOf(snapshot, day));
}
