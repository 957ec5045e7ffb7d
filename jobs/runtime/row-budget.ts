/**
 * The memory that the rows of all partitions of a process may take between batches. Whoever keeps rows counts them here; when they
 * are too many bytes, those go that were used longest ago, whose ever they are.
 */

/** One who keeps rows, such as the owner of a partition. */
export interface Keeper {
  /** When the oldest of what it can give up was used last, as `tick` counted; undefined if it can give up nothing now. */
  oldest(): number | undefined;
  /** Gives up rows used last at that time, until so many bytes are free or there are no more of that time. */
  giveUp(bytes: number): void;
}

export class RowBudget {
  readonly bytes: number;
  #taken = 0;
  #ticks = 0;
  readonly #keepers = new Set<Keeper>();

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** What is kept now, in bytes. */
  get taken(): number {
    return this.#taken;
  }

  /** What each keeper may keep of one batch: so nobody packs at once what all of them would have to make room for. */
  get share(): number {
    return this.bytes / Math.max(1, this.#keepers.size);
  }

  join(keeper: Keeper): void {
    this.#keepers.add(keeper);
  }

  leave(keeper: Keeper): void {
    this.#keepers.delete(keeper);
  }

  /** Later than every time before. */
  tick(): number {
    this.#ticks += 1;
    return this.#ticks;
  }

  /** More bytes are kept, or with a number below zero fewer. */
  count(bytes: number): void {
    this.#taken += bytes;
  }

  /** Makes those give up who have what is oldest, until what is kept is within the budget. */
  settle(): void {
    while (this.#taken > this.bytes) {
      const oldest = this.#keeperOfOldest();
      if (oldest === undefined) return;
      const before = this.#taken;
      oldest.giveUp(before - this.bytes);
      if (this.#taken >= before) return;
    }
  }

  #keeperOfOldest(): Keeper | undefined {
    let found: Keeper | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const keeper of this.#keepers) {
      const time = keeper.oldest();
      if (time === undefined || time >= earliest) continue;
      earliest = time;
      found = keeper;
    }
    return found;
  }
}
