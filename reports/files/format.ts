/** The parts of a report file: its columns and cells, and how it is written, protected and described. */
import type { AboutFile } from './about.ts';
import type { FileOptions } from './options.ts';

export type ColumnType = 'string' | 'long' | 'double' | 'decimal' | 'boolean' | 'timestamp' | 'date';

export interface FileColumn {
  /** Its name in the query, and in NDJSON and Parquet, where it must be unique. */
  readonly name: string;
  /** The heading in CSV and XLSX. */
  readonly title: string;
  readonly type: ColumnType;
  readonly unit?: string;
  /** For a decimal in Parquet: digits after the point. By default the largest number in the first rows. */
  readonly scale?: number;
}

/**
 * Values as in `sinks/query/port.ts`: a `long` is a bigint (a safe integer is accepted), a `timestamp` is whole ms since 1970 UTC, a `date`
 * is `YYYY-MM-DD`, and a `decimal` is a string with all digits.
 */
export type Cell = string | bigint | number | boolean | null;
/** In the order of the columns. */
export type FileRow = readonly Cell[];

export const FILE_FORMATS = ['csv', 'xlsx', 'ndjson', 'parquet'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** See `protection.ts` for the accepted values. */
export type Protection =
  | { readonly kind: 'none' }
  /** A zip archive encrypted by AES-256, with the file and `about.json`. */
  | { readonly kind: 'zip'; readonly password: string }
  /** An https://age-encryption.org file for the owners of these public keys, `age1…`. */
  | { readonly kind: 'age'; readonly recipients: readonly string[] }
  | { readonly kind: 'age'; readonly passphrase: string };

export interface FileSpec {
  readonly format: FileFormat;
  /** At least one. */
  readonly columns: readonly FileColumn[];
  readonly options: FileOptions;
  readonly protection: Protection;
  /** The base name of the file in an archive. Everybody can read it there, so it must not reveal anything about a person. */
  readonly name: string;
  /** The file has at most this many rows. If there are more, it states that. */
  readonly rowLimit: number;
  readonly about: AboutFile;
}

export interface FileResult {
  readonly rows: number;
  /** Whether there were more rows than the limit. */
  readonly truncated: boolean;
  /** The number of texts that were cut to the longest text of a cell. Only XLSX has such a limit. */
  readonly shortened: number;
}

export interface ReportFile {
  /** As in `activity.csv`: `csv`, `zip` or `csv.age`. */
  readonly extension: string;
  readonly mediaType: string;
  /**
   * The whole file as stored, in small pieces. Can be read once. If the reader stops early, the pages are closed too. An error of the pages
   * is passed on to the reader.
   */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Available once all bytes were read. */
  result(): FileResult;
}

/** The result while the file is being written. */
export type Progress = { -readonly [name in keyof FileResult]: FileResult[name] };

/** The bytes of a file with these pages. When the pages have ended, `progress` is complete. */
export type WriteFile = (
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
) => AsyncIterable<Uint8Array>;
