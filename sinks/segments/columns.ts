/**
 * The columns of segments: a closed list of types that are the same in Parquet, Delta, DuckDB, Arrow and Trino.
 * Unsigned types and decimals are not included, because readers differ in them.
 *
 * | type                | a cell                                     | in SQL                |
 * | ------------------- | ------------------------------------------ | --------------------- |
 * | `string`            | string                                     | VARCHAR               |
 * | `long`              | whole number or bigint, signed 64 bits     | BIGINT                |
 * | `double`            | number                                     | DOUBLE                |
 * | `boolean`           | boolean                                    | BOOLEAN               |
 * | `timestamp`         | whole ms since 1970 UTC                    | TIMESTAMPTZ           |
 * | `date`              | `YYYY-MM-DD`                               | DATE                  |
 * | `list<long>`        | array of whole numbers or bigints          | BIGINT[]              |
 * | `map<int,long>`     | Map of whole number of 32 bits to long     | MAP(INTEGER, BIGINT)  |
 * | `map<string,long>`  | Map of string to long                      | MAP(VARCHAR, BIGINT)  |
 */
import { TributaryError } from '../../core/errors.ts';

export const COLUMN_TYPES = {
  string: 'VARCHAR',
  long: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMPTZ',
  date: 'DATE',
  'list<long>': 'BIGINT[]',
  'map<int,long>': 'MAP(INTEGER, BIGINT)',
  'map<string,long>': 'MAP(VARCHAR, BIGINT)',
} as const;

export type ColumnType = keyof typeof COLUMN_TYPES;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether values may be null. A column that is added later is always nullable. */
  readonly nullable: boolean;
  /** The meaning, for people who read the table with other tools. */
  readonly doc?: string;
}

export type Long = number | bigint;
export type Cell =
  | string
  | Long
  | boolean
  | null
  | undefined
  | readonly Long[]
  | ReadonlyMap<number, Long>
  | ReadonlyMap<string, Long>;
/** One row by the names of its columns; missing cells are null. */
export type SegmentRow = Readonly<Record<string, Cell>>;

/** The layout of a table. Every segment has the rows of one day: the column `partition`, a required date, is not in its files. */
export interface Layout {
  readonly columns: readonly Column[];
  readonly partition: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws DECLARATION_INVALID with all errors in the layout of `what`. */
export function checkLayout(what: string, { columns, partition }: Layout): void {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { name, type } of columns) {
    // Not every engine distinguishes "userId" from "userid".
    const key = name.toLowerCase();
    if (!NAME.test(name))
      problems.push(`${JSON.stringify(name)} is not a name of a column: use letters, digits and "_"`);
    if (seen.has(key)) problems.push(`two columns are called ${name}, apart from capitals`);
    seen.add(key);
    if (!Object.hasOwn(COLUMN_TYPES, type)) problems.push(`${name} has the type ${type}, which does not exist`);
  }
  const day = columns.find(({ name }) => name === partition);
  if (day?.type !== 'date' || day.nullable) problems.push(`${partition} must be a column, a date and not nullable`);
  if (columns.length < 2) problems.push('there must be a column besides that of the day');
  if (problems.length === 0) return;
  throw new TributaryError('DECLARATION_INVALID', `the columns of ${what} are not valid: ${problems.join('; ')}`);
}

/** The columns that are in the files. */
export function storedColumns({ columns, partition }: Layout): readonly Column[] {
  return columns.filter(({ name }) => name !== partition);
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MS_OF_DAY = 86_400_000;

/** Whether the text is a day of the calendar, from the year 1 on. */
export function isDay(text: unknown): text is string {
  if (typeof text !== 'string' || !DAY.test(text) || text.startsWith('0000')) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Days since 1970. */
export function dayNumber(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / MS_OF_DAY;
}
