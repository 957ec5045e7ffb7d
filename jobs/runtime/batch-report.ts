/** What became of the records of a batch, and how it is reported: the same for whatever handler applied them. */
import type { Anomalies } from './anomalies.ts';
import type { Assignment } from './assignment.ts';
import type { RejectedRecord } from './dead-letter.ts';
import type { CacheReads, PartitionEvent, Skip, Telemetry } from './telemetry.ts';

/** The records that were judged, and not applied; and what was strange about the others. */
export interface Judgements {
  readonly odd: Anomalies;
  readonly rejected: readonly RejectedRecord[];
  readonly skipped: Readonly<Record<Skip, number>>;
  /** How many were sent on to another partition. */
  readonly routed: number;
}

type BatchEvent = Extract<PartitionEvent, { kind: 'batch' }>;
/** The rest of what is reported of a batch. */
export type BatchCounts = Omit<BatchEvent, keyof Assignment | 'kind' | keyof Judgements>;

export const noneSkipped = (): Record<Skip, number> => ({
  unwanted: 0,
  undeclared: 0,
  repeated: 0,
  unchanged: 0,
  'not-ours': 0,
});

/** Of what keeps nothing in memory. */
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
