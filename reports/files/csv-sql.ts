/** Lines of CSV made by DuckDB: the same bytes as those of `csv.ts`, several times as fast. */
import { identifier, quoted } from '../../duckdb/names.ts';
import { FORMULA, NUMBER } from './csv-cells.ts';
import type { FileColumn } from './format.ts';
import type { FileOptions } from './options.ts';

/**
 * A DuckDB expression for one line, without its line end, over columns of these names. A `timestamp` must be a TIMESTAMP WITH TIME ZONE.
 * Undefined if the expression would be wrong: for timestamps in zones other than UTC, for which DuckDB has its own version of the rules.
 */
export function csvLineSql(columns: readonly FileColumn[], options: FileOptions): string | undefined {
  if (options.zone !== 'UTC' && columns.some(({ type }) => type === 'timestamp')) return undefined;
  const nothing = columns.length === 1 ? '""' : '';
  const fields = columns.map((column) => `coalesce(${fieldSql(column, options)}, ${quoted(nothing)})`);
  return `concat_ws(${quoted(options.separator)}, ${fields.join(', ')})`;
}

/** Null stays null. */
function fieldSql({ name, type }: FileColumn, options: FileOptions): string {
  const column = identifier(name);
  const decimal = (sql: string): string => (options.decimal === ',' ? `replace(${sql}, '.', ',')` : sql);
  switch (type) {
    case 'string':
      return textSql(`${column}::VARCHAR`, options);
    case 'long':
    case 'boolean':
      return `${column}::VARCHAR`;
    case 'double':
      return decimal(doubleSql(`${column}::DOUBLE`));
    case 'decimal':
      return decimal(`${column}::VARCHAR`);
    case 'date':
      return timeSql(finite(name, 'DATE'), PATTERNS[options.dates]);
    case 'timestamp': {
      const clock = options.dates === 'iso' ? 'T%H:%M:%S.%gZ' : ' %H:%M:%S';
      return timeSql(`timezone('UTC', ${finite(name, 'TIMESTAMP WITH TIME ZONE')})`, PATTERNS[options.dates] + clock);
    }
  }
}

/** Infinite times have no text. They are errors, as in `csv.ts`. */
function finite(name: string, type: string): string {
  const value = `${identifier(name)}::${type}`;
  const message = quoted(`column ${name}: a time without end cannot be written; leave it out or use another value`);
  return `CASE WHEN isinf(${value}) THEN error(${message}) ELSE ${value} END`;
}

function textSql(column: string, { separator, escapeFormulas }: FileOptions): string {
  // RE2 has another escape for code points.
  const pattern = (source: string): string => quoted(source.replaceAll(/\\u([0-9A-F]{4})/g, '\\x{$1}'));
  const safe = escapeFormulas
    ? `CASE WHEN regexp_matches(${column}, ${pattern(FORMULA)}) AND NOT regexp_matches(${column}, ${pattern(NUMBER)}) THEN '''' || ${column} ELSE ${column} END`
    : column;
  const special = `["\\r\\n${separator === '\t' ? '\\t' : separator}]`;
  return `CASE WHEN ${column} = '' OR regexp_matches(${safe}, ${quoted(special)}) THEN '"' || replace(${safe}, '"', '""') || '"' ELSE ${safe} END`;
}

/** See `doubleText`. */
const doubleSql = (column: string): string =>
  `CASE WHEN isnan(${column}) THEN 'NaN' WHEN isinf(${column}) THEN CASE WHEN ${column} > 0 THEN 'Infinity' ELSE '-Infinity' END ` +
  `WHEN ${column} = 0 THEN '0' ELSE regexp_replace(${column}::VARCHAR, '\\.0$', '') END`;

const PATTERNS: Readonly<Record<FileOptions['dates'], string>> = {
  iso: '%Y-%m-%d',
  'YYYY-MM-DD': '%Y-%m-%d',
  'DD/MM/YYYY': '%d/%m/%Y',
  'MM/DD/YYYY': '%m/%d/%Y',
  'DD.MM.YYYY': '%d.%m.%Y',
};

/** A time by a strftime pattern; years without exactly four digits are handled separately. */
function timeSql(value: string, pattern: string): string {
  const year = `year(${value})`;
  const long = `CASE WHEN ${year} < 0 THEN '-' ELSE '+' END || lpad(abs(${year})::VARCHAR, 6, '0')`;
  const parts = pattern.split('%Y').map((part) => (part === '' ? "''" : `strftime(${value}, ${quoted(part)})`));
  return `CASE WHEN ${year} BETWEEN 0 AND 9999 THEN strftime(${value}, ${quoted(pattern)}) ELSE ${parts.join(` || ${long} || `)} END`;
}
