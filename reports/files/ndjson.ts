/** NDJSON: one object per line, keyed by column name. Longs and decimals are numbers with all digits, timestamps are ISO 8601 in UTC. */
import { truncatedWords } from './about.ts';
import type { Cell, ColumnType, FileColumn, FileRow, FileSpec, Progress } from './format.ts';
import { encoded } from './pages.ts';
import { isoUtc } from './times.ts';

export function writeNdjson(
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
): AsyncIterable<Uint8Array> {
  return encoded(linesOf(spec, pages, progress));
}

async function* linesOf(
  { columns, rowLimit }: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
): AsyncGenerator<string> {
  const names = columns.map(({ name }, at) => `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  const values = columns.map(({ type }) => VALUES[type]);
  const lineOf = (row: FileRow): string => {
    let line = '';
    for (const [at, name] of names.entries()) {
      const cell = row[at] ?? null;
      line += name + (cell === null ? 'null' : (values[at] as ValueText)(cell));
    }
    return `${line}}\n`;
  };
  for await (const page of pages) yield page.map(lineOf).join('');
  if (progress.truncated) yield `${JSON.stringify({ [noticeName(columns)]: truncatedWords(rowLimit) })}\n`;
}

type ValueText = (cell: Exclude<Cell, null>) => string;

const VALUES: Readonly<Record<ColumnType, ValueText>> = {
  string: JSON.stringify,
  long: String,
  // JSON has no NaN and no infinite numbers.
  double: (cell) => (Number.isFinite(cell) ? JSON.stringify(cell) : `"${cell}"`),
  decimal: String,
  boolean: String,
  timestamp: (cell) => `"${isoUtc(cell as number)}"`,
  date: JSON.stringify,
};

/** The only key of the last line of a truncated file: `_notice`, with more underscores if a column has this name. */
function noticeName(columns: readonly FileColumn[]): string {
  let name = '_notice';
  while (columns.some((column) => column.name === name)) name = `_${name}`;
  return name;
}
