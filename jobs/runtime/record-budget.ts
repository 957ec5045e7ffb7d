/**
 * Room for the records that the batches of a process hold at once, since what they hold is the memory they take. It is given in
 * the order of asking: many small batches go on at once, or few large ones.
 */

export interface Held {
  /** Gives back what is not needed, once it is known how many records there are. */
  keep(records: number): void;
  /** Gives back the rest. */
  leave(): void;
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

  /** Whether somebody waits for room. */
  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Settles when there is room. Who asks for more than there is at all has all of it. */
  async take(records: number): Promise<Held> {
    let held = Math.min(records, this.#size);
    if (this.#waiting.length === 0 && this.#taken + held <= this.#size) this.#taken += held;
    else await new Promise<void>((resolve) => this.#waiting.push({ records: held, enter: resolve }));
    const keep = (fewer: number): void => {
      const excess = Math.max(0, held - fewer);
      held -= excess;
      this.#giveBack(excess);
    };
    return { keep, leave: () => keep(0) };
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
