/**
 * Detects, from updates, that a row grows so large that its next owner could not write it whole.
 *
 * Measuring a row means going through all of its entries, which an update must not do. So the measured size of each map
 * is remembered, and the size of updates is added to it. A replaced entry is thus counted twice; a row that seems too
 * large is measured again. A row with few entries is not measured until an update is large.
 */
import { Entries } from '../../core/entries.ts';

/** A map as a store would write it. */
export interface Growing {
  readonly value: unknown;
  /** The number of bytes that the update writes. */
  added(): number;
  /** The size of all entries, in bytes. */
  measure(): number;
}

/**
 * Updates of at most SMALL bytes to fewer than FEW entries make 1 MiB at most. A row may grow by that, and a little for
 * its fields, before it is measured again. So an update is refused that much below the limit.
 */
const FEW = 256;
const SMALL = 4 * 1024;
const UNMEASURED = 1.25 * FEW * SMALL;
/** If the limit is small, at most this share of it. */
const SHARE = 1 / 8;
/** A map with fewer entries is measured each time, which takes less time than looking up its last size. */
const HARDLY_ANY = 8;

export class Growth {
  readonly #largest: number;
  readonly #growsTo: number;
  /** The bytes of a map's entries, by the identity that its versions share. Never less than the real size. */
  readonly #measured = new WeakMap<object, number>();

  /** `largest`: the largest size of a row, in bytes. */
  constructor(largest: number) {
    this.#largest = largest;
    this.#growsTo = largest - Math.min(UNMEASURED, largest * SHARE);
  }

  /**
   * Why this write of the row must be refused; undefined if it may be made. `bytes`: of the write; `rest`: of
   * everything but the maps; `whole`: whether the whole row is written, and not an update.
   */
  refusal(maps: readonly Growing[], bytes: number, rest: () => number, whole: boolean): string | undefined {
    const most = whole ? this.#largest : this.#growsTo;
    let count = 0;
    for (const { value } of maps) count += value instanceof Entries ? value.size : 0;
    if (count < FEW && bytes <= SMALL) {
      for (const { value } of maps) if (value instanceof Entries) this.#measured.delete(value.identity);
      return undefined;
    }
    // An update that adds nothing is written however large the row is.
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
