/** Rows as the bytes of a file: in its format, up to its limit, and protected before any byte leaves. */
import { TributaryError } from '../../core/errors.ts';
import { aboutJson } from './about.ts';
import { agedOf } from './age.ts';
import { writeCsv, writeCsvLines } from './csv.ts';
import type { FileFormat, FileResult, FileRow, FileSpec, Progress, ReportFile, WriteFile } from './format.ts';
import { writeNdjson } from './ndjson.ts';
import { limited } from './pages.ts';
import { writeParquet } from './parquet.ts';
import { writeXlsx } from './xlsx/workbook.ts';
import { type ZipEntry, zipOf } from './zip.ts';

interface Format {
  readonly extension: string;
  readonly mediaType: string;
  readonly write: WriteFile;
  /** Whether its bytes are compressed. */
  readonly compressed?: true;
  /** Whether no two columns may have the same name. */
  readonly namesColumns?: true;
  readonly mostColumns?: number;
}

const FORMATS: Readonly<Record<FileFormat, Format>> = {
  csv: { extension: 'csv', mediaType: 'text/csv; charset=utf-8', write: writeCsv },
  xlsx: {
    extension: 'xlsx',
    mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    write: writeXlsx,
    compressed: true,
    mostColumns: 16_384,
  },
  ndjson: { extension: 'ndjson', mediaType: 'application/x-ndjson', write: writeNdjson, namesColumns: true },
  parquet: {
    extension: 'parquet',
    mediaType: 'application/vnd.apache.parquet',
    write: writeParquet,
    compressed: true,
    namesColumns: true,
  },
};

/**
 * The file for these pages of rows. Pages are read only as the bytes are. `onRows` is called after each page with the number of rows in the
 * file so far. Throws QUERY_INVALID if the format cannot have these columns. A value that the format cannot have fails the bytes with the
 * same code.
 */
export function fileOf(
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  onRows: (rows: number) => void = () => undefined,
): ReportFile {
  return made(spec, FORMATS[spec.format].write, pages, onRows);
}

/** The file of CSV lines from `csvLineSql`: each row has one cell, the line. `columns` are those from which the lines were made. */
export function fileOfLines(
  spec: FileSpec & { readonly format: 'csv' },
  pages: AsyncIterable<readonly FileRow[]>,
  onRows: (rows: number) => void = () => undefined,
): ReportFile {
  return made(spec, writeCsvLines, pages, onRows);
}

function made(
  spec: FileSpec,
  write: WriteFile,
  pages: AsyncIterable<readonly FileRow[]>,
  onRows: (rows: number) => void,
): ReportFile {
  checkColumns(spec);
  const progress: Progress = { rows: 0, truncated: false, shortened: 0 };
  const rows = limited(pages, spec.rowLimit, progress, onRows);
  let isWhole = false;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      yield* protectedBytes(spec, write(spec, rows, progress), progress);
      isWhole = true;
    } finally {
      // Close the rows, however reading ended.
      await rows.return(undefined);
    }
  }
  return {
    ...named(spec),
    bytes: bytes(),
    result() {
      if (!isWhole) throw new Error('what a file has is known when all of its bytes were read');
      return { ...progress };
    },
  };
}

function named(spec: FileSpec): { readonly extension: string; readonly mediaType: string } {
  const plain = plainly(spec);
  switch (spec.protection.kind) {
    case 'none':
      return plain;
    case 'zip':
      return { extension: 'zip', mediaType: 'application/zip' };
    case 'age':
      return { extension: `${plain.extension}.age`, mediaType: 'application/octet-stream' };
  }
}

function plainly({ format, options }: FileSpec): { readonly extension: string; readonly mediaType: string } {
  if (format === 'csv' && options.separator === '\t') {
    return { extension: 'tsv', mediaType: 'text/tab-separated-values; charset=utf-8' };
  }
  const { extension, mediaType } = FORMATS[format];
  return { extension, mediaType };
}

function protectedBytes(
  spec: FileSpec,
  plain: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncIterable<Uint8Array> {
  const { protection } = spec;
  switch (protection.kind) {
    case 'none':
      return plain;
    case 'zip':
      return zipOf(archived(spec, plain, progress), {
        time: spec.about.asOf,
        password: protection.password,
        largeEntries: true,
      });
    case 'age':
      return agedOf(plain, protection);
  }
}

async function* archived(
  spec: FileSpec,
  plain: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<ZipEntry> {
  const { format, name, about } = spec;
  const { compressed = false } = FORMATS[format];
  yield { name: `${name}.${plainly(spec).extension}`, bytes: plain, compressed };
  yield { name: 'about.json', bytes: aboutBytes(() => aboutJson(about, progress)) };
}

/** The description beside the file, protected like the file. Undefined for an archive, which contains it. */
export function descriptionOf(
  { about, protection }: Pick<FileSpec, 'about' | 'protection'>,
  result: FileResult,
): AsyncIterable<Uint8Array> | undefined {
  if (protection.kind === 'zip') return undefined;
  const bytes = aboutBytes(() => aboutJson(about, result));
  return protection.kind === 'age' ? agedOf(bytes, protection) : bytes;
}

async function* aboutBytes(text: () => string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text());
}

function checkColumns({ format, columns }: FileSpec): void {
  const { namesColumns, mostColumns = Number.POSITIVE_INFINITY } = FORMATS[format];
  if (columns.length === 0 || columns.length > mostColumns) {
    const message = `a ${format} file has 1 to ${mostColumns} columns, and this one has ${columns.length}; choose others`;
    throw new TributaryError('QUERY_INVALID', message);
  }
  const names = columns.map(({ name }) => name);
  const double = names.find((name, at) => names.indexOf(name) !== at);
  if (namesColumns && double !== undefined) {
    const message = `two columns have the name ${double}, and ${format} names its columns; give one another name with AS`;
    throw new TributaryError('QUERY_INVALID', message);
  }
}
