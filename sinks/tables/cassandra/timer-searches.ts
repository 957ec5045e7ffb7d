/**
 * The time at which a process has to begin its search for timers of a table, in its partitions.
 *
 * The index on the times of timers keeps the earlier times of a row until they are compacted. So a search from the
 * beginning of time reads every row that ever had a timer. Once a search has found the earliest pending timer, the next
 * one need not begin before it, unless an earlier timer was set or a partition is new to the search. This process knows
 * the timers that it sets itself. But another process may set one in a row of a partition that it has just lost. So
 * every few minutes, and after each claim, a search begins at the beginning.
 */
export const FROM_THE_BEGINNING = Number.MIN_SAFE_INTEGER;
const LOOK_AGAIN_MS = 5 * 60 * 1000;
const NONE: ReadonlySet<number> = new Set();

interface Searched {
  readonly partitions: ReadonlySet<number>;
  /** No timer is pending before this time. */
  low: number;
  /** The earliest timer that was set since the current search began. */
  since: number;
  /** When the last search from the beginning began, in ms. */
  searchedAt: number;
}

export class TimerSearches {
  readonly #searches = new Map<string, Searched>();
  readonly #elapsed: () => number;

  /** `elapsed` is a monotonic time in ms. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  /** To be called after a write of rows, even if it may have failed. */
  set(table: string, partition: number, due: number): void {
    const last = this.#searches.get(table);
    if (last === undefined || !last.partitions.has(partition)) return;
    last.low = Math.min(last.low, due);
    last.since = Math.min(last.since, due);
  }

  /**
   * Where a search begins. `found` must be called with the earliest time that was found; undefined if there was none up
   * to the end, `before`.
   */
  search(
    table: string,
    partitions: ReadonlySet<number>,
    before: number,
  ): { from: number; found(earliest: number | undefined): void } {
    const last = this.#searches.get(table);
    const isLate = last !== undefined && this.#elapsed() - last.searchedAt >= LOOK_AGAIN_MS;
    const known = isLate || !partitions.isSubsetOf(last?.partitions ?? NONE) ? undefined : last;
    // The result tells nothing about partitions that are no longer searched.
    const searched: Searched = {
      partitions,
      low: known?.low ?? FROM_THE_BEGINNING,
      since: Number.MAX_SAFE_INTEGER,
      searchedAt: known?.searchedAt ?? this.#elapsed(),
    };
    this.#searches.set(table, searched);
    return {
      from: searched.low,
      found(earliest) {
        searched.low = Math.min(Math.max(searched.low, earliest ?? before), searched.since);
      },
    };
  }

  /** To be called after a claim: another owner may have set timers meanwhile. */
  forget(): void {
    this.#searches.clear();
  }
}
