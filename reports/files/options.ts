/** How values are written in CSV and XLSX. */
import { IANAZone } from 'luxon';

const SEPARATORS = { comma: ',', semicolon: ';', tab: '\t' } as const;
const DECIMALS = { point: '.', comma: ',' } as const;
/** Dates in CSV. `iso` has milliseconds and the zone's offset. The others have seconds and no offset, as spreadsheets read them. */
export const DATE_FORMATS = ['iso', 'YYYY-MM-DD', 'DD/MM/YYYY', 'MM/DD/YYYY', 'DD.MM.YYYY'] as const;

export interface FileOptions {
  /** The IANA time zone of timestamps in CSV and XLSX. Dates have no zone. NDJSON and Parquet use UTC. */
  readonly zone: string;
  /** The separator in CSV. */
  readonly separator: ',' | ';' | '\t';
  /** Whether CSV begins with a byte order mark. Without one, Excel misreads non-ASCII letters. */
  readonly bom: boolean;
  /** The decimal sign in CSV. A comma requires another separator. */
  readonly decimal: '.' | ',';
  readonly dates: (typeof DATE_FORMATS)[number];
  /** Whether CSV puts an apostrophe before texts that a spreadsheet would run as formulas. */
  readonly escapeFormulas: boolean;
}

export const FILE_OPTIONS = {
  zone: 'UTC',
  separator: ',',
  bom: false,
  decimal: '.',
  dates: 'iso',
  escapeFormulas: true,
} as const satisfies FileOptions;

/** A value, or all errors, as sentences for people. */
export type Parsed<T> = { readonly value: T } | { readonly problems: readonly string[] };

/**
 * Parses options as callers write them: `zone=Asia/Kolkata`, `separator=semicolon` (comma, semicolon, tab, or the character), `bom=true`,
 * `decimal=comma` (point, comma, or the character), `dates=DD.MM.YYYY`, `escapeFormulas=false`. Missing options have their defaults.
 */
export function parseFileOptions(given: Readonly<Record<string, string>>): Parsed<FileOptions> {
  const problems: string[] = [];
  const pick = <T>(name: keyof FileOptions, values: Readonly<Record<string, T>>): T | undefined => {
    const text = given[name];
    if (text === undefined) return undefined;
    const found = Object.entries(values).find(([key, value]) => key === text || value === text);
    if (found !== undefined) return found[1];
    problems.push(`${name} is one of ${Object.keys(values).join(', ')}, not ${JSON.stringify(text)}`);
    return undefined;
  };
  const flags = { true: true, false: false };
  const options: FileOptions = {
    zone: given['zone'] ?? FILE_OPTIONS.zone,
    separator: pick('separator', SEPARATORS) ?? FILE_OPTIONS.separator,
    bom: pick('bom', flags) ?? FILE_OPTIONS.bom,
    decimal: pick('decimal', DECIMALS) ?? FILE_OPTIONS.decimal,
    dates: pick('dates', Object.fromEntries(DATE_FORMATS.map((each) => [each, each]))) ?? FILE_OPTIONS.dates,
    escapeFormulas: pick('escapeFormulas', flags) ?? FILE_OPTIONS.escapeFormulas,
  };
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(FILE_OPTIONS, name));
  if (unknown.length > 0) {
    problems.push(
      `unknown options: ${unknown.map((each) => JSON.stringify(each)).join(', ')}; there are ${Object.keys(FILE_OPTIONS).join(', ')}`,
    );
  }
  // Offsets are refused: a file that covers a whole year needs the rules of a place.
  if (!/^[A-Za-z]/.test(options.zone) || !IANAZone.isValidZone(options.zone)) {
    problems.push(`zone is the name of a time zone, such as Asia/Kolkata, not ${JSON.stringify(options.zone)}`);
  }
  if (options.decimal === ',' && options.separator === ',') {
    problems.push('a decimal comma needs another separator: set separator to semicolon or tab');
  }
  return problems.length > 0 ? { problems } : { value: options };
}
