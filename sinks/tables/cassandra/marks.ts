/**
 * The time from which on the timers of a table have to be searched for, in the partitions of a process.
 *
 * The index of a timer's time keeps the times that rows had before, until they are compacted; so a search from the beginning of
 * time reads every row that ever had a timer. A search that found the earliest pending timer need not look before it again, unless
 * somebody sets an earlier one, or it is for a partition that was not looked for before. What this process sets it knows. Another
 * process may set one in a row of a partition that it has just lost: so every few minutes, and after each claim, a search begins at
 * the beginning.
 */
export const FROM_THE_BEGINNING = Number.MIN_SAFE_INTEGER;
const LOOK_AGAIN_MS = 5 * 60 * 1000;
const NONE: ReadonlySet<number> = new Set();

interface Mark {
  readonly partitions: ReadonlySet<number>;
  /** Nothing is pending before it. */
  low: number;
  /** The earliest timer that was set since the search that goes on now began. */
  since: number;
  /** When a search from the beginning was begun last, in ms. */
  searchedAt: number;
}

export class TimerMarks {
  readonly #marks = new Map<string, Mark>();
  readonly #elapsed: () => number;

  /** `elapsed` is the time in ms since some moment, which no setting of a clock moves. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  /** Called after a write of rows, also of one that may have failed. */
  set(table: string, partition: number, due: number): void {
    const mark = this.#marks.get(table);
    if (mark === undefined || !mark.partitions.has(partition)) return;
    mark.low = Math.min(mark.low, due);
    mark.since = Math.min(mark.since, due);
  }

  /** Where a search begins. `found` takes the earliest time it found; undefined: nothing up to its end, `before`. */
  search(
    table: string,
    partitions: ReadonlySet<number>,
    before: number,
  ): { from: number; found(earliest: number | undefined): void } {
    const last = this.#marks.get(table);
    const isLate = last !== undefined && this.#elapsed() - last.searchedAt >= LOOK_AGAIN_MS;
    const known = isLate || !partitions.isSubsetOf(last?.partitions ?? NONE) ? undefined : last;
    // What is found says nothing of the partitions that are not looked for any longer.
    const searched: Mark = {
      partitions,
      low: known?.low ?? FROM_THE_BEGINNING,
      since: Number.MAX_SAFE_INTEGER,
      searchedAt: known?.searchedAt ?? this.#elapsed(),
    };
    this.#marks.set(table, searched);
    return {
      from: searched.low,
      found(earliest) {
        searched.low = Math.min(Math.max(searched.low, earliest ?? before), searched.since);
      },
    };
  }

  /** After a claim: another owner may have set timers meanwhile. */
  forget(): void {
    this.#marks.clear();
  }
}
