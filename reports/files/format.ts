/** What a report file is made of: its columns and cells, and how it is written, protected and described. */
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
  /** Of a decimal in Parquet: digits after the point. Otherwise the most digits of the first rows count. */
  readonly scale?: number;
}

/**
 * As `sinks/query/port.ts` has them: a `long` is a bigint (a number is accepted if it is safe), a `timestamp` is whole ms since 1970 UTC, a `date` is
 * `YYYY-MM-DD`, and a `decimal` is a string with all digits.
 */
export type Cell = string | bigint | number | boolean | null;
/** In the order of the columns. */
export type FileRow = readonly Cell[];

export const FILE_FORMATS = ['csv', 'xlsx', 'ndjson', 'parquet'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** See `protection.ts` for what is accepted. */
export type Protection =
  | { readonly kind: 'none' }
  /** A zip archive encrypted by AES-256, with the file and `about.json`. */
  | { readonly kind: 'zip'; readonly password: string }
  /** A file of https://age-encryption.org for the owners of these public keys, `age1…`. */
  | { readonly kind: 'age'; readonly recipients: readonly string[] }
  | { readonly kind: 'age'; readonly passphrase: string };

export interface FileSpec {
  readonly format: FileFormat;
  /** At least one. */
  readonly columns: readonly FileColumn[];
  readonly options: FileOptions;
  readonly protection: Protection;
  /** The base name of the file in an archive, where everybody can read it: it must tell nothing about a person. */
  readonly name: string;
  /** The file has at most so many rows. If there are more, it says so. */
  readonly rowLimit: number;
  readonly about: AboutFile;
}

export interface FileResult {
  readonly rows: number;
  /** Whether there were more rows than the limit. */
  readonly truncated: boolean;
  /** How many texts were longer than a cell may be, and were shortened. Only XLSX has such a limit. */
  readonly shortened: number;
}

export interface ReportFile {
  /** As in `activity.csv`: `csv`, `zip` or `csv.age`. */
  readonly extension: string;
  readonly mediaType: string;
  /**
   * The whole file as it is stored, in small pieces. Can be read once. A reader that stops early ends the pages, too; an error of the pages is the
   * reader's.
   */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Can be asked for when all bytes were read. */
  result(): FileResult;
}

/** The same while the file is written. */
export type Progress = { -readonly [name in keyof FileResult]: FileResult[name] };

/** The bytes of a file of these pages. When the pages have ended, `progress` has what is known of them. */
export type WriteFile = (
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
) => AsyncIterable<Uint8Array>;
