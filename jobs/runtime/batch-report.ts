/** The outcomes of the records of a batch, and how they are reported. All handlers share this. */
import type { Anomalies } from './anomalies.ts';
import type { Assignment } from './assignment.ts';
import type { RejectedRecord } from './dead-letter.ts';
import type { CacheReads, PartitionEvent, Skip, Telemetry } from './telemetry.ts';

/** The records that were judged but not applied, and the anomalies of those that were. */
export interface Judgements {
  readonly odd: Anomalies;
  readonly rejected: readonly RejectedRecord[];
  readonly skipped: Readonly<Record<Skip, number>>;
  /** How many records were sent on to another partition. */
  readonly routed: number;
}

type BatchEvent = Extract<PartitionEvent, { kind: 'batch' }>;
/** The other counts in the report of a batch. */
export type BatchCounts = Omit<BatchEvent, keyof Assignment | 'kind' | keyof Judgements>;

export const noneSkipped = (): Record<Skip, number> => ({
  unwanted: 0,
  undeclared: 0,
  repeated: 0,
  unchanged: 0,
  'not-ours': 0,
});

/** For handlers that keep nothing in memory. */
export const NO_READS: CacheReads = { hits: 0, misses: 0 };

export function reportBatch(
  telemetry: Telemetry,
  assignment: Assignment,
  { odd, rejected, skipped, routed }: Judgements,
  counts: BatchCounts,
): void {
  for (const [type, count] of odd.undeclared) telemetry.tell({ ...assignment, kind: 'undeclared', type, count });
  for (const { record, code, message } of rejected) {
    telemetry.tell({ ...assignment, kind: 'dead-letter', offset: record.offset, code, message });
  }
  telemetry.tell({
    ...assignment,
    kind: 'batch',
    skipped,
    odd: odd.events,
    rejected: rejected.length,
    routed,
    ...counts,
  });
}
