/** What the runtime works with: ports, clocks and telemetry. Nothing here knows an implementation. */

import type { ChannelName } from '../../core/channel.ts';
import type { Cache } from '../../sinks/cache/port.ts';
import type { Channel } from '../../sinks/channels/port.ts';
import type { Search } from '../../sinks/search/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Codec } from '../../topics/codec/codec.ts';
import type { Transport } from '../../topics/log/transport.ts';
import type { Forgotten } from './forgotten.ts';
import type { Pauses } from './pauses.ts';
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
  /** The wall clock, in ms since 1970 UTC: for the times of events. It may be set forward or back at any moment. */
  now(): number;
  /** The monotonic clock, in ms since an arbitrary moment: for durations and deadlines. */
  elapsed(): number;
  /** Settles after `ms`, or at once when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Called between two pieces of work. Yields to the event loop if work has gone on for long; otherwise returns undefined. */
  yieldToLoop(): Promise<void> | undefined;
}

export interface Settings {
  /** The most records in one batch. A larger number means fewer round trips; a smaller one means less latency. */
  readonly maxRecords: number;
  /** The most keys in one batch. A batch's load on memory and stores depends on its rows, and so on its keys. */
  readonly maxKeys: number;
  /**
   * How many batches of `maxRecords` a process reads and folds at once, or correspondingly more smaller ones. This bounds the memory that
   * batches take. Small batches of live records do not count.
   */
  readonly batchesAtOnce: number;
  /** How long one fetch waits for records. */
  readonly waitMs: number;
  /** How long a lookup result may be kept. */
  readonly lookupMs: number;
  /** The pause between searches for due timers. */
  readonly timerMs: number;
  /** The memory for rows that a process keeps between batches, in MB (10^6 bytes). */
  readonly rowCacheMb: number;
  /** How long a batch waits for a view that may be behind. */
  readonly viewWaitMs: number;
  /** What happens to records of a type that their topic does not declare. */
  readonly undeclaredTypes: 'skip' | 'dead-letter';
  /**
   * A claim takes possession of the rows that it touches until it has committed this many new records. No batch of any owner may have more.
   * So all records that an earlier owner had read when it was fenced are among them. Only tests lower it, together with the batches.
   */
  readonly possessionRecords: number;
  /** The first and the longest pause while a store does not answer, in ms. The pause doubles in between, with jitter. */
  readonly backOffMs: readonly [first: number, longest: number];
}

/** Must never be lowered: an owner of an earlier release may have batches of this size. */
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
 * Settings for rows in a store behind a network: smaller batches; two at once, so that one is folded while the other waits for the store;
 * and more memory for rows, so that they are not read again.
 */
export const NETWORKED = {
  maxRecords: 2000,
  maxKeys: 1000,
  batchesAtOnce: 2,
  rowCacheMb: 48,
} as const satisfies Partial<Settings>;

/** The record budget that these settings give to the batches of a process. */
export function recordBudgetOf({ batchesAtOnce, maxRecords }: Settings): RecordBudget {
  return new RecordBudget(batchesAtOnce * maxRecords);
}

/** The memory budget that these settings give to the rows of a process. */
export function rowBudgetOf({ rowCacheMb }: Settings): RowBudget {
  return new RowBudget(rowCacheMb * 1_000_000);
}

export interface Runtime {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  /** For the records of all batches that are read and folded, except small batches of live records. */
  readonly recordBudget: Pick<RecordBudget, 'take' | 'isWanted'>;
  /** For the records that are read to let views catch up. */
  readonly catchUpBudget: Pick<RecordBudget, 'take'>;
  /** For the rows that all partitions keep in memory between batches. */
  readonly rowBudget: RowBudget;
  /** Returns a number in [0, 1), for jitter. */
  readonly random: () => number;
  readonly upstreams: Upstreams;
  /** Without them, no job is ever paused. */
  readonly pauses?: Pauses | undefined;
  readonly forgotten: Forgotten;
  /** The topic for the events by which batches report themselves (`schemas/pipeline.ts`). Without one, none are emitted. */
  readonly pipelineTopic?: string | undefined;
}
