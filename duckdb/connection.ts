/** One connection to DuckDB: queries, streamed rows, and appends of whole chunks. */
import { setImmediate } from 'node:timers/promises';
import {
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  type JS,
  StatementType,
} from '@duckdb/node-api';
import { TributaryError } from '../core/errors.ts';
import { duckError, isInterrupt } from './errors.ts';

/** Whole numbers are bigints, times are Dates, lists are arrays, maps are lists of `{ key, value }`. */
export type DuckRow = Record<string, JS>;

/** An answer that is being streamed. Each row is a list of values, so columns with the same name stay separate. */
export interface DuckAnswer {
  readonly columns: readonly { readonly name: string; readonly type: DuckDBType }[];
  /** About 2,048 rows at a time. Can be read once. */
  readonly pages: AsyncGenerator<DuckDBValue[][]>;
  /** Ends the query, if it is still running. */
  close(): void;
}

export interface DuckConnection {
  run(sql: string, signal?: AbortSignal): Promise<void>;
  /** All rows of a small answer. */
  rows(sql: string, signal?: AbortSignal): Promise<DuckRow[]>;
  /** The rows as they are streamed, about 2,048 at a time. The answer is never in memory as a whole. */
  stream(sql: string, signal?: AbortSignal): AsyncGenerator<DuckRow[]>;
  /** The same, with the types of the columns and DuckDB's own values. */
  answer(sql: string, signal?: AbortSignal): Promise<DuckAnswer>;
  /** Throws QUERY_INVALID unless the text is a single statement that only reads. */
  checkReads(sql: string): Promise<void>;
  /**
   * Appends rows to a table whose columns have these types. Each chunk is a list of columns with at most `CHUNK_ROWS`
   * rows. Appending row by row would be many times slower for lists and maps.
   */
  append(table: string, types: readonly DuckDBType[], chunks: Iterable<DuckDBValue[][]>): Promise<void>;
  close(): void;
}

/** The largest number of rows in a chunk: the size of DuckDB's vectors. */
export const CHUNK_ROWS = 2048;
const INTERRUPT_EVERY_MS = 20;

export function duckConnection(connection: DuckDBConnection): DuckConnection {
  /** Ends the query when the signal is aborted, and then throws the signal's reason. */
  async function interruptible<T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    let again: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      connection.interrupt();
      // An interrupt has no effect before the query has begun on its thread, so it is repeated.
      again = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
    };
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      return await work();
    } catch (error) {
      if (isInterrupt(error)) signal?.throwIfAborted();
      throw duckError(error, what);
    } finally {
      clearInterval(again);
      signal?.removeEventListener('abort', interrupt);
    }
  }

  async function* read<T>(rows: AsyncIterator<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
    let ended = false;
    try {
      for (;;) {
        const next = await interruptible('reading the rows of a query', signal, () => rows.next());
        ended = next.done === true;
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // If the reader stops early, end the query, too.
      if (!ended) connection.interrupt();
    }
  }

  return {
    async run(sql, signal) {
      await interruptible('running a statement', signal, () => connection.run(sql));
    },
    rows(sql, signal) {
      return interruptible('running a query', signal, async () => {
        return (await connection.runAndReadAll(sql)).getRowObjectsJS();
      });
    },
    async *stream(sql, signal) {
      const result = await interruptible('running a query', signal, () => connection.stream(sql));
      yield* read(result.yieldRowObjectJs(), signal);
    },
    async answer(sql, signal) {
      const result = await interruptible('running a query', signal, () => connection.stream(sql));
      const types = result.columnTypes();
      const pages = read(result.yieldRows(), signal);
      return {
        columns: result.columnNames().map((name, at) => ({ name, type: types[at] as DuckDBType })),
        pages,
        close: () => connection.interrupt(),
      };
    },
    async checkReads(sql) {
      const type = await interruptible('reading a query', undefined, async () => {
        const statements = await connection.extractStatements(sql).catch((error: Error) => {
          // For a text without a statement, there is no better error.
          if (/native callback/.test(error.message)) return undefined;
          throw error;
        });
        if (statements?.count !== 1) return undefined;
        const prepared = await statements.prepare(0);
        try {
          return prepared.statementType;
        } finally {
          prepared.destroySync();
        }
      });
      if (type === StatementType.SELECT) return;
      throw new TributaryError('QUERY_INVALID', 'reading a query: it must be one SELECT, and nothing else');
    },
    async append(table, types, chunks) {
      const appender = await connection.createAppender(table);
      try {
        for (const columns of chunks) {
          const chunk = DuckDBDataChunk.create([...types], columns[0]?.length ?? 0);
          chunk.setColumns(columns);
          appender.appendDataChunk(chunk);
          // Let other work run between two chunks.
          await setImmediate();
        }
        appender.flushSync();
      } catch (error) {
        throw duckError(error, `appending to ${table}`);
      } finally {
        appender.closeSync();
      }
    },
    close() {
      connection.closeSync();
    },
  };
}
