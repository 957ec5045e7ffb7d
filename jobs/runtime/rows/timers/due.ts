/**
 * Looks for the due timers of a job: one search for all partitions that this process owns, as often as the settings say. Each
 * partition takes what was found for it when its turn comes.
 *
 * The time of a partition in a backlog is the log's, which may be a year behind. A search goes up to the latest time of its
 * partitions, so those in a backlog have one of their own: what is not yet due for them would fill the others'. A search that found
 * as much as it may leaves each partition to look for itself: so a flood in one of them holds up no other.
 */
import type { TableDef } from '../../../../core/target.ts';
import type { DueTimer } from '../../../../sinks/tables/port.ts';
import type { Runtime } from '../../stores.ts';

/** What a partition asks for. */
export interface Wish {
  /** Timers due then or earlier. */
  readonly before: number;
  readonly inBacklog: boolean;
  /** How many it found the last time and could not use: so many more are looked for. */
  readonly unusable: number;
}

export interface Found {
  /** Which search it was, counted from 1. */
  readonly search: number;
  readonly timers: readonly DueTimer[];
}

interface Search {
  readonly number: number;
  readonly begunAt: number;
  /** The partitions that have not taken theirs. */
  readonly waiting: Set<number>;
  /** By partition; undefined when there may be more than was found. */
  readonly found: Promise<ReadonlyMap<number, readonly DueTimer[]> | undefined>;
  isOver: boolean;
}

interface Group {
  readonly wishes: Map<number, Wish>;
  search: Search | undefined;
}

export class DueTimers {
  readonly #table: TableDef;
  readonly #runtime: Pick<Runtime, 'stores' | 'clock' | 'settings'>;
  readonly #caughtUp: Group = { wishes: new Map(), search: undefined };
  readonly #inBacklog: Group = { wishes: new Map(), search: undefined };
  /** When the search was begun that a partition took from last. */
  readonly #taken = new Map<number, number>();
  #count = 0;

  constructor(table: TableDef, runtime: Pick<Runtime, 'stores' | 'clock' | 'settings'>) {
    this.#table = table;
    this.#runtime = runtime;
  }

  /** The searches begun so far: what happens now is seen by those with a larger number. */
  begun(): number {
    return this.#count;
  }

  /** Undefined when no search has been made since the partition took its timers last, and none is to be made yet. */
  async take(partition: number, wish: Wish): Promise<Found | undefined> {
    const [group, other] = wish.inBacklog ? [this.#inBacklog, this.#caughtUp] : [this.#caughtUp, this.#inBacklog];
    other.wishes.delete(partition);
    group.wishes.set(partition, wish);
    if (!this.#isTime(this.#taken.get(partition))) return undefined;
    if (group.search === undefined || (group.search.isOver && this.#isTime(group.search.begunAt))) {
      group.search = this.#begin(group);
    }
    const { search } = group;
    if (!search.waiting.delete(partition)) return undefined;
    this.#taken.set(partition, search.begunAt);
    try {
      const found = await search.found;
      if (found === undefined) return await this.#alone(partition, wish);
      const timers = (found.get(partition) ?? []).filter(({ due }) => due <= wish.before);
      return { search: search.number, timers };
    } catch (error) {
      // Whoever asks next begins anew.
      if (group.search === search) group.search = undefined;
      this.#taken.delete(partition);
      throw error;
    }
  }

  /** The partition is no longer owned. */
  leave(partition: number): void {
    this.#taken.delete(partition);
    for (const { wishes, search } of [this.#caughtUp, this.#inBacklog]) {
      wishes.delete(partition);
      search?.waiting.delete(partition);
    }
  }

  /** Whether it is time for the next search after one that was begun then. */
  #isTime(begunAt = Number.NEGATIVE_INFINITY): boolean {
    const { clock, settings } = this.#runtime;
    return clock.elapsed() - begunAt >= settings.timerMs;
  }

  #begin({ wishes }: Group): Search {
    const search: Search = {
      number: this.#next(),
      begunAt: this.#runtime.clock.elapsed(),
      waiting: new Set(wishes.keys()),
      found: this.#find(wishes).finally(() => {
        search.isOver = true;
      }),
      isOver: false,
    };
    return search;
  }

  async #find(wishes: ReadonlyMap<number, Wish>): Promise<ReadonlyMap<number, readonly DueTimer[]> | undefined> {
    let before = Number.NEGATIVE_INFINITY;
    let limit = this.#runtime.settings.maxRecords;
    for (const wish of wishes.values()) {
      before = Math.max(before, wish.before);
      limit += wish.unusable;
    }
    const isShared = wishes.size > 1;
    const timers = await this.#runtime.stores.tables.due(this.#table, [...wishes.keys()], before, limit);
    return isShared && timers.length >= limit ? undefined : Map.groupBy(timers, ({ partition }) => partition);
  }

  async #alone(partition: number, { before, unusable }: Wish): Promise<Found> {
    const search = this.#next();
    const { settings, stores } = this.#runtime;
    const timers = await stores.tables.due(this.#table, [partition], before, settings.maxRecords + unusable);
    return { search, timers };
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}
