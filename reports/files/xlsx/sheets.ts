/** The sheets of a workbook, written as the rows arrive. */
import { truncatedWords } from '../about.ts';
import type { FileColumn, FileRow, FileSpec, Progress } from '../format.ts';
import { PIECE } from '../pages.ts';
import { type CellXml, cellXml, textXml } from './cells.ts';
import { SHEET_START, STYLES } from './parts.ts';
import { columnName } from './xml.ts';

export interface SheetLimits {
  /** Rows of a sheet, including its header and a notice. */
  readonly rows: number;
  /** Characters of its XML. Excel refuses a sheet of 4 GiB, and a character takes up to three bytes. */
  readonly characters: number;
}
export const SHEET_LIMITS: SheetLimits = { rows: 1_048_576, characters: 1_200_000_000 };

/** The rows of the pages, taken by one sheet after the other. */
export interface Rows {
  /** The next rows not yet taken: at least this many, or the last ones; none at the end. */
  ahead(least?: number): Promise<readonly FileRow[]>;
  take(count: number): void;
  close(): Promise<void>;
}

export function rowsOf(pages: AsyncIterable<readonly FileRow[]>): Rows {
  const reading = pages[Symbol.asyncIterator]();
  let rows: readonly FileRow[] = [];
  let hasEnded = false;
  return {
    async ahead(least = 1) {
      while (rows.length < least && !hasEnded) {
        const next = await reading.next();
        hasEnded = next.done === true;
        if (next.done !== true) rows = rows.length === 0 ? next.value : [...rows, ...next.value];
      }
      return rows;
    },
    take(count) {
      rows = rows.slice(count);
    },
    async close() {
      await reading.return?.();
    },
  };
}

/** The widths of columns follow from this many first rows. */
const SAMPLE = 500;

export interface SheetsOptions {
  readonly spec: FileSpec;
  readonly progress: Progress;
  readonly limits: SheetLimits;
}

/** The sheets with the data: the name and the XML of each. The XML must be read before the next sheet is requested. */
export async function* dataSheets(
  rows: Rows,
  { spec, progress, limits }: SheetsOptions,
): AsyncGenerator<{ readonly name: string; readonly texts: AsyncIterable<string> }> {
  const { columns, options, rowLimit } = spec;
  const shortened = (): void => {
    progress.shortened += 1;
  };
  const xmls = columns.map((column) => cellXml(column, options.zone, shortened));
  const starts = columns.map((_, at) => `<c r="${columnName(at)}`);
  const sample = (await rows.ahead(SAMPLE)).slice(0, SAMPLE);
  const start = `${SHEET_START}${viewXml()}${widthsXml(columns, sample)}<sheetData>`;
  const header = `<row r="1">${columns.map(({ title }, at) => `${starts[at]}1"${textXml(title, STYLES.header)}`).join('')}</row>`;

  async function* sheet(number: number): AsyncGenerator<string> {
    yield start + header;
    let row = 1;
    let characters = 0;
    for (;;) {
      const ahead = await rows.ahead();
      // The last row is reserved for a notice.
      const fitting = ahead.slice(0, limits.rows - 1 - row);
      if (fitting.length === 0 || characters >= limits.characters) break;
      const first = row;
      let text = '';
      for (const cells of fitting) {
        row += 1;
        text += rowXml(cells, row, starts, xmls);
        if (text.length > PIECE) break;
      }
      rows.take(row - first);
      characters += text.length;
      yield text;
    }
    const notice =
      (await rows.ahead()).length > 0
        ? `The rows go on in the sheet ${dataName(number + 1)}.`
        : progress.truncated
          ? truncatedWords(rowLimit)
          : undefined;
    if (notice !== undefined) yield `<row r="${row + 1}"><c r="A${row + 1}"${textXml(notice, STYLES.notice)}</row>`;
    yield '</sheetData></worksheet>';
  }

  let number = 0;
  do {
    number += 1;
    yield { name: dataName(number), texts: sheet(number) };
  } while ((await rows.ahead()).length > 0);
}

const dataName = (number: number): string => (number === 1 ? 'Data' : `Data ${number}`);

function rowXml(cells: FileRow, row: number, starts: readonly string[], xmls: readonly CellXml[]): string {
  let xml = `<row r="${row}">`;
  for (const [at, toXml] of xmls.entries()) {
    const cell = cells[at];
    if (cell !== null && cell !== undefined) xml += `${starts[at]}${row}"${toXml(cell)}`;
  }
  return `${xml}</row>`;
}

/** The header stays visible. */
const viewXml = (): string =>
  '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>';

const [NARROWEST, WIDEST] = [9, 60];

/** Widths in characters, from the titles and the first rows. */
function widthsXml(columns: readonly FileColumn[], rows: readonly FileRow[]): string {
  const widths = columns.map(({ title, type }, at) => {
    const least = type === 'timestamp' ? 19 : type === 'date' ? 10 : NARROWEST;
    const longest = rows.reduce(
      (most, row) => Math.max(most, type === 'timestamp' ? 0 : String(row[at] ?? '').length),
      Math.max(least, title.length),
    );
    return Math.min(WIDEST, longest + 2);
  });
  return colsXml(widths);
}

const colsXml = (widths: readonly number[]): string =>
  `<cols>${widths.map((width, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`).join('')}</cols>`;

/** A sheet of texts in blocks separated by empty rows. Every block but the first has a heading. */
export function textSheet(rows: readonly (readonly string[])[]): string {
  const widest = Math.max(1, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: widest }, (_, at) =>
    Math.min(WIDEST, Math.max(NARROWEST, ...rows.map((row) => (row[at] ?? '').length)) + 2),
  );
  const body = rows.map((row, index) => {
    const isHeading = rows[index - 1]?.length === 0;
    const style = isHeading ? STYLES.header : undefined;
    const cells = row.map((text, at) => `<c r="${columnName(at)}${index + 1}"${textXml(text, style)}`);
    return `<row r="${index + 1}">${cells.join('')}</row>`;
  });
  return `${SHEET_START}${colsXml(widths)}<sheetData>${body.join('')}</sheetData></worksheet>`;
}
