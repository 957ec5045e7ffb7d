/**
 * Sends statements to Postgres. Each waits for a limited time, and is sent again if it conflicted with another
 * transaction.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type PoolClient, type QueryArrayConfig } from 'pg';
import { TributaryError } from '../../../core/errors.ts';
import { connectionOf, type PostgresOptions } from './connection.ts';
import { isConflict, requestsError } from './errors.ts';
import { type Statement, statementsOf } from './request.ts';
import { scheduleStatementsOf } from './schedule.ts';
import { schemaStatementsOf } from './schema.ts';
import { migrations } from './tables.ts';

/** For a statement that conflicts with others every time. Each pause is a little longer than the previous one. */
const CONFLICT_ATTEMPTS = 10;
const CONFLICT_PAUSE_MS = 10;
const BIGINT = 20;
const BOOLEAN = 16;

export interface Client {
  readonly statements: {
    readonly requests: ReturnType<typeof statementsOf>;
    readonly schedules: ReturnType<typeof scheduleStatementsOf>;
  };

  /** The returned rows, each as an array of its columns. */
  lines<L>(what: string, statement: Statement): Promise<L[]>;
  /** Returns how many rows the statement changed. */
  changes(what: string, statement: Statement): Promise<number>;
  /** Waits for the calls in flight. */
  close(): Promise<void>;
}

interface Answer {
  readonly rows: unknown[];
  readonly count: number;
}

/** Connects on first use, and then creates or completes the tables. */
export function connect(options: PostgresOptions): Client {
  const { schema, pool: config } = connectionOf(options);
  const statements = { requests: statementsOf(schema), schedules: scheduleStatementsOf(schema) };
  const pool = new Pool(config);
  // A connection broke while nobody used it. The pool has dropped it, and the next call opens another one.
  pool.on('error', () => undefined);
  let made: Promise<void> | undefined;
  const running = new Set<Promise<Answer>>();
  let closed: Promise<void> | undefined;

  /** Makes the tables, once per process. After a failure, the next call tries again. */
  function ready(): Promise<void> {
    made ??= makeTables(pool, schema).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  }

  async function send(what: string, statement: Statement): Promise<Answer> {
    try {
      await ready();
      for (let attempt = 1; ; attempt += 1) {
        try {
          const { rows, rowCount } = await pool.query(queryOf(statement));
          return { rows, count: rowCount ?? 0 };
        } catch (error) {
          if (!isConflict(error) || attempt === CONFLICT_ATTEMPTS) throw error;
          await sleep(Math.random() * CONFLICT_PAUSE_MS * attempt);
        }
      }
    } catch (error) {
      throw requestsError(error, what);
    }
  }

  function call(what: string, statement: Statement): Promise<Answer> {
    if (closed !== undefined) throw new TributaryError('USAGE', `${what}: the requests are closed; open them again`);
    const sent = send(what, statement).finally(() => running.delete(sent));
    running.add(sent);
    return sent;
  }

  return {
    statements,
    lines: async <L>(what: string, statement: Statement) => (await call(what, statement)).rows as L[],
    changes: async (what, statement) => (await call(what, statement)).count,
    close() {
      closed ??= Promise.allSettled(running).then(() => pool.end());
      return closed;
    },
  };
}

function queryOf({ text, values }: Statement): QueryArrayConfig {
  return { text, values: [...values], rowMode: 'array', types: { getTypeParser: parserOf } };
}

/** All our whole numbers fit into 53 bits. JSON stays text. */
function parserOf(type: number): (value: string) => unknown {
  if (type === BIGINT) return Number;
  if (type === BOOLEAN) return (value) => value === 't';
  return (value) => value;
}

/** Creates what is missing, in one transaction and in one process at a time. If nothing is missing, this takes one query. */
async function makeTables(pool: Pool, schema: string): Promise<void> {
  const all = migrations(schema);
  const { hasSchema, hasVersion, lock, makeSchema, makeVersion, setVersion, version } = schemaStatementsOf(schema);
  const client = await pool.connect();
  // A connection that breaks between two statements emits this event first.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  let broken = true;
  try {
    const answer = async (statement: Statement): Promise<unknown> => {
      const [line] = (await client.query<unknown[]>(queryOf(statement))).rows;
      return line?.[0];
    };
    const current = async (): Promise<number> => ((await answer(hasVersion)) ? Number(await answer(version)) : 0);
    if ((await current()) < all.length) {
      // Overrides the database's default: once we have the lock, we must see what the previous process created.
      await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
      try {
        await client.query("SET LOCAL idle_in_transaction_session_timeout = '10s'");
        await answer(lock);
        if (!(await answer(hasSchema))) await answer(makeSchema);
        await answer(makeVersion);
        for (let next = await current(); next < all.length; next += 1) {
          await client.query(all[next] as string);
          await answer(setVersion(next + 1));
        }
        await client.query('COMMIT');
      } catch (error) {
        await rollBack(client);
        throw error;
      }
    }
    broken = false;
  } finally {
    client.removeListener('error', ignore);
    client.release(broken);
  }
}

/** Ignores errors of the rollback: the error that made it necessary is more useful. */
async function rollBack(client: PoolClient): Promise<void> {
  await client.query('ROLLBACK').catch(() => undefined);
}
