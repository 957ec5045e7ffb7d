/**
 * The events by which a batch reports itself: one about the batch, and one for each reason of its dead letters. They are part of the
 * batch's transaction, so a crash neither loses nor repeats them. They carry no origin: a batch that is committed again, after a rewind, is
 * another batch.
 */
import { DEFAULT_TENANT, type EventDef } from '../../../core/event.ts';
import { batchDone, recordsRejected } from '../../../schemas/pipeline.ts';
import { avroHeaders } from '../../../topics/codec/codec.ts';
import { lineOf } from '../../../topics/log/origin.ts';
import { partitionOf } from '../../../topics/log/partition.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import type { After, BatchContext } from './batch.ts';
import type { Folded, Outcome } from './fold.ts';
import type { Plan, Planned } from './plan.ts';
import { sourceOf, validTime } from './records.ts';
import { sendingOf } from './send.ts';

const text = new TextEncoder();

/** None if the runtime has no topic for them, or if the job reads that topic: it would report its own reports for ever. */
export function pipelineRecords(
  context: BatchContext,
  { items, skipped, rejected, routed }: Plan,
  { outcomes }: Pick<Folded, 'outcomes'>,
  { next, within }: After,
): NewRecord[] {
  const { runtime, assignment, topicId, token, batches, furthest } = context;
  const topic = runtime.pipelineTopic;
  if (topic === undefined || assignment.topic === topic) return [];
  const sending = sendingOf(context);
  const { job, partition } = assignment;
  const key = text.encode(job);
  const batch = `${lineOf(job, assignment.topic, topicId, partition)}/${next}/${token}.${batches}`;
  const recordOf = (def: EventDef, data: object, id: string): NewRecord => ({
    topic,
    partition: partitionOf(key, sending.partitions(topic)),
    key,
    value: runtime.stores.codec.encode(topic, def, { job, topic: assignment.topic, partition, ...data }),
    headers: avroHeaders(def.type, { id, source: sourceOf(job), time: validTime(sending.now), tenant: DEFAULT_TENANT }),
    timestamp: sending.now,
  });

  // A record that is applied in pages is counted with its last page.
  const isPage = within !== undefined;
  const applied = isPage ? [] : items.filter((item) => isApplied(item, outcomes, furthest));
  const resumed = applied.filter(({ record }) => outcomes.get(record.offset) === 'repeated').length;
  const times = applied.map(({ record }) => record.timestamp).filter((time) => time >= 0);
  const oldest = times.reduce((least, time) => Math.min(least, time), sending.now);
  const done = {
    applied: applied.length,
    unchanged: isPage ? 0 : skipped.unchanged,
    repeated: isPage ? 0 : skipped.repeated - resumed,
    skipped: skipped.unwanted + skipped.undeclared + skipped['not-ours'],
    rejected: rejected.length,
    routed: routed.length,
    latencyMs: times.length === 0 ? null : sending.now - oldest,
  };
  const byCode = Map.groupBy(rejected, ({ code }) => code);
  return [
    recordOf(batchDone, done, batch),
    ...[...byCode].map(([code, { length }]) =>
      recordOf(recordsRejected, { code, records: length }, `${batch}/${code}`),
    ),
  ];
}

/**
 * Whether the record changed a row, in this attempt or in an earlier one that wrote rows and did not commit. Rows have applied the records
 * of such an attempt although they were never committed: their offsets are not below the furthest offset that was committed before the
 * claim.
 */
function isApplied({ record }: Planned, outcomes: ReadonlyMap<number, Outcome>, furthest: number): boolean {
  const outcome = outcomes.get(record.offset);
  return outcome === 'applied' || (outcome === 'repeated' && record.offset >= furthest);
}
