/** CSV: RFC 4180 in UTF-8, with CR LF after every line. Null is an empty field, an empty text is `""`. */
import { truncatedWords } from './about.ts';
import { cellText, fieldOf } from './csv-cells.ts';
import type { FileRow, FileSpec, Progress } from './format.ts';
import { encoded } from './pages.ts';

const END = '\r\n';
const MARK = '\uFEFF';

export function writeCsv(
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
): AsyncIterable<Uint8Array> {
  const { columns, options } = spec;
  const texts = columns.map((column) => cellText(column, options));
  // Many readers ignore an empty line.
  const nothing = columns.length === 1 ? '""' : '';
  const lineOf = (row: FileRow): string => {
    let line = '';
    for (const [at, text] of texts.entries()) {
      const cell = row[at];
      if (at > 0) line += options.separator;
      line += cell === null || cell === undefined ? nothing : text(cell);
    }
    return line + END;
  };
  return encoded(csvOf(spec, progress, pages, (page) => page.map(lineOf).join('')));
}

/** The same from lines made in SQL: each row has one cell, a line without its end. */
export function writeCsvLines(
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
): AsyncIterable<Uint8Array> {
  return encoded(csvOf(spec, progress, pages, (page) => page.map(([line]) => `${line}${END}`).join('')));
}

async function* csvOf(
  { columns, options, rowLimit }: FileSpec,
  progress: Progress,
  pages: AsyncIterable<readonly FileRow[]>,
  linesOf: (page: readonly FileRow[]) => string,
): AsyncGenerator<string> {
  const field = fieldOf(options);
  const line = (texts: readonly string[]): string => texts.join(options.separator) + END;
  yield (options.bom ? MARK : '') + line(columns.map(({ title }) => field(title)));
  for await (const page of pages) yield linesOf(page);
  if (progress.truncated) {
    yield line([field(truncatedWords(rowLimit)), ...columns.slice(1).map(() => '')]);
  }
}
