/**
 * The one SQLite file that all embedded implementations share.
 *
 * - One process owns the folder, by SQLite's exclusive lock. The system releases the lock however the process dies, so no lock file is
 *   left behind.
 * - The write-ahead log keeps every transaction atomic despite `kill -9`. With `synchronous = NORMAL`, a power failure may lose the
 *   newest transactions, but no transaction before a kept one. Because log, rows and views are in one file, all of them return to the
 *   same moment.
 */
import { mkdirSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementResultingChanges } from 'node:sqlite';
import { type ErrorCode, messageOf, TributaryError } from '../core/errors.ts';
import { fileIn } from './file.ts';
import { mark, recognise } from './identity.ts';
import { checkNotEmptied, openingError } from './opening-error.ts';

export const IN_MEMORY = ':memory:';

/** A prepared statement. It returns rows as arrays; `R` is the tuple of the columns that it selects. */
export interface Statement {
  all<R = unknown[]>(...values: SQLInputValue[]): R[];
  get<R = unknown[]>(...values: SQLInputValue[]): R | undefined;
  iterate<R = unknown[]>(...values: SQLInputValue[]): Iterable<R>;
  run(...values: SQLInputValue[]): StatementResultingChanges;
}

export interface Database {
  /** The folder of the file, or ":memory:". */
  readonly folder: string;
  /** A prepared statement, kept for the next time. */
  statement(sql: string): Statement;
  exec(sql: string): void;
  /** Runs `work` in one transaction: all of it or nothing. Joins the transaction that is already open, if any. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export function openDatabase(folder: string): Database {
  const database = open(folder);
  const statements = new Map<string, Statement>();
  let depth = 0;
  let closed = false;
  return {
    folder,
    statement(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        const prepared = database.prepare(sql);
        prepared.setReturnArrays(true);
        // Node's types describe rows only as objects.
        statement = prepared as unknown as Statement;
        statements.set(sql, statement);
      }
      return statement;
    },
    exec: (sql) => database.exec(sql),
    transaction(work) {
      if (depth > 0) return work();
      depth += 1;
      try {
        database.exec('BEGIN IMMEDIATE');
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      } finally {
        depth -= 1;
      }
    },
    close() {
      if (closed) return;
      closed = true;
      statements.clear();
      database.close();
    },
  };
}

function open(folder: string): DatabaseSync {
  if (folder === IN_MEMORY) return new DatabaseSync(IN_MEMORY);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new TributaryError(
      'FOLDER_UNUSABLE',
      `the data folder ${folder} cannot be made: ${messageOf(error)}; let this user write there, or choose another with --data`,
      { cause: error },
    );
  }
  const file = fileIn(folder);
  checkNotEmptied(folder, file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    // Exclusive first, so that the write-ahead log needs no shared memory file and is faster. This writes nothing, in case the file
    // belongs to another program.
    database.exec('PRAGMA page_size = 8192; PRAGMA locking_mode = EXCLUSIVE');
    const identity = recognise(database, file);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 16000;
      PRAGMA cache_size = -49152;
      PRAGMA temp_store = MEMORY;
      BEGIN IMMEDIATE; COMMIT;
    `);
    if (identity === 'unmarked') mark(database);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof TributaryError ? error : openingError(folder, file, sqliteCode(error), error);
  }
}

const SQLITE_BUSY = 5;
const IO = 10;
/** Primary result codes after which waiting may help: busy, locked, out of memory, input/output, disk full. */
const PASSING = new Set([SQLITE_BUSY, 6, 7, IO, 13]);
const TOO_BIG = 18;

function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Whether SQLite will never accept a value because it is too large; writes of other values may go on. */
export function isRefusal(error: unknown): boolean {
  return sqliteCode(error) === TOO_BIG;
}

/**
 * Runs a call of a port and translates its errors: passing errors, such as a full disk, become `away`; all others mean a broken store,
 * because a statement that SQLite does not accept is a bug or a damaged file.
 */
export async function guarded<T>(away: ErrorCode, what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    const code = sqliteCode(error);
    if (code === undefined) throw error;
    if (PASSING.has(code)) {
      // The transaction was rolled back; but after an I/O error it is unknown what the file contains.
      const outcome = code === IO ? 'unknown' : 'none';
      throw new TributaryError(away, `${what}: ${messageOf(error)}; waiting for it`, { cause: error, outcome });
    }
    throw new TributaryError('STORE_BROKEN', `${what}: ${messageOf(error)}; run \`tributary doctor\``, {
      cause: error,
    });
  }
}
