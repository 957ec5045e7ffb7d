/**
 * The query port: SQL over the datasources of a platform, with any engine. A text in the portable subset (`docs/analytics.md`)
 * returns the same rows on each.
 *
 * The rules of every implementation, which `test/contracts/query.ts` checks:
 *
 * - A query is one SELECT, which may begin with WITH. It changes nothing.
 * - A query sees each table at one version, which the answer names, whatever is committed meanwhile.
 * - Rows come in pages, so that a large answer is never in memory whole. An incomplete answer ends with an error, never with
 *   fewer rows.
 * - Whole numbers are exact.
 * - A datasource without counts has no rows.
 *
 * Errors: QUERY_INVALID for a text that is wrong, with the message of the engine; QUERY_LIMIT for an answer that has more rows or takes
 * longer than it may; MEMORY_EXCEEDED; QUERY_AWAY and OBJECTS_AWAY (retry); ACCESS_REFUSED, CONFIG_INVALID, STORE_BROKEN; for a query that is
 * aborted, the reason of its signal.
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

/** The layout of a table: every file has the rows of one day, and not the column of the partition, which is a date. */
export interface StoredLayout {
  readonly columns: readonly StoredColumn[];
  readonly partition: string;
}

/** Two names of a query: the rows of a table, and a view of them. */
export interface Relation {
  /** Of the view. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly StoredColumn[];
  /**
   * The view, over a relation that has all columns of the layout: SQL in the portable subset. Its column with the partition's name has the
   * partition of the rows that it is computed from.
   */
  readonly view: (from: string) => string;
  /** Of the rows as they are stored. */
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
  /** Its name in the query; two may have the same name. */
  readonly name: string;
  readonly type: AnswerType;
}

/** What an answer reflects of one relation. */
export interface ReadTable {
  /** The name of the relation's view. */
  readonly relation: string;
  /** The prefix of its objects. */
  readonly table: string;
  /** Of its Delta log. */
  readonly version: number;
  /** The position of each application in it: positions in logs, by the ids of applications. */
  readonly positions: ReadonlyMap<string, number>;
}

/** Ends when all pages were read or reading them has failed; a reader that stops earlier must close it. */
export interface Answer extends AsyncDisposable {
  readonly columns: readonly AnswerColumn[];
  /** The tables of the relations that the text names, except those that do not exist yet. */
  readonly read: readonly ReadTable[];
  /** Can be read once. */
  readonly pages: AsyncIterable<readonly AnswerRow[]>;
  /** Ends the query, if it still runs. */
  close(): Promise<void>;
}

export interface QueryLimits {
  /** More rows are QUERY_LIMIT. */
  readonly rows?: number;
  /** From the question to the last row, in ms; longer is QUERY_LIMIT. */
  readonly ms?: number;
}

export interface QueryOptions extends QueryLimits {
  readonly signal?: AbortSignal;
}

export interface QueryEngine {
  /** For texts that programs make: functions outside the portable subset. What people write has no need of it. */
  readonly dialect: 'duckdb' | 'trino';
  readonly relations: readonly Relation[];
  /**
   * Statements, in their order, that give other programs the same names on this engine: as views that follow the tables, until one of these is
   * made anew.
   */
  views(): Promise<readonly string[]>;
  /** Settles when the columns are known. */
  query(sql: string, options?: QueryOptions): Promise<Answer>;
  close(): Promise<void>;
}
