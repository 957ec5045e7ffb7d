/** Answers of queries in three forms: a table for people, one JSON object per line, CSV. */
import { shownLine } from '../../../app/text/shown.ts';
import { timeText } from '../../../app/text/time-text.ts';
import type { Answer, AnswerColumn, AnswerRow, Relation, Value } from '../../../sinks/query/port.ts';
import { print } from '../../context.ts';
import type { Streams } from '../../control/server.ts';
import { usage } from '../../errors.ts';
import { paintOf } from '../../output/colors.ts';
import { csvCell } from '../../output/listing.ts';

type Out = Pick<Streams, 'stdout' | 'signal'>;
type Columns = Pick<Answer, 'columns'>;

/** One object per line. Throws USAGE if two columns share a name, since an object would have only one of them. */
export async function printJsonLines(out: Out, { columns }: Columns, rows: AsyncIterable<AnswerRow>): Promise<void> {
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw usage(`two columns are named ${twice}: rename one with AS`);
  for await (const row of rows) {
    const fields = columns.map(({ name, type }, at) => `${JSON.stringify(name)}:${jsonOf(row[at] as Value, type)}`);
    await print(out, `{${fields.join(',')}}`);
  }
}

/** Whole numbers with all their digits; NaN and infinities as texts; times in ISO 8601. */
function jsonOf(value: Value, type: string): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return type.includes('timestamp') ? JSON.stringify(isoOf(value)) : numberOf(value);
  if (Array.isArray(value)) return `[${value.map((each) => jsonOf(each, type)).join(',')}]`;
  if (value instanceof Map) {
    const [key = '', cell = ''] = type.slice('map<'.length, -1).split(',');
    const entries = Array.from(value as ReadonlyMap<Value, Value>, ([name, each]) => {
      return `${JSON.stringify(textOf(name, key))}:${jsonOf(each, cell)}`;
    });
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}

const numberOf = (value: number): string =>
  Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));

const isoOf = (ms: number): string => new Date(ms).toISOString();

/** Empty for null. */
function textOf(value: Value, type: string): string {
  if (value === null) return '';
  if (typeof value === 'object') return jsonOf(value, type);
  return typeof value === 'number' && type === 'timestamp' ? isoOf(value) : String(value);
}

export async function printCsv(out: Out, { columns }: Columns, rows: AsyncIterable<AnswerRow>): Promise<void> {
  await print(out, columns.map(({ name }) => csvCell(name)).join(','));
  for await (const row of rows) {
    await print(out, row.map((value, at) => csvCell(textOf(value, typeAt(columns, at)))).join(','));
  }
}

const typeAt = (columns: readonly AnswerColumn[], at: number): string => columns[at]?.type ?? 'string';

const NUMBERS = new Set(['long', 'double', 'decimal']);
const WIDEST_CELL = 60;
/** A unit that is not shown, because ISO 8601 values need none. */
const TIME = 'ms since 1970 UTC';

interface Shown {
  readonly rows: AsyncIterable<AnswerRow>;
  readonly colors: boolean;
}

/** Numbers are aligned right. A column of a table that was read has its unit above it. */
export async function printRows(
  out: Out,
  { columns, read }: Pick<Answer, 'columns' | 'read'>,
  relations: readonly Relation[],
  { rows, colors }: Shown,
): Promise<void> {
  const tables = relations.filter(({ name }) => read.some(({ relation }) => relation === name));
  const head = columns.map((column) => shownLine(headOf(column, tables)));
  const lines: string[][] = [];
  for await (const row of rows) lines.push(row.map((value, at) => cellOf(value, typeAt(columns, at))));
  const widths = head.map((text, at) => Math.max(text.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const paint = paintOf(colors);
  const laidOut = (line: readonly string[]): string => {
    const cells = line.map((cell, at) => {
      const width = widths[at] ?? 0;
      return NUMBERS.has(typeAt(columns, at)) ? cell.padStart(width) : cell.padEnd(width);
    });
    return cells.join('  ').trimEnd();
  };
  await print(out, laidOut(head), (shown) => paint('bold', shown));
  for (const line of lines) await print(out, laidOut(line));
}

function headOf({ name, type }: AnswerColumn, tables: readonly Relation[]): string {
  const known = tables.flatMap(({ columns }) => columns).filter((each) => each.name === name && each.type === type);
  const [unit, ...others] = new Set(known.map((each) => each.unit));
  return unit === undefined || unit === TIME || unit === name || others.length > 0 ? name : `${name} (${unit})`;
}

/** A missing value is a dash. A long value is cut; the other forms have all of it. */
function cellOf(value: Value, type: string): string {
  if (value === null) return '-';
  if (typeof value === 'bigint') return value.toLocaleString('en');
  if (typeof value === 'number') {
    if (type === 'timestamp') return value % 1000 === 0 ? timeText(value) : isoOf(value);
    return value.toLocaleString('en', { maximumSignificantDigits: 6 });
  }
  const text = shownLine(textOf(value, type));
  return text.length > WIDEST_CELL ? `${text.slice(0, WIDEST_CELL - 1)}…` : text;
}
