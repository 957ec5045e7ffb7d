/**
 * The memory that the rows of all partitions of a process may take between batches. Each keeper of rows counts its bytes here. When there
 * are too many, the least recently used rows of the process are dropped, whichever keeper has them.
 */

/** An object that keeps rows, such as the rows of one partition. */
export interface Keeper {
  /** When the oldest row that it can drop was last used, as counted by `tick`; undefined if it can drop none now. */
  oldest(): number | undefined;
  /** Drops rows that were last used at that time, until so many bytes are free or no such row is left. */
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

  /** The bytes that are kept now. */
  get taken(): number {
    return this.#taken;
  }

  /** How many bytes each keeper may keep of one batch. So no keeper packs rows that rows of others would displace at once. */
  get share(): number {
    return this.bytes / Math.max(1, this.#keepers.size);
  }

  join(keeper: Keeper): void {
    this.#keepers.add(keeper);
  }

  leave(keeper: Keeper): void {
    this.#keepers.delete(keeper);
  }

  /** Returns a time later than all before. */
  tick(): number {
    this.#ticks += 1;
    return this.#ticks;
  }

  /** Adds to the count of bytes; a negative number subtracts. */
  count(bytes: number): void {
    this.#taken += bytes;
  }

  /** Makes keepers drop their oldest rows until the rest is within the budget. */
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
