/** The metrics that keep a sketch of every group. */
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
const SET_ENTRY_BYTES = 32;

/**
 * Values are numbered, and hashed once each. A group keeps the numbers of its values; one that has more of them than a sketch holds
 * keeps those of the smallest hashes.
 */
export class Distinct implements MetricColumn {
  readonly #of: Texts;
  readonly #values = new Interned({ whole: true });
  /** By the number of the value. */
  #hashes = new BigInt64Array(FIRST_HASHES);
  /** The upper 53 bits of the hashes: compared at once, unlike a bigint. */
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

  /** The smallest different hashes, ascending; null if there are none. */
  cell(group: number): readonly bigint[] | null {
    const full = this.#full.get(group);
    const hashes = new BigInt64Array(full?.size ?? this.#members.sizeOf(group));
    let n = 0;
    const put = (value: number) => {
      hashes[n++] = this.#hashes[value] as bigint;
    };
    if (full === undefined) this.#members.each(group, put);
    else full.each(put);
    if (n === 0) return null;
    hashes.sort();
    // Two values may well have one hash: it is one of the sketch.
    let kept = 1;
    for (let i = 1; i < n; i++) if (hashes[i] !== hashes[i - 1]) hashes[kept++] = hashes[i] as bigint;
    return Array.from(hashes.subarray(0, Math.min(kept, MOST_HASHES)));
  }
}

/** The values of the smallest hashes: those that a sketch holds, and at most as many more. */
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

/** How many values of each group lie in each bucket of the sketch. */
export class Quantile implements MetricColumn {
  readonly #of: Numbers;
  readonly #members = new Bags();
  #key: number | null = null;

  constructor(of: Numbers) {
    this.#of = of;
  }

  take(event: Event, found: FoundRows): string | undefined {
    this.#key = null;
    const value = this.#of(event, found) ?? null;
    if (value === null) return undefined;
    if (!(Math.abs(value) <= MOST)) return `${value} is no number between -10^18 and 10^18`;
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

  /** By key, ascending; null if there are none. */
  cell(group: number): ReadonlyMap<number, number> | null {
    const size = this.#members.sizeOf(group);
    if (size === 0) return null;
    const entries: [key: number, times: number][] = [];
    this.#members.each(group, (key, times) => entries.push([key, times]));
    entries.sort(([a], [b]) => a - b);
    return new Map(entries);
  }
}
