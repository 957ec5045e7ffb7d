/**
 * Searches for the due timers of a job, with one search for all partitions that this process owns. The setting `timerMs` is the pause
 * between searches. Each partition takes its timers in its own turn.
 *
 * For a partition with a backlog, timers are due by the time of its events, which may be a year behind. A search goes up to the latest time
 * of its partitions. So partitions with a backlog share a separate search: otherwise their timers that are not due yet would fill the
 * search of the others. If a search reaches its limit of timers, each partition searches on its own, so that many timers in one partition
 * do not delay the others.
 */
import type { TableDef } from '../../../../core/target.ts';
import type { DueTimer } from '../../../../sinks/tables/port.ts';
import type { Runtime } from '../../stores.ts';

/** The timers that a partition asks for. */
export interface DueRequest {
  /** Timers that are due at this time or earlier, in ms since 1970 UTC. */
  readonly before: number;
  readonly inBacklog: boolean;
  /** How many of the timers found last could not be used. The next search asks for as many more. */
  readonly unusable: number;
}

export interface Found {
  /** The number of the search, from 1. */
  readonly search: number;
  readonly timers: readonly DueTimer[];
}

interface Search {
  readonly number: number;
  readonly begunAt: number;
  /** The partitions that have not taken their timers yet. */
  readonly waiting: Set<number>;
  /** By partition; undefined if there may be more timers than were found. */
  readonly found: Promise<ReadonlyMap<number, readonly DueTimer[]> | undefined>;
  isOver: boolean;
}

interface Group {
  readonly requests: Map<number, DueRequest>;
  search: Search | undefined;
}

export class DueTimers {
  readonly #table: TableDef;
  readonly #runtime: Pick<Runtime, 'stores' | 'clock' | 'settings'>;
  readonly #caughtUp: Group = { requests: new Map(), search: undefined };
  readonly #inBacklog: Group = { requests: new Map(), search: undefined };
  /** By partition: the start of the search from which it took timers last. */
  readonly #taken = new Map<number, number>();
  #count = 0;

  constructor(table: TableDef, runtime: Pick<Runtime, 'stores' | 'clock' | 'settings'>) {
    this.#table = table;
    this.#runtime = runtime;
  }

  /** The number of searches begun so far. A search with a larger number sees everything that is written by now. */
  begun(): number {
    return this.#count;
  }

  /** Undefined if there was no search since the partition last took its timers, and it is too early for the next one. */
  async take(partition: number, request: DueRequest): Promise<Found | undefined> {
    const [group, other] = request.inBacklog ? [this.#inBacklog, this.#caughtUp] : [this.#caughtUp, this.#inBacklog];
    other.requests.delete(partition);
    group.requests.set(partition, request);
    if (!this.#isTime(this.#taken.get(partition))) return undefined;
    if (group.search === undefined || (group.search.isOver && this.#isTime(group.search.begunAt))) {
      group.search = this.#begin(group);
    }
    const { search } = group;
    if (!search.waiting.delete(partition)) return undefined;
    this.#taken.set(partition, search.begunAt);
    try {
      const found = await search.found;
      if (found === undefined) return await this.#alone(partition, request);
      const timers = (found.get(partition) ?? []).filter(({ due }) => due <= request.before);
      return { search: search.number, timers };
    } catch (error) {
      // The next caller begins a new search.
      if (group.search === search) group.search = undefined;
      this.#taken.delete(partition);
      throw error;
    }
  }

  /** The partition is no longer owned. */
  leave(partition: number): void {
    this.#taken.delete(partition);
    for (const { requests, search } of [this.#caughtUp, this.#inBacklog]) {
      requests.delete(partition);
      search?.waiting.delete(partition);
    }
  }

  /** Whether it is time for the next search, given the start of the last one. */
  #isTime(begunAt = Number.NEGATIVE_INFINITY): boolean {
    const { clock, settings } = this.#runtime;
    return clock.elapsed() - begunAt >= settings.timerMs;
  }

  #begin({ requests }: Group): Search {
    const search: Search = {
      number: this.#next(),
      begunAt: this.#runtime.clock.elapsed(),
      waiting: new Set(requests.keys()),
      found: this.#find(requests).finally(() => {
        search.isOver = true;
      }),
      isOver: false,
    };
    return search;
  }

  async #find(
    requests: ReadonlyMap<number, DueRequest>,
  ): Promise<ReadonlyMap<number, readonly DueTimer[]> | undefined> {
    let before = Number.NEGATIVE_INFINITY;
    let limit = this.#runtime.settings.maxRecords;
    for (const request of requests.values()) {
      before = Math.max(before, request.before);
      limit += request.unusable;
    }
    const isShared = requests.size > 1;
    const timers = await this.#runtime.stores.tables.due(this.#table, [...requests.keys()], before, limit);
    return isShared && timers.length >= limit ? undefined : Map.groupBy(timers, ({ partition }) => partition);
  }

  async #alone(partition: number, { before, unusable }: DueRequest): Promise<Found> {
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
