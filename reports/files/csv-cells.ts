/** Cells in CSV. `csv-sql.ts` makes the same texts in SQL. */
import type { Cell, FileColumn } from './format.ts';
import type { FileOptions } from './options.ts';
import {
  clockText,
  type Day,
  dayFrom,
  dayOf,
  isoDay,
  offsetsOf,
  offsetText,
  pad,
  remembered,
  wallOf,
  yearText,
} from './times.ts';

/** Not null. */
type Value = Exclude<Cell, null>;
export type CellText = (cell: Value) => string;

/**
 * Texts that a spreadsheet may run as formulas: https://owasp.org/www-community/attacks/CSV_Injection. Blank characters may precede the
 * sign, which may be full-width. Both expressions use only syntax that JavaScript and RE2 share.
 */
export const FORMULA = '^[\\x00-\\x20\\xA0\\u3000\\uFEFF]*[=+@\\-＝＋－＠]|^[\\t\\r\\n]';
/** These are numbers, whatever their sign: a spreadsheet runs nothing. */
export const NUMBER = '^[+\\-]?[0-9]+([.,][0-9]+)?$';

const formula = new RegExp(FORMULA, 'u');
const number = new RegExp(NUMBER, 'u');
/** Whether a spreadsheet may take a text for a formula. Few texts begin below `A`; only these are checked by expression. */
export const isFormula = (text: string): boolean =>
  !(text >= 'A' && text < '\x7F') && formula.test(text) && !number.test(text);

/** A text as a field. An empty text is quoted, to distinguish it from null. */
export function fieldOf({ separator, escapeFormulas }: FileOptions): (text: string) => string {
  const special = new RegExp(`["\\r\\n${separator}]`);
  return (text) => {
    const safe = escapeFormulas && isFormula(text) ? `'${text}` : text;
    return safe === '' || special.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
}

/** Formats the cells of a column as fields. */
export function cellText(column: FileColumn, options: FileOptions): CellText {
  const field = fieldOf(options);
  const decimal = options.decimal === ',' ? (text: string) => text.replace('.', ',') : (text: string) => text;
  switch (column.type) {
    case 'string':
      return (cell) => field(String(cell));
    case 'long':
    case 'boolean':
      return String;
    case 'double':
      return (cell) => decimal(doubleText(cell as number));
    case 'decimal':
      return (cell) => decimal(cell as string);
    case 'date':
      return dateText(options);
    case 'timestamp':
      return timestampText(options);
  }
}

/** The shortest digits that identify the number. From 1e16 on and below 1e-4, with an exponent of at least two digits, as in C. */
function doubleText(value: number): string {
  const size = Math.abs(value);
  if ((size >= 1e-4 && size < 1e16) || size === 0 || !Number.isFinite(value)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function dayText({ dates }: FileOptions): (day: Day) => string {
  switch (dates) {
    case 'iso':
    case 'YYYY-MM-DD':
      return isoDay;
    case 'DD/MM/YYYY':
      return ({ year, month, day }) => `${pad(day, 2)}/${pad(month, 2)}/${yearText(year)}`;
    case 'MM/DD/YYYY':
      return ({ year, month, day }) => `${pad(month, 2)}/${pad(day, 2)}/${yearText(year)}`;
    case 'DD.MM.YYYY':
      return ({ year, month, day }) => `${pad(day, 2)}.${pad(month, 2)}.${yearText(year)}`;
  }
}

function dateText(options: FileOptions): CellText {
  const text = dayText(options);
  const known = remembered((date: string) => text(dayFrom(date)));
  return (cell) => known(cell as string);
}

function timestampText(options: FileOptions): CellText {
  const text = dayText(options);
  const date = remembered((days: number) => text(dayOf(days)));
  const offsetAt = offsetsOf(options.zone);
  if (options.dates !== 'iso') {
    return (cell) => {
      const ms = cell as number;
      const { days, msOfDay } = wallOf(ms + offsetAt(ms));
      return `${date(days)} ${clockText(msOfDay)}`;
    };
  }
  const suffix = remembered((offset: number) => offsetText(offset, options.zone));
  return (cell) => {
    const ms = cell as number;
    const offset = offsetAt(ms);
    const { days, msOfDay } = wallOf(ms + offset);
    return `${date(days)}T${clockText(msOfDay)}.${pad(msOfDay % 1000, 3)}${suffix(offset)}`;
  };
}
