/** A lake for query tests: datasources of visits with folded rows, and a table with every type. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openDuckDb } from '../../duckdb/database.ts';
import { layoutOf } from '../../reports/columns.ts';
import { type Datasource, defineDatasource } from '../../reports/define-datasource.ts';
import { relationOf } from '../../reports/relations.ts';
import { type Action, compact, deltaTable, growthOf, segmentWriter } from '../../sinks/delta/index.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { Answer, QueryEngine, QueryOptions, Relation, Value } from '../../sinks/query/port.ts';
import type { LakeOptions } from '../../sinks/query/snapshots.ts';
import { segmentCache } from '../../sinks/segments/cache.ts';
import type { Layout, SegmentRow } from '../../sinks/segments/columns.ts';
import { drained, foldOf, type Visit, visitEvents, visited, visits } from '../reports/visits.ts';
import { LAYOUT } from './delta-samples.ts';

const DAY = 24 * 3_600_000;

/** The same events, by hour. */
export const hourly: Datasource = defineDatasource({
  name: 'hourly_visits',
  title: 'Visits by the hour',
  about: 'Visits of pages.',
  from: visitEvents,
  on: [visited],
  granularity: 'hour',
  dimensions: {},
  metrics: {
    visits: { kind: 'count', doc: 'Visits.', unit: 'visits' },
    points: { kind: 'sum', type: 'long', doc: 'Points.', unit: 'points', of: ({ data }) => data.points },
  },
});

/** A table without a datasource, with a column of each type. */
export const samples: Relation = {
  name: 'samples',
  title: 'Samples',
  columns: LAYOUT.columns,
  view: (from) => `select * from ${from}`,
  stored: 'samples__rollup',
  layout: LAYOUT,
};

export interface Lake extends LakeOptions {
  /** Appends rows to the relation's table in one commit. Returns the version. */
  write(relation: Relation, rows: readonly SegmentRow[], more?: readonly Action[], layout?: Layout): Promise<number>;
  /** Folds the events and appends the rows in one commit. Returns the version. */
  count(datasource: Datasource, events: readonly Visit[], more?: readonly Action[]): Promise<number>;
  /** Writes a checkpoint, compacts, and cleans up. Returns the number of files of each kind. */
  maintain(relation: Relation): Promise<{ compacted: number; cleaned: number; vacuumed: number }>;
  /** Goes on with a new table of the relation. */
  renew(relation: Relation): void;
}

/** `name` is the prefix of all table names. */
export async function lakeOf(t: Pick<TestContext, 'after'>, objects: Objects, name = 'rollups'): Promise<Lake> {
  const folder = await mkdtemp(join(tmpdir(), 'lake-'));
  const duck = await openDuckDb({ folder, readable: [join(folder, 'cache')], threads: 1 });
  t.after(async () => {
    await duck.close();
    await rm(folder, { recursive: true, force: true });
  });
  const generations = new Map<string, number>();
  const current = (relation: string): string | undefined =>
    generations.has(relation) ? `${name}/${relation}/g${generations.get(relation)}` : undefined;
  let writers = 0;
  const lake: Lake = {
    objects,
    relations: [relationOf(visits), relationOf(hourly), samples],
    currentTable: async (relation) => current(relation),
    now: Date.now,
    async write(relation, rows, more = [], layout = relation.layout) {
      if (!generations.has(relation.name)) generations.set(relation.name, 1);
      const table = current(relation.name) as string;
      const delta = deltaTable({ objects, duck, table, now: Date.now, engine: 'test' });
      await delta.create({ layout });
      writers += 1;
      const writer = segmentWriter({ objects, duck, table, layout, writer: `w${writers}`, now: Date.now });
      const adds = await writer.write(rows);
      const { snapshot } = await delta.commit((snapshot) => ({
        operation: 'WRITE',
        actions: [...growthOf(snapshot, layout), ...adds.map((add) => ({ add })), ...more],
      }));
      return snapshot.version;
    },
    count(datasource, events, more) {
      const relation = lake.relations.find(({ name }) => name === datasource.name) as Relation;
      return lake.write(relation, drained(foldOf(datasource, events)), more, layoutOf(datasource));
    },
    async maintain({ name, layout }) {
      const table = current(name) as string;
      const [now, later] = [() => Date.now(), () => Date.now() + 60 * DAY];
      const options = { objects, duck, table, engine: 'test' };
      const cache = segmentCache({ folder: join(folder, 'cache'), objects, maxBytes: 1e8 });
      const delta = deltaTable({ ...options, now });
      const compacting = { objects, duck, cache, layout, now, writer: 'compaction', rules: { leastFiles: 2 } };
      const { files: compacted } = await compact(delta, compacting);
      await delta.checkpoint();
      const old = deltaTable({ ...options, now: later });
      const cleaned = (await old.cleanLog()).length;
      return { compacted, cleaned, vacuumed: (await old.vacuum()).files.length };
    },
    renew: ({ name }) => generations.set(name, (generations.get(name) ?? 0) + 1),
  };
  return lake;
}

/** All rows of a result, keyed by column names. */
export async function rowsOf(
  engine: QueryEngine,
  sql: string,
  options?: QueryOptions,
): Promise<Record<string, Value>[]> {
  await using answer = await engine.query(sql, options);
  const rows: Record<string, Value>[] = [];
  for await (const page of answer.pages) rows.push(...page.map((row) => named(answer, row)));
  return rows;
}

const named = ({ columns }: Answer, row: readonly Value[]): Record<string, Value> =>
  Object.fromEntries(columns.map(({ name }, at) => [name, row[at] as Value]));

/** The values of the first column. */
export async function column(engine: QueryEngine, sql: string, options?: QueryOptions): Promise<Value[]> {
  return (await rowsOf(engine, sql, options)).map((row) => Object.values(row)[0] as Value);
}
