/**
 * Everything the runtime has to tell those who operate it: one closed list, from which both the log and the metrics
 * are made, so that they cannot disagree. Labels are bounded: job, topic, partition, code; never a user or a key.
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
    /** It is not started yet, since a store is away; told for each try. */
    | { readonly kind: 'job-waiting'; readonly code: ErrorCode; readonly message: string; readonly delayMs: number }
    /** What its start waited for is back. */
    | { readonly kind: 'job-resumed' }
    /** It met something fatal, and is started again after `delayMs`. `code` is `UNFORESEEN` for a bug. */
    | {
        readonly kind: 'job-failed';
        readonly code: string;
        readonly message: string;
        readonly delayMs: number;
      }
  );

export type PartitionEvent = Where &
  /** `token`: of owners of rows. */
  (
    | { readonly kind: 'claimed'; readonly token?: number; readonly offset: number }
    | { readonly kind: 'released' }
    /** What was counted is in its table, with the positions that it reflects. */
    | {
        readonly kind: 'published';
        readonly table: string;
        /** The version of the table. */
        readonly version: number;
        /** Of the partition: how many events it counted, and in how many rows. */
        readonly events: number;
        readonly rows: number;
        readonly durationMs: number;
        readonly next: number;
      }
    | {
        readonly kind: 'batch';
        /** What became of each record of the batch; the counts add up to `records`. */
        readonly records: number;
        readonly applied: number;
        readonly skipped: Readonly<Record<Skip, number>>;
        /** What was strange about events that were taken all the same. */
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
      }
    /** Records of a type that the topic does not declare. */
    | { readonly kind: 'undeclared'; readonly type: string; readonly count: number }
    | { readonly kind: 'dead-letter'; readonly offset: number; readonly code: ErrorCode; readonly message: string }
    /** Told for each try. */
    | { readonly kind: 'waiting'; readonly code: ErrorCode; readonly message: string; readonly delayMs: number }
    /** After all the waiting a turn was done: what was away is back. */
    | { readonly kind: 'resumed' }
    | { readonly kind: 'fenced'; readonly message: string }
    /** The committed offset is of a topic that was deleted since: the job begins with the one that there is now. */
    | { readonly kind: 'topic-remade'; readonly offset: number }
    /** Another tool has committed the offset. The dedupe positions were made anew from the log. */
    | { readonly kind: 'offset-foreign'; readonly offset: number }
    /** Another tool has expanded the topic, so that dedupe positions of old partitions are not known in others. */
    | { readonly kind: 'expanded'; readonly from: number; readonly to: number }
    /** Records of a view that it held in a newer version. */
    | { readonly kind: 'views-stale'; readonly view: string; readonly count: number }
    | { readonly kind: 'records-lost'; readonly from: number; readonly to: number }
    | { readonly kind: 'timers-fired'; readonly count: number }
    /** A store is away or slow, and the batch goes on without the view; or it is still. */
    | { readonly kind: 'view-late'; readonly view: string; readonly code: LateCode; readonly message: string }
    /** How far a view is behind the rows: in records of the log, and in the age of the first of them, if it is known. */
    | { readonly kind: 'view-lag'; readonly view: string; readonly records: number; readonly ageMs: number | undefined }
    /** A record that is missing in a view, since it cannot be made or its store will never take it. */
    | { readonly kind: 'view-refused'; readonly view: string; readonly message: string }
    /** The log has dropped records by which a view was to catch up. */
    | { readonly kind: 'view-missed'; readonly view: string; readonly from: number; readonly to: number }
  );

/** Why a view is behind. */
export type LateCode = ErrorCode | 'SLOW';

/**
 * Why a record was left alone. `unwanted`: of a type the job does not fold; `undeclared`: of one that its topic does not have; `repeated`: its origin was seen already, or every
 * row had applied it; `unchanged`: it changed no row; `not-ours`: a timer or an answer for another job, or one
 * that is no longer awaited.
 */
export const SKIPS = ['unwanted', 'undeclared', 'repeated', 'unchanged', 'not-ours'] as const;
export type Skip = (typeof SKIPS)[number];

export interface Telemetry {
  tell(event: TelemetryEvent): void;
}

export const SILENT: Telemetry = { tell: () => {} };
