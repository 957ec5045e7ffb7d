/**
 * Notices while a row grows, update by update, that its next owner could not write it whole.
 *
 * To measure a row is to go through all of its entries, which an update must not do. So what a map had when it was measured
 * is remembered with it, and what updates add is counted up; what they replace is counted twice, and a row that seems too large is
 * measured again. A row with few entries is not measured at all until an update is large.
 */
import { Entries } from '../../core/entries.ts';

/** What a store can write of a map. */
export interface Growing {
  readonly value: unknown;
  /** How many bytes the update writes. */
  added(): number;
  /** How many bytes all of its entries are. */
  measure(): number;
}

/**
 * Of fewer entries than FEW, updates of at most SMALL bytes make 1 MiB at most. That much, and a little for the fields, a row may
 * grow without being measured, beyond what it had when it was: so an update is refused that much before the end.
 */
const FEW = 256;
const SMALL = 4 * 1024;
const UNMEASURED = 1.25 * FEW * SMALL;
/** Of a small limit it is this share at most. */
const SHARE = 1 / 8;
/** A map of so few entries is measured each time, which is done sooner than looking up what it had. */
const HARDLY_ANY = 8;

export class Growth {
  readonly #largest: number;
  readonly #growsTo: number;
  /** Bytes of the entries of a map, by what its versions have in common. At least what they are. */
  readonly #measured = new WeakMap<object, number>();

  /** `largest`: the most bytes that a row may have. */
  constructor(largest: number) {
    this.#largest = largest;
    this.#growsTo = largest - Math.min(UNMEASURED, largest * SHARE);
  }

  /**
   * Why a row must not be written as it would be; undefined if it may. `bytes`: of the write; `rest`: of all but the maps; `whole`:
   * whether it is no update.
   */
  refusal(maps: readonly Growing[], bytes: number, rest: () => number, whole: boolean): string | undefined {
    const most = whole ? this.#largest : this.#growsTo;
    let count = 0;
    for (const { value } of maps) count += value instanceof Entries ? value.size : 0;
    if (count < FEW && bytes <= SMALL) {
      for (const { value } of maps) if (value instanceof Entries) this.#measured.delete(value.identity);
      return undefined;
    }
    // What only grows smaller, or does not grow, is written however large it is.
    if (bytes <= SMALL && maps.every((map) => map.added() === 0)) return undefined;
    const size = rest() + this.#sum(maps, (map) => this.#estimate(map));
    if (size <= most) return undefined;
    const exact = rest() + this.#sum(maps, (map) => this.#measure(map));
    if (exact <= most) return undefined;
    return `it would have ${exact} bytes, and the most is ${this.#largest}, less a reserve for its growth until it is measured again: its next owner has to write it whole`;
  }

  #sum(maps: readonly Growing[], sizeOf: (map: Growing) => number): number {
    return maps.reduce((sum, map) => sum + sizeOf(map), 0);
  }

  #estimate(map: Growing): number {
    const { value } = map;
    const before =
      value instanceof Entries && value.size >= HARDLY_ANY ? this.#measured.get(value.identity) : undefined;
    if (before === undefined) return this.#measure(map);
    const after = before + map.added();
    this.#measured.set((value as Entries<unknown>).identity, after);
    return after;
  }

  #measure(map: Growing): number {
    const bytes = map.measure();
    const { value } = map;
    if (!(value instanceof Entries)) return bytes;
    if (value.size >= HARDLY_ANY) this.#measured.set(value.identity, bytes);
    else this.#measured.delete(value.identity);
    return bytes;
  }
}
