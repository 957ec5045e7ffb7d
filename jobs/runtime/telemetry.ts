/**
 * Everything that the runtime reports to operators, as one closed list. Logs and metrics are both made from it, so they cannot disagree.
 * Labels are bounded: job, topic, partition, code; never a user or a key.
 */
import type { ErrorCode } from '../../core/errors.ts';
import type { Anomaly } from './anomalies.ts';

interface OfJob {
  readonly job: string;
  readonly topic: string;
}
interface Where extends OfJob {
  readonly partition: number;
}

export type TelemetryEvent = PartitionEvent | JobEvent;

type JobEvent = OfJob &
  (
    | { readonly kind: 'job-running' }
    /** The job has not started yet, because a store or the log does not answer. Reported for each try. */
    | { readonly kind: 'job-waiting'; readonly code: ErrorCode; readonly message: string; readonly delayMs: number }
    /** An operator has paused or resumed the job, and this process has learned of it. */
    | { readonly kind: 'job-paused'; readonly by: string; readonly why: string }
    | { readonly kind: 'job-unpaused' }
    /** The store or log that the job waited for at its start answers again. */
    | { readonly kind: 'job-resumed' }
    /** The group gave this process partitions, or took some from it. */
    | { readonly kind: 'rebalanced'; readonly what: Rebalance; readonly partitions: number }
    /** The job ended with a fatal error and starts again after `delayMs`. `code` is `UNFORESEEN` for a bug. */
    | {
        readonly kind: 'job-failed';
        readonly code: string;
        readonly message: string;
        readonly delayMs: number;
      }
  );

export type PartitionEvent = Where &
  /** Only owners of rows have a `token`. */
  (
    | { readonly kind: 'claimed'; readonly token?: number; readonly offset: number }
    | { readonly kind: 'released' }
    /** The job is paused. The partition is claimed again once the job is resumed. */
    | { readonly kind: 'paused' }
    /** Counts were committed to their table, with the positions that they include. */
    | {
        readonly kind: 'published';
        readonly table: string;
        /** The version of the table. */
        readonly version: number;
        /** How many events of the partition were counted, and into how many rows. */
        readonly events: number;
        readonly rows: number;
        readonly durationMs: number;
        readonly next: number;
        readonly latenciesMs: Latencies;
      }
    | {
        readonly kind: 'batch';
        /** The outcomes of the records of the batch: `applied`, `skipped`, `rejected` and `routed` add up to `records`. */
        readonly records: number;
        readonly applied: number;
        readonly skipped: Readonly<Record<Skip, number>>;
        /** Anomalies of events that were nevertheless applied. */
        readonly odd: Readonly<Record<Anomaly, number>>;
        readonly rejected: number;
        readonly routed: number;
        readonly rowsWritten: number;
        readonly viewsWritten: number;
        readonly eventsSent: number;
        readonly durationMs: number;
        /** The offset after the batch, and the one after the last record of the partition. */
        readonly next: number;
        readonly end: number;
        /** The time of the last event applied, in ms since 1970 UTC; undefined if none was. */
        readonly eventTime: number | undefined;
        /** When the last record was produced, in ms since 1970 UTC. */
        readonly recordTime: number;
        /** Empty for rollups: their counts take effect when they are published. */
        readonly latenciesMs: Latencies;
        readonly reads: Readonly<Record<Cached, CacheReads>>;
      }
    /** Records of a type that the topic does not declare. */
    | { readonly kind: 'undeclared'; readonly type: string; readonly count: number }
    | { readonly kind: 'dead-letter'; readonly offset: number; readonly code: ErrorCode; readonly message: string }
    /** A store or the log does not answer. Reported for each try. */
    | { readonly kind: 'waiting'; readonly code: ErrorCode; readonly message: string; readonly delayMs: number }
    /** A turn succeeded after waiting. */
    | { readonly kind: 'resumed' }
    | { readonly kind: 'fenced'; readonly message: string }
    /** The committed offset is of a topic that has since been deleted. The job begins at the start of the new one. */
    | { readonly kind: 'topic-remade'; readonly offset: number }
    /** Another tool has committed the offset. The dedupe positions were rebuilt from the log. */
    | { readonly kind: 'offset-foreign'; readonly offset: number }
    /** Another tool has expanded the topic, so the dedupe positions of the old partitions are not known in the new ones. */
    | { readonly kind: 'expanded'; readonly from: number; readonly to: number }
    /** Records that a view already had in a newer version. */
    | { readonly kind: 'views-stale'; readonly view: string; readonly count: number }
    | { readonly kind: 'records-lost'; readonly from: number; readonly to: number }
    | { readonly kind: 'timers-fired'; readonly count: number }
    /** The due and pending timers that a search found. `oldest`: the time at which the first of them was due, in ms since 1970 UTC. */
    | { readonly kind: 'timers-due'; readonly count: number; readonly oldest: number | undefined }
    /** The store of a view does not answer or is slow. The batch goes on without the view, which is behind or stays so. */
    | { readonly kind: 'view-late'; readonly view: string; readonly code: LateCode; readonly message: string }
    /** How far a view is behind the rows: in records of the log, and as the age of the first of them if it is known. */
    | { readonly kind: 'view-lag'; readonly view: string; readonly records: number; readonly ageMs: number | undefined }
    /** A view lacks a record, because the record cannot be made or the view's store will never accept it. */
    | { readonly kind: 'view-refused'; readonly view: string; readonly message: string }
    /** The log has deleted records that a view needed to catch up. */
    | { readonly kind: 'view-missed'; readonly view: string; readonly from: number; readonly to: number }
  );

export type Rebalance = 'assigned' | 'revoked';

/** For each event: how long after its own time its effects were stored, in ms. */
export type Latencies = readonly number[];

/** What a partition keeps in memory between batches: its own rows, and rows of other jobs that it looked up. */
export type Cached = 'rows' | 'lookups';

/** How many reads memory answered, and how many went to the store. */
export interface CacheReads {
  readonly hits: number;
  readonly misses: number;
}

/** Why a view is behind. */
export type LateCode = ErrorCode | 'SLOW';

/**
 * Why a record was skipped. `unwanted`: the job does not fold its type. `undeclared`: its topic does not declare its type. `repeated`: its
 * origin was seen before, or all its rows had applied it. `unchanged`: it changed no row. `not-ours`: it is a timer, an answer or a record
 * that was sent on, and is for another job.
 */
export const SKIPS = ['unwanted', 'undeclared', 'repeated', 'unchanged', 'not-ours'] as const;
export type Skip = (typeof SKIPS)[number];

export interface Telemetry {
  tell(event: TelemetryEvent): void;
}

export const SILENT: Telemetry = { tell: () => {} };
