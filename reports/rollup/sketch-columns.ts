/** The metrics that keep one sketch for each group. */
import type { Event } from '../../core/event.ts';
import type { FoundRows } from '../../jobs/define.ts';
import { hashOf } from './hash.ts';
import { Interned, NULL } from './interned.ts';
import type { MetricColumn } from './metrics.ts';
import { keyOf, MOST, MOST_HASHES } from './sketches.ts';
import { Bags, grown, grownTo } from './tables.ts';

type Texts = (event: Event, found: FoundRows) => string | null | undefined;
type Numbers = (event: Event, found: FoundRows) => number | null | undefined;

const FIRST_HASHES = 64;
/** Up to this many hashes, sorting a plain array is faster than sorting a typed one. */
const FEW = 32;
const SET_ENTRY_BYTES = 32;
/** The counts of a bag are below this. */
const MOST_TIMES = 2 ** 31;

/**
 * Each value gets a number and is hashed once. A group keeps the numbers of its values. If it has more values than a sketch holds, it keeps
 * those with the smallest hashes.
 */
export class Distinct implements MetricColumn {
  readonly #of: Texts;
  readonly #values = new Interned({ whole: true });
  /** Indexed by the number of the value. */
  #hashes = new BigInt64Array(FIRST_HASHES);
  /** The upper 53 bits of the hashes: faster to compare than a bigint. */
  #upper = new Float64Array(FIRST_HASHES);
  readonly #members = new Bags();
  readonly #full = new Map<number, Smallest>();
  #value = NULL;

  constructor(of: Texts) {
    this.#of = of;
  }

  take(event: Event, found: FoundRows): undefined {
    const values = this.#values;
    const known = values.values.length;
    this.#value = values.numberOf(this.#of(event, found));
    if (values.values.length > known) this.#hash(values.values[this.#value] as string);
  }

  #hash(text: string): void {
    if (this.#value >= this.#upper.length) {
      const length = grownTo(this.#upper.length);
      const hashes = new BigInt64Array(length);
      hashes.set(this.#hashes);
      this.#hashes = hashes;
      this.#upper = grown(this.#upper, length);
    }
    const hash = hashOf(text);
    this.#hashes[this.#value] = hash;
    this.#upper[this.#value] = Number(hash >> 10n);
  }

  count(group: number): void {
    if (this.#value === NULL) return;
    const full = this.#full.get(group);
    if (full !== undefined) full.add(this.#value, this.#upper);
    else {
      this.#members.add(group, this.#value);
      if (this.#members.sizeOf(group) > MOST_HASHES) this.#fill(group);
    }
  }

  #fill(group: number): void {
    const smallest = new Smallest();
    this.#members.each(group, (value) => smallest.add(value, this.#upper));
    this.#full.set(group, smallest);
  }

  growTo(groups: number): void {
    this.#members.growGroups(groups);
  }

  get bytes(): number {
    const { bytes } = this.#values;
    const full = this.#full.size * 2 * MOST_HASHES * SET_ENTRY_BYTES;
    return bytes + this.#hashes.byteLength + this.#upper.byteLength + this.#members.bytes + full;
  }

  /** The smallest distinct hashes, ascending; null if there are none. */
  cell(group: number): readonly bigint[] | null {
    const values: number[] = [];
    const full = this.#full.get(group);
    if (full === undefined) this.#members.each(group, (value) => values.push(value));
    else full.each((value) => values.push(value));
    if (values.length === 0) return null;
    const hashes = this.#sorted(values);
    // Two values may have the same hash; the sketch has it once.
    const isOnce = hashes.every((hash, i) => i === 0 || hash !== hashes[i - 1]);
    const different = isOnce ? hashes : [...new Set(hashes)];
    return different.length > MOST_HASHES ? different.slice(0, MOST_HASHES) : different;
  }

  #sorted(values: number[]): bigint[] {
    const hashOf = (value: number): bigint => this.#hashes[value] as bigint;
    if (values.length > FEW) return Array.from(BigInt64Array.from(values, hashOf).sort());
    // An insertion sort for few values: no call per comparison, and no bigint where the upper bits differ.
    for (let i = 1; i < values.length; i++) {
      const value = values[i] as number;
      let at = i;
      for (; at > 0 && this.#isLess(value, values[at - 1] as number); at--) values[at] = values[at - 1] as number;
      values[at] = value;
    }
    return values.map(hashOf);
  }

  #isLess(a: number, b: number): boolean {
    const [ofA, ofB] = [this.#upper[a] as number, this.#upper[b] as number];
    return ofA === ofB ? (this.#hashes[a] as bigint) < (this.#hashes[b] as bigint) : ofA < ofB;
  }
}

/** The values with the smallest hashes: at least as many as a sketch holds, at most twice as many. */
class Smallest {
  #values = new Set<number>();
  #limit = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#values.size;
  }

  add(value: number, upper: Float64Array): void {
    if ((upper[value] as number) > this.#limit) return;
    this.#values.add(value);
    if (this.#values.size <= 2 * MOST_HASHES) return;
    const sorted = Float64Array.from(this.#values, (each) => upper[each] as number).sort();
    const limit = sorted[MOST_HASHES - 1] as number;
    this.#limit = limit;
    this.#values = new Set([...this.#values].filter((each) => (upper[each] as number) <= limit));
  }

  each(visit: (value: number) => void): void {
    this.#values.forEach(visit);
  }
}

/** The number of values of each group in each bucket of the sketch. */
export class Quantile implements MetricColumn {
  readonly #of: Numbers;
  readonly #members = new Bags();
  #key: number | null = null;
  #packed = new Float64Array(FIRST_HASHES);

  constructor(of: Numbers) {
    this.#of = of;
  }

  take(event: Event, found: FoundRows): string | undefined {
    this.#key = null;
    const value = this.#of(event, found) ?? null;
    if (value === null) return undefined;
    if (!(Math.abs(value) <= MOST)) return `${value} is not a number between -10^18 and 10^18`;
    this.#key = keyOf(value);
    return undefined;
  }

  count(group: number): void {
    if (this.#key !== null) this.#members.add(group, this.#key);
  }

  growTo(groups: number): void {
    this.#members.growGroups(groups);
  }

  get bytes(): number {
    return this.#members.bytes;
  }

  /** Counts by key, ascending; null if there are none. */
  cell(group: number): ReadonlyMap<number, number> | null {
    const size = this.#members.sizeOf(group);
    if (size === 0) return null;
    if (this.#packed.length < size) this.#packed = new Float64Array(grownTo(size));
    const packed = this.#packed.subarray(0, size);
    let n = 0;
    // Key and count are packed into one number, which has enough bits for both, so that they are sorted together.
    this.#members.each(group, (key, times) => {
      packed[n++] = key * MOST_TIMES + times;
    });
    if (n > 1) packed.sort();
    const times = new Map<number, number>();
    for (const each of packed) {
      const key = Math.floor(each / MOST_TIMES);
      times.set(key, each - key * MOST_TIMES);
    }
    return times;
  }
}
