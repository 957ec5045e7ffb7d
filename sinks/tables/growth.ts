/**
 * Notices while a row grows, update by update, that its next owner could not write it whole.
 *
 * To measure a row is to go through all of its entries, which an update must not do. So what a map had when it was measured
 * is remembered with it, and what updates add is counted up; what they replace is counted twice, and a row that seems too large is
 * measured again. A row with few entries is not measured at all until an update is large.
 */
import { Entries } from '../../schemas/entries.ts';

/** What a store can write of a map. */
export interface Growing {
  readonly value: unknown;
  /** How many bytes the update writes. */
  added(): number;
  /** How many bytes all of its entries are. */
  measure(): number;
}

/** Fewer entries than FEW, none of them written by an update of more than SMALL bytes, are 2 MiB at most. */
const FEW = 500;
const SMALL = 4 * 1024;

export class Growth {
  readonly #largest: number;
  /** Bytes of the entries of a map, by what its versions have in common. At least what they are. */
  readonly #measured = new WeakMap<object, number>();

  /** `largest`: the most bytes that a row may have. */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /** Why a row must not be written as it would be; undefined if it may. `bytes`: of the write; `rest`: of all but the maps. */
  refusal(maps: readonly Growing[], bytes: number, rest: () => number): string | undefined {
    let count = 0;
    for (const { value } of maps) count += value instanceof Entries ? value.size : 0;
    if (count < FEW && bytes <= SMALL) {
      for (const { value } of maps) if (value instanceof Entries) this.#measured.delete(value.identity);
      return undefined;
    }
    // What only grows smaller, or does not grow, is written however large it is.
    if (bytes <= SMALL && maps.every((map) => map.added() === 0)) return undefined;
    const size = rest() + this.#sum(maps, (map) => this.#estimate(map));
    if (size <= this.#largest) return undefined;
    const exact = rest() + this.#sum(maps, (map) => this.#measure(map));
    if (exact <= this.#largest) return undefined;
    return `it would have ${exact} bytes, and the most that an owner of its partition can write at once is ${this.#largest}`;
  }

  #sum(maps: readonly Growing[], sizeOf: (map: Growing) => number): number {
    return maps.reduce((sum, map) => sum + sizeOf(map), 0);
  }

  #estimate(map: Growing): number {
    if (!(map.value instanceof Entries)) return map.measure();
    const { identity } = map.value;
    const before = this.#measured.get(identity);
    if (before === undefined) return this.#measure(map);
    const after = before + map.added();
    this.#measured.set(identity, after);
    return after;
  }

  #measure(map: Growing): number {
    const bytes = map.measure();
    if (map.value instanceof Entries) this.#measured.set(map.value.identity, bytes);
    return bytes;
  }
}
