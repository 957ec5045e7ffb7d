/**
 * The statistics of a segment, as in Delta: the number of rows, and for each column the minimum, the maximum and the
 * number of nulls. Readers use them to skip segments, so bounds may be too wide but never too narrow.
 *
 * - Strings are cut to `LONGEST` characters. A minimum is cut to its beginning; a maximum to the next text after all
 *   texts with that beginning, in the order of code points, which is the order of UTF-8 by which all readers compare.
 * - Times are whole ms, the precision of readers, so they are exact. A column with a NaN or an infinite number has no bounds.
 * - Booleans, lists and maps have no bounds.
 */
import { identifier } from '../../duckdb/names.ts';
import type { Column, ColumnType } from './columns.ts';

const LONGEST = 32;

/** A null stands for no bound. */
type Bound = string | number | bigint | null;
export interface ColumnStatistics {
  readonly nulls: number;
  readonly least: Bound;
  readonly largest: Bound;
}
export interface Statistics {
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnStatistics>>;
}

const BOUNDED = new Set<ColumnType>(['string', 'long', 'double', 'timestamp', 'date']);
/** Converts bounds to texts and numbers that JSON supports. */
const AS: Partial<Record<ColumnType, (value: string) => string>> = {
  timestamp: (value) => `epoch_ms(${value})`,
  date: (value) => `strftime(${value}, '%Y-%m-%d')`,
};

const boundedOf = (columns: readonly Column[]): Column[] => columns.filter(({ type }) => BOUNDED.has(type));

/**
 * One row with the column `rows` and, for the i-th bounded column, `n<i>`, `a<i>` and `z<i>`: the number of nulls, the
 * minimum and the maximum. `day` is SQL for one more column, `day`, for grouping.
 */
export function statisticsSql(columns: readonly Column[], relation: string, day?: string): string {
  const parts = boundedOf(columns).map(({ name, type }, i) => {
    const column = identifier(name);
    const as = AS[type] ?? ((value: string) => value);
    return `count(*) - count(${column}) AS n${i}, ${as(`min(${column})`)} AS a${i}, ${as(`max(${column})`)} AS z${i}`;
  });
  const named = day === undefined ? [] : [`${day} AS day`];
  return `SELECT ${[...named, 'count(*) AS rows', ...parts].join(', ')} FROM ${relation}`;
}

export function statisticsOf(columns: readonly Column[], row: Readonly<Record<string, unknown>>): Statistics {
  const entries = boundedOf(columns).map(({ name, type }, i): [string, ColumnStatistics] => {
    const [least, largest] = boundsOf(type, row[`a${i}`] as Bound, row[`z${i}`] as Bound);
    return [name, { nulls: Number(row[`n${i}`]), least, largest }];
  });
  return { rows: Number(row['rows']), columns: Object.fromEntries(entries) };
}

function boundsOf(type: ColumnType, least: Bound, largest: Bound): [Bound, Bound] {
  if (least === null || largest === null) return [null, null];
  if (type === 'string') return [beginningOf(String(least)), endOf(String(largest))];
  if (type === 'double') return Number.isFinite(least) && Number.isFinite(largest) ? [least, largest] : [null, null];
  if (type === 'timestamp') return [timeOf(Number(least)), timeOf(Number(largest))];
  return [least, largest];
}

/** In the format of Spark and delta-rs; null for a year that they do not support. */
function timeOf(ms: number): string | null {
  const text = Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : '';
  return /^\d{4}-/.test(text) ? text : null;
}

function beginningOf(text: string): string {
  return Array.from(text).slice(0, LONGEST).join('');
}

/** The text itself if it is short, or the smallest short text after it; null if there is none. */
function endOf(text: string): string | null {
  const points = Array.from(text, (each) => each.codePointAt(0) as number);
  if (points.length <= LONGEST) return text;
  for (let at = LONGEST - 1; at >= 0; at -= 1) {
    const next = nextPoint(points[at] as number);
    if (next !== undefined) return String.fromCodePoint(...points.slice(0, at), next);
  }
  return null;
}

function nextPoint(point: number): number | undefined {
  if (point === 0x10ffff) return undefined;
  // Surrogates are not characters.
  return point === 0xd7ff ? 0xe000 : point + 1;
}

/** As JSON. Longs are written in full, even beyond 2^53. */
export function statisticsJson({ rows, columns }: Statistics): string {
  const of = (part: (column: ColumnStatistics) => Bound): string => {
    const fields = Object.entries(columns).flatMap(([name, column]) => {
      const value = part(column);
      if (value === null) return [];
      return [`${JSON.stringify(name)}:${typeof value === 'bigint' ? String(value) : JSON.stringify(value)}`];
    });
    return `{${fields.join(',')}}`;
  };
  const bounds = `"minValues":${of(({ least }) => least)},"maxValues":${of(({ largest }) => largest)}`;
  return `{"numRecords":${rows},${bounds},"nullCount":${of(({ nulls }) => nulls)}}`;
}
