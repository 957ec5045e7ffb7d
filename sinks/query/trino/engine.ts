/** Queries with Trino, over the same tables. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../core/errors.ts';
import { openDuckDb } from '../../../duckdb/database.ts';
import { bounded, OpenAnswers } from '../bounded.ts';
import { converted } from '../converted.ts';
import type { Answer, QueryEngine, QueryOptions } from '../port.ts';
import { type At, type LakeOptions, readOf, snapshotsOf } from '../snapshots.ts';
import { type Asked, askedOf } from '../text.ts';
import { unknownTable } from '../unknown-table.ts';
import { nameOf } from './failure.ts';
import { trinoHttp } from './http.ts';
import { locationOf } from './location.ts';
import { registeredName, registrationSql, relationsSql, schemaSql, viewsSql } from './relations.ts';
import { execute, type Statement } from './statement.ts';
import { knownOf } from './values.ts';

export interface TrinoQueryOptions extends LakeOptions {
  /** See `location.ts`. */
  readonly url: string;
  /** The address of the object store for Trino, if the URL has none. */
  readonly location?: string | undefined;
  /** The certificate of the authority, in PEM. */
  readonly ca?: string | undefined;
  /** A folder for small files, used while reading the logs of tables. */
  readonly folder: string;
  /** How long requests are retried while Trino does not answer, in ms. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 30_000;
const PAUSE_MS = 500;
const LOG_MEMORY = 128 * 1024 * 1024;

export async function trinoQueryEngine(options: TrinoQueryOptions): Promise<QueryEngine> {
  const { relations, url, ca, folder, patienceMs = PATIENCE_MS } = options;
  const location = locationOf(url, options.location);
  const http = trinoHttp(location, { ca, patienceMs });
  const duck = await openDuckDb({ folder, memoryBytes: LOG_MEMORY, threads: 1 });
  const newest = snapshotsOf(options, duck);
  const open = new OpenAnswers();

  async function command(sql: string, signal: AbortSignal): Promise<void> {
    const statement = await execute(http, sql, signal);
    for await (const _ of statement.pages);
  }

  /** Waits for a coordinator that is starting, as for one that does not answer. */
  async function started(sql: string, signal: AbortSignal): Promise<Statement> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        return await execute(http, sql, signal);
      } catch (error) {
        if (nameOf(error) !== 'SERVER_STARTING_UP' || performance.now() + PAUSE_MS > deadline) throw error;
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  async function register(tables: readonly string[], signal: AbortSignal): Promise<void> {
    await command(schemaSql(location), signal);
    for (const table of tables) {
      await command(registrationSql(location, table), signal).catch((error: unknown) => {
        // Another client registered it, or we did earlier.
        if (nameOf(error) !== 'ALREADY_EXISTS') throw error;
      });
    }
  }

  /** Registers tables when Trino reports that it does not know them: usually once for each. */
  async function begun(asked: Asked, all: readonly At[], signal: AbortSignal): Promise<Statement> {
    const sql = asked.with(relationsSql(location, all));
    try {
      return await started(sql, signal);
    } catch (error) {
      const tables = all.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot.table]));
      const isOurs = tables.some((table) => messageOf(error).includes(`${registeredName(table)}'`));
      const isUnknown = nameOf(error) === 'SCHEMA_NOT_FOUND' || (nameOf(error) === 'TABLE_NOT_FOUND' && isOurs);
      if (!isUnknown || tables.length === 0) throw error;
      await register(tables, signal);
      return await execute(http, sql, signal);
    }
  }

  async function answer(asked: Asked, options: QueryOptions): Promise<Answer> {
    const limits = bounded(options);
    let statement: Statement | undefined;
    const close = async (): Promise<void> => {
      limits.release();
      await statement?.cancel();
    };
    try {
      const all = await limits.wait(newest(asked.relations));
      statement = await begun(asked, all, limits.signal);
      const known = statement.columns.map(({ name, type }) => ({ name, ...knownOf(name, type) }));
      const pages = limits.pages(converted(statement.pages, known));
      const columns = known.map(({ name, type }) => ({ name, type }));
      return open.answer({ columns, read: readOf(all) }, pages, close);
    } catch (error) {
      await close();
      throw unknownTable(error, relations);
    }
  }

  return {
    dialect: 'trino',
    relations,
    views: async () => viewsSql(location, await newest(relations)),
    query: async (sql, options = {}) => answer(askedOf(sql, relations), options),
    async close() {
      await open.close();
      http.close();
      await duck.close();
    },
  };
}
