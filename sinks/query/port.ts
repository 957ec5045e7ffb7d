/**
 * The query port: SQL over the datasources of a platform, with any engine. A query in the portable subset
 * (`docs/analytics.md`) returns the same rows on every engine.
 *
 * Every implementation guarantees the following, which `test/contracts/query.ts` checks:
 *
 * - A query is one SELECT, which may begin with WITH. It changes nothing.
 * - A query reads each table at one version, which the answer names, whatever is committed meanwhile.
 * - Rows come in pages, so that a large answer is never in memory as a whole. An incomplete answer ends with an error,
 *   never with fewer rows.
 * - Whole numbers are exact.
 * - A datasource without counts has no rows.
 *
 * Errors: QUERY_INVALID for a wrong query, with the message of the engine; QUERY_LIMIT for an answer that has more rows
 * or takes longer than allowed; MEMORY_EXCEEDED; QUERY_AWAY and OBJECTS_AWAY (retry); ACCESS_REFUSED, CONFIG_INVALID,
 * STORE_BROKEN; for a query that is aborted, the reason of its signal.
 */

/** The type of a column of a table; see `sinks/segments/columns.ts`. */
export type StoredType =
  | 'string'
  | 'long'
  | 'double'
  | 'boolean'
  | 'timestamp'
  | 'date'
  | 'list<long>'
  | 'map<int,long>'
  | 'map<string,long>';

export interface StoredColumn {
  readonly name: string;
  readonly type: StoredType;
  readonly nullable: boolean;
  readonly doc?: string;
  readonly unit?: string;
}

/** The layout of a table: every file has the rows of one day, without the column of the partition, which is a date. */
export interface StoredLayout {
  readonly columns: readonly StoredColumn[];
  readonly partition: string;
}

/** Two names for a query: the rows of a table, and a view of them. */
export interface Relation {
  /** The name of the view. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly StoredColumn[];
  /**
   * The view in SQL of the portable subset, over a relation `from` that has all columns of the layout. In each row, its
   * column with the partition's name must have the partition of the rows that it was computed from.
   */
  readonly view: (from: string) => string;
  /** The name of the rows as they are stored. */
  readonly stored: string;
  readonly layout: StoredLayout;
}

type Scalar = 'string' | 'long' | 'double' | 'decimal' | 'boolean' | 'timestamp' | 'local timestamp' | 'date';

/**
 * | type              | a value                                              |
 * | ----------------- | ---------------------------------------------------- |
 * | `string`          | string                                               |
 * | `long`            | bigint, whatever the width of the whole number       |
 * | `double`          | number                                               |
 * | `decimal`         | string, with all its digits                          |
 * | `boolean`         | boolean                                              |
 * | `timestamp`       | whole ms since 1970 UTC                              |
 * | `local timestamp` | `YYYY-MM-DDTHH:MM:SS.mmm`, of a clock without a zone |
 * | `date`            | `YYYY-MM-DD`                                         |
 * | `list<…>`         | array                                                |
 * | `map<…,…>`        | Map                                                  |
 *
 * Each may be null. A query with any other type is refused with advice to cast it.
 */
export type AnswerType = Scalar | `list<${Scalar}>` | `map<${Scalar},${Scalar}>`;
export type Value = string | bigint | number | boolean | null | readonly Value[] | ReadonlyMap<Value, Value>;
/** In the order of the columns. */
export type AnswerRow = readonly Value[];

export interface AnswerColumn {
  /** Its name in the query. Two columns may have the same name. */
  readonly name: string;
  readonly type: AnswerType;
}

/** The state of one relation that an answer reflects. */
export interface ReadTable {
  /** The name of the relation's view. */
  readonly relation: string;
  /** The prefix of its objects. */
  readonly table: string;
  /** The version of its Delta log. */
  readonly version: number;
  /** The position of each application in the table, by the application's id: positions in logs. */
  readonly positions: ReadonlyMap<string, number>;
}

/** Ends when all pages were read, or when reading them has failed. A reader that stops earlier must close it. */
export interface Answer extends AsyncDisposable {
  readonly columns: readonly AnswerColumn[];
  /** The tables of the relations that the query names, except those that do not exist yet. */
  readonly read: readonly ReadTable[];
  /** Can be read once. */
  readonly pages: AsyncIterable<readonly AnswerRow[]>;
  /** Ends the query, if it is still running. */
  close(): Promise<void>;
}

export interface QueryLimits {
  /** An answer with more rows is QUERY_LIMIT. */
  readonly rows?: number;
  /** From the query to the last row, in ms; a longer time is QUERY_LIMIT. */
  readonly ms?: number;
}

export interface QueryOptions extends QueryLimits {
  readonly signal?: AbortSignal;
}

export interface QueryEngine {
  /** For queries that programs make: functions outside the portable subset. Queries that people write do not need it. */
  readonly dialect: 'duckdb' | 'trino';
  readonly relations: readonly Relation[];
  /**
   * Statements, in order, that define the same names as views on this engine, for other programs. The views follow the
   * tables until one of these is replaced by a new one.
   */
  views(): Promise<readonly string[]>;
  /** Settles when the columns are known. */
  query(sql: string, options?: QueryOptions): Promise<Answer>;
  close(): Promise<void>;
}
