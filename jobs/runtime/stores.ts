/** What the runtime works with: ports, a clock, and somebody to tell. Nothing here knows an implementation. */

import type { ChannelName } from '../../core/channel.ts';
import type { Cache } from '../../sinks/cache/port.ts';
import type { Channel } from '../../sinks/channels/port.ts';
import type { Search } from '../../sinks/search/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Codec } from '../../topics/codec/codec.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { RecordBudget } from './record-budget.ts';
import { RowBudget } from './row-budget.ts';
import type { Telemetry } from './telemetry.ts';
import type { Upstreams } from './upstreams.ts';

export interface Stores {
  readonly transport: Transport;
  readonly codec: Codec;
  readonly tables: Tables;
  readonly cache: Cache;
  readonly search: Search;
  readonly channels: Readonly<Partial<Record<ChannelName, Channel>>>;
}

/** The clocks, which only the runtime has. */
export interface Clock {
  /** The clock on the wall, in ms since 1970 UTC: for the times of events. It may be set forward and back at any moment. */
  now(): number;
  /** In ms since some moment; it only goes forward, at its pace. For durations, deadlines and what is kept for a while. */
  elapsed(): number;
  /** Settles after `ms`, or at once when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Called between two pieces of work: lets everybody else on the loop have a turn if work has gone on for long. */
  yieldToLoop(): Promise<void> | undefined;
}

export interface Settings {
  /** The most records of one batch: more are fewer round trips, fewer are a shorter wait. */
  readonly maxRecords: number;
  /** The most keys of one batch. What a batch takes, of memory and of the stores, goes by its rows, and these go by keys. */
  readonly maxKeys: number;
  /**
   * How many batches of the most records a process reads and folds at once; of smaller ones as many more. What they hold is
   * the memory they take. Small ones of partitions that were read to their end do not count.
   */
  readonly batchesAtOnce: number;
  /** How long one fetch waits for records. */
  readonly waitMs: number;
  /** How long a lookup may be kept. */
  readonly lookupMs: number;
  /** How often due timers are looked for. */
  readonly timerMs: number;
  /** The memory for rows that a process keeps between batches, in MB (10^6 bytes). */
  readonly rowCacheMb: number;
  /** How long a batch waits for a view that may be behind. */
  readonly viewWaitMs: number;
  /** What becomes of records of a type that their topic does not declare. */
  readonly undeclaredTypes: 'skip' | 'dead-letter';
  /**
   * A claim takes possession of what it touches until it has committed so many new records. No batch of any owner may have more, so
   * that whatever an earlier owner had read when it was fenced lies within. Only tests lower it, together with the batches.
   */
  readonly possessionRecords: number;
  /** The first and the longest pause when a store is away; doubled in between, with jitter. */
  readonly backOffMs: readonly [first: number, longest: number];
}

/** Never to be lowered: an owner of an earlier release may have batches as large. */
export const POSSESSION_RECORDS = 100_000;

export const DEFAULT_SETTINGS: Settings = {
  maxRecords: 5000,
  maxKeys: 5000,
  batchesAtOnce: 1,
  waitMs: 500,
  lookupMs: 5000,
  timerMs: 1000,
  rowCacheMb: 4,
  viewWaitMs: 2000,
  undeclaredTypes: 'skip',
  possessionRecords: POSSESSION_RECORDS,
  backOffMs: [100, 10_000],
};

/**
 * Instead, where rows are in a store that answers over a network: batches of fewer rows, one while another waits for the store, and
 * rows are not read again.
 */
export const NETWORKED = {
  maxRecords: 2000,
  maxKeys: 1000,
  batchesAtOnce: 2,
  rowCacheMb: 48,
} as const satisfies Partial<Settings>;

/** The room that these settings give to the batches of a process. */
export function recordBudgetOf({ batchesAtOnce, maxRecords }: Settings): RecordBudget {
  return new RecordBudget(batchesAtOnce * maxRecords);
}

/** The memory that these settings give to the rows of a process. */
export function rowBudgetOf({ rowCacheMb }: Settings): RowBudget {
  return new RowBudget(rowCacheMb * 1_000_000);
}

export interface Runtime {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  /** For the records of all batches that are read and folded. Batches of some few new records do not ask. */
  readonly recordBudget: Pick<RecordBudget, 'take' | 'isWanted'>;
  /** The same for the records by which views catch up. */
  readonly catchUpBudget: Pick<RecordBudget, 'take'>;
  /** For the rows that all partitions keep between batches. */
  readonly rowBudget: RowBudget;
  /** In [0, 1): for jitter. */
  readonly random: () => number;
  readonly upstreams: Upstreams;
}
