/**
 * The budget of records that the batches of a process may hold at once, because these records determine the memory that batches take. It is
 * granted in the order of the requests: many small batches may run at once, or few large ones.
 */

export interface Reservation {
  /** Gives back a part, once it is known how many records there are. */
  shrinkTo(records: number): void;
  /** Gives back the rest. */
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

  /** Whether somebody waits for a reservation. */
  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Settles when the budget has that much left. A request for more than the whole budget gets the whole budget. */
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
