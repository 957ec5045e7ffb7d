/**
 * The number of records that the batches of a process may hold at once; it determines the memory that batches take. Requests are granted in
 * order: many small batches may run at once, or a few large ones.
 */

export interface Reservation {
  /** Returns a part of the reservation, once the number of records is known. */
  shrinkTo(records: number): void;
  /** Returns the rest. */
  release(): void;
}

interface Waiting {
  readonly records: number;
  enter(): void;
}

export class RecordBudget {
  readonly #size: number;
  #taken = 0;
  readonly #waiting: Waiting[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Whether a request is waiting. */
  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Settles when that much of the budget is left. A request for more than the whole budget gets the whole budget. */
  async take(records: number): Promise<Reservation> {
    let reserved = Math.min(records, this.#size);
    if (this.#waiting.length === 0 && this.#taken + reserved <= this.#size) this.#taken += reserved;
    else await new Promise<void>((resolve) => this.#waiting.push({ records: reserved, enter: resolve }));
    const shrinkTo = (fewer: number): void => {
      const excess = Math.max(0, reserved - fewer);
      reserved -= excess;
      this.#giveBack(excess);
    };
    return { shrinkTo, release: () => shrinkTo(0) };
  }

  #giveBack(records: number): void {
    this.#taken -= records;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken + next.records > this.#size) return;
      this.#waiting.shift();
      this.#taken += next.records;
      next.enter();
    }
  }
}
