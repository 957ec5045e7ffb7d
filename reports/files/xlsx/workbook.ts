/** XLSX (ECMA-376), streamed: cells contain their texts, and the parts that name the sheets come last. */
import { aboutRows } from '../about.ts';
import type { FileRow, FileSpec, Progress } from '../format.ts';
import { encoded } from '../pages.ts';
import { type ZipEntry, zipOf } from '../zip.ts';
import { partsOf, sheetPath } from './parts.ts';
import { dataSheets, rowsOf, SHEET_LIMITS, type SheetLimits, textSheet } from './sheets.ts';

/** @param limits other limits of a sheet, in tests */
export function writeXlsx(
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
  limits: SheetLimits = SHEET_LIMITS,
): AsyncIterable<Uint8Array> {
  return zipOf(entriesOf(spec, pages, progress, limits), { time: spec.about.asOf, largeEntries: false });
}

async function* entriesOf(
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
  limits: SheetLimits,
): AsyncGenerator<ZipEntry> {
  const names: string[] = [];
  const rows = rowsOf(pages);
  try {
    for await (const { name, texts } of dataSheets(rows, { spec, progress, limits })) {
      yield { name: sheetPath(names.length), bytes: encoded(texts) };
      names.push(name);
    }
  } finally {
    await rows.close();
  }
  yield textEntry(sheetPath(names.length), textSheet(aboutRows(spec.about, progress, spec.rowLimit)));
  names.push('About');
  for (const [name, text] of Object.entries(partsOf(names))) yield textEntry(name, text);
}

const textEntry = (name: string, text: string): ZipEntry => ({ name, bytes: encoded(once(text)) });

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
