/** Repeated values as small numbers. Equal values have equal numbers. */

export type Value = string | number | boolean | null;

/** The longest text that a dimension keeps, in UTF-16 code units. Longer texts are cut and end with `CUT`. */
const LONGEST_TEXT = 256;
const CUT = '…';

/** The memory that the engine needs for a value besides its characters. Measured, not documented. */
const ENTRY_BYTES = 90;
const TWO_BYTES = /[^\0-\xff]/;

/** The number of null and of undefined. */
export const NULL = 0;

export class Interned {
  /** Indexed by number. */
  readonly values: Value[] = [null];
  bytes = 0;
  readonly #numbers = new Map<Value, number>();
  readonly #whole: boolean;

  /** `whole`: texts are kept unchanged, however long they are. */
  constructor({ whole } = { whole: false }) {
    this.#whole = whole;
  }

  numberOf(value: Value | undefined): number {
    if (value === null || value === undefined) return NULL;
    return this.#numbers.get(value) ?? this.#add(typeof value === 'string' && !this.#whole ? textOf(value) : value);
  }

  /** The rank of each value, indexed by its number. Null comes first. */
  ranks(): Int32Array {
    const order = this.values.map((_, number) => number);
    order.sort((a, b) => compare(this.values[a] as Value, this.values[b] as Value));
    const ranks = new Int32Array(order.length);
    order.forEach((number, rank) => {
      ranks[number] = rank;
    });
    return ranks;
  }

  #add(value: Value): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const number = this.values.length;
    this.values.push(value);
    this.#numbers.set(value, number);
    this.bytes += ENTRY_BYTES + (typeof value === 'string' ? value.length * (TWO_BYTES.test(value) ? 2 : 1) : 0);
    return number;
  }
}

/** Text that every engine accepts: of bounded length, well-formed, without the character 0. */
function textOf(text: string): string {
  if (text.length <= LONGEST_TEXT && text.isWellFormed() && !text.includes('\0')) return text;
  // If the cut separates a surrogate pair, the remaining half is removed.
  const cut =
    text.length <= LONGEST_TEXT ? text : text.slice(0, LONGEST_TEXT - 1).replace(/[\uD800-\uDBFF]$/, '') + CUT;
  return cut.toWellFormed().replaceAll('\0', '\uFFFD');
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
