/** Cells of a sheet. */
import { isFormula } from '../csv-cells.ts';
import type { Cell, FileColumn } from '../format.ts';
import { dayFrom, daysTo, isoUtc, offsetsOf, remembered } from '../times.ts';
import { STYLES } from './parts.ts';
import { xmlText } from './xml.ts';

/** The XML of a cell after its reference: attributes, content, end. */
export type CellXml = (cell: Exclude<Cell, null>) => string;

const DAY = 86_400_000;
/** The number of the day 1970-01-01 in a spreadsheet. */
const EPOCH = 25_569;
/** 1900-03-01. Spreadsheets count a day before it that never existed. */
const FIRST_DAY = 61;
/** The day after 9999-12-31. */
const END_DAY = 2_958_466;
/** Spreadsheets keep 15 digits of a number. Longer numbers would be changed, so they are written as texts. */
const MOST_DIGITS = 15;
const LARGEST = 10 ** MOST_DIGITS;
/** In UTF-16 units. */
const LONGEST_TEXT = 32_767;

/** Formats the cells of a column. `onShortened` is called for each text that was too long. */
export function cellXml({ type }: FileColumn, zone: string, onShortened: () => void): CellXml {
  switch (type) {
    case 'string':
      return (cell) => textXml(fitting(String(cell), onShortened));
    case 'long':
      return (cell) => (isShort(cell as bigint) ? `><v>${cell}</v></c>` : textXml(String(cell)));
    case 'double':
      return (cell) => (Number.isFinite(cell) ? `><v>${cell}</v></c>` : textXml(String(cell)));
    case 'decimal':
      return (cell) => (digitsOf(String(cell)) <= MOST_DIGITS ? `><v>${cell}</v></c>` : textXml(String(cell)));
    case 'boolean':
      return (cell) => ` t="b"><v>${cell === true ? 1 : 0}</v></c>`;
    case 'date':
      return remembered((cell) => {
        const day = daysTo(dayFrom(String(cell))) + EPOCH;
        return isDay(day) ? ` s="${STYLES.date}"><v>${day}</v></c>` : textXml(String(cell));
      });
    case 'timestamp': {
      const offsetAt = offsetsOf(zone);
      return (cell) => {
        const ms = cell as number;
        const day = (ms + offsetAt(ms)) / DAY + EPOCH;
        return isDay(day) ? ` s="${STYLES.moment}"><v>${day}</v></c>` : textXml(isoUtc(ms));
      };
    }
  }
}

const isShort = (long: bigint | number): boolean => long < LARGEST && long > -LARGEST;
const isDay = (day: number): boolean => day >= FIRST_DAY && day < END_DAY;
const digitsOf = (decimal: string): number => decimal.replaceAll(/[^0-9]/g, '').replace(/^0+/, '').length;

/** A text, whatever it looks like. A text that looks like a formula stays a text even if somebody edits its cell. */
export function textXml(text: string, style?: number): string {
  const chosen = style ?? (isFormula(text) ? STYLES.quoted : undefined);
  const kind = chosen === undefined ? '' : ` s="${chosen}"`;
  return `${kind} t="inlineStr"><is><t xml:space="preserve">${xmlText(text)}</t></is></c>`;
}

function fitting(text: string, onShortened: () => void): string {
  if (text.length <= LONGEST_TEXT) return text;
  onShortened();
  const note = ` … [${text.length.toLocaleString('en')} characters: too long for a cell]`;
  return text.slice(0, LONGEST_TEXT - note.length).replace(/[\uD800-\uDBFF]$/, '') + note;
}
