/**
 * One batch of one partition, in the one order that survives a crash at any point: rows with their outboxes, then views,
 * then calls of channels, then one transaction of derived events, offset and marks.
 */

import type { Entries } from '../../schemas/entries.ts';
import { TributaryError } from '../../schemas/errors.ts';
import { callAnswered } from '../../schemas/event.ts';
import { mapFields } from '../../schemas/target.ts';
import type { Unchanged } from '../../sinks/tables/port.ts';
import type { Marks } from '../../topics/origin.ts';
import type { Claim, LogRecord, NewRecord } from '../../topics/transport.ts';
import { type Job, Rejection, type Row } from '../define.ts';
import { answerCall } from './calls.ts';
import type { Destinations } from './destinations.ts';
import { type Folded, foldAll, type Outcome, type Touched } from './fold.ts';
import type { LookupCache } from './lookups.ts';
import { formatOutbox, type HasLeft, inTurn, type OutboxEntry, type SaidCall } from './outbox.ts';
import { type Plan, plan, wantedOf } from './plan.ts';
import { formatAt } from './position.ts';
import { deadLetter, derived, type PartitionCount, type Place, routed, toRow } from './records.ts';
import { RowsRefused } from './refused.ts';
import type { PartitionRows } from './rows.ts';
import type { Rules } from './rules.ts';
import type { Runtime } from './stores.ts';
import { addRemovals, collectViews, writeViews } from './view-writes.ts';

/** What is known of the topic's other partitions, since some moment of this claim. */
export interface Elsewhere {
  /** Where the group goes on in each of them. */
  readonly committed: ReadonlyMap<number, number>;
  /** From this offset of our own partition on, all that was sent on from before those offsets has come. */
  readonly seenFrom: number;
}

export interface BatchContext {
  readonly runtime: Runtime;
  readonly rules: Rules;
  readonly job: Job;
  readonly place: Place;
  readonly claim: Claim;
  readonly token: number;
  readonly rows: PartitionRows;
  readonly lookups: LookupCache;
  readonly destinations: Destinations;
  readonly partitions: PartitionCount;
  readonly elsewhere: Elsewhere;
  readonly refreshEnd: () => Promise<number>;
  /** Calls that an earlier attempt of this very process wrote, by `callId`, and certainly did not make. */
  readonly uncalled: Set<string>;
}

/**
 * Applies the records and commits. `first` is the offset at which the batch begins, where the last one was committed;
 * `refused` are rows that stay as they are; a record that touches one is dead-lettered with the reason given. Throws FENCED
 * when somebody newer owns the partition, a `retry` error when something is away, and `RowsRefused`; after any of them the
 * rows in memory are not to be trusted. Answers the marks after the batch.
 */
export async function processBatch(
  context: BatchContext,
  records: readonly LogRecord[],
  first: number,
  end: number,
  marks: Marks,
  refused: ReadonlyMap<string, Rejection>,
): Promise<Marks> {
  const { runtime, rules, job, place, claim, rows } = context;
  const { codec, tables } = runtime.stores;
  const startedAt = runtime.clock.now();
  const last = (records.at(-1) as LogRecord).offset;
  const seen = rules.marks ? marks.copy() : marks;

  await codec.learn(records, wantedOf(job));
  const speakers = runtime.speakers(place.topic);
  const planned = plan(job, codec, records, seen, place.partition, context.partitions(place.topic), speakers);
  const folded = await foldAll(planned, {
    ...context,
    codec,
    partition: place.partition,
    hasLeft: leftBefore(context, first),
    end,
    refused,
    where: (tenant, field, value) => tables.where(job.row, place.partition, tenant, field, value),
  });

  const views = collectViews(job, folded, context.token, place.partition, refused);
  const rowsWritten = await writeRows(context, folded);
  const entries = inTurn(
    [...folded.touched].map(([id, { row }]) => ({ id, outbox: row.outbox })),
    place.partition,
    first,
    last,
    rules.withinBatch,
  );
  for (const entry of entries) {
    if (entry.kind === 'rejection') folded.outcomes.set(entry.offset, new Rejection(entry.code, entry.message));
  }
  addRemovals(job, views, entries, folded);
  const viewsWritten = await writeViews(runtime.stores, views, folded);
  const applied = tally(planned, folded);
  const sends = await sendsOf(context, entries, folded);
  const now = runtime.clock.now();
  for (const { record, key } of planned.routed) sends.push(routed(record, key, place, context.partitions, now));
  for (const { record, code, message } of planned.rejected) {
    sends.push(deadLetter(record, code, message, place, context.partitions, now));
  }
  await claim.commit({ records: sends, offset: last + 1, marks: seen.toString() });

  rows.trim(folded.touched.keys(), leftBefore(context, last + 1));
  for (const { record, code, message } of planned.rejected) {
    runtime.telemetry.tell({ ...place, kind: 'dead-letter', offset: record.offset, code, message });
  }
  runtime.telemetry.tell({
    ...place,
    kind: 'batch',
    records: records.length,
    applied,
    skipped: planned.skipped,
    rejected: planned.rejected.length,
    routed: planned.routed.length,
    rowsWritten,
    viewsWritten,
    eventsSent: entries.filter((entry) => entry.kind === 'event').length,
    durationMs: runtime.clock.now() - startedAt,
    next: last + 1,
    end: Math.max(end, last + 1),
    eventTime: folded.eventTime,
  });
  return seen;
}

/** What has surely left once everything before `next` is committed. */
function leftBefore({ place, elsewhere }: BatchContext, next: number): HasLeft {
  return (partition, offset) => {
    if (partition === place.partition) return offset < next;
    return next >= elsewhere.seenFrom && offset < (elsewhere.committed.get(partition) ?? 0);
  };
}

const callId = ({ row, offset, message }: SaidCall): string => JSON.stringify([row, offset, message.messageId]);

async function writeRows(
  { runtime, job, place, token, uncalled }: BatchContext,
  { touched, fresh }: Folded,
): Promise<number> {
  const changed = [...touched.values()].filter((one) => one.changed);
  if (changed.length === 0) return 0;
  const results = await runtime.stores.tables.write(
    job.row,
    changed.map(({ row, before, timersBefore }) => {
      // The first write of a new owner shows nothing of what an older one may have written meanwhile.
      const whole = row.stored?.token !== token || isReplaced(job, before, row.data);
      return {
        key: row.key,
        version: { token, revision: row.revision },
        at: formatAt(row.at),
        outbox: formatOutbox(row.outbox),
        timers: row.timers,
        data: row.data,
        partition: place.partition,
        whole,
        unchanged: whole ? undefined : { fields: sameFields(before, row.data), timers: row.timers === timersBefore },
      };
    }),
  );
  const refused = new Map<string, Rejection>();
  results.forEach((result, i) => {
    const { row } = changed[i] as Touched;
    if (result === 'stale') {
      throw new TributaryError(
        'FENCED',
        `the row ${row.key.join('/')} of ${job.row.name} was written by a newer owner of partition ${place.partition}`,
      );
    }
    if (result !== 'written') {
      const message = `the row ${row.key.join('/')} of ${job.row.name} was refused: ${result.refused}`;
      refused.set(row.id, new Rejection('ROW_REFUSED', message));
      return;
    }
    row.stored = { token, revision: row.revision };
    row.data = settled(job, row.data);
  });
  if (refused.size > 0) {
    for (const entry of fresh) if (entry.kind === 'call') uncalled.add(callId(entry));
    throw new RowsRefused(refused);
  }
  return changed.length;
}

/**
 * Whether the row came or went, or a map field was made anew instead of being changed: then the store has what nobody deleted.
 */
function isReplaced(job: Job, before: Row | undefined, after: Row | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  return mapFields(job.row.record).some(({ name }) => {
    const was = before[name] as Entries<unknown> | undefined;
    const is = after[name] as Entries<unknown> | undefined;
    return was === undefined || is === undefined || !is.isVersionOf(was);
  });
}

/** A list made anew counts as changed, whatever is in it. Compared when asked: not every store wants to know. */
const sameFields = (before: Row | undefined, after: Row | undefined): Unchanged['fields'] => ({
  has: (name) => before?.[name] === after?.[name],
});

function settled(job: Job, data: Row | undefined): Row | undefined {
  const maps = mapFields(job.row.record);
  if (data === undefined || maps.length === 0) return data;
  const result: Record<string, unknown> = { ...data };
  for (const { name } of maps) result[name] = (data[name] as Entries<unknown>).settled();
  return result;
}

/** Counts what became of the records, with the rejected ones among those to be dead-lettered. Answers how many were applied. */
function tally({ items, rejected, skipped }: Plan, { outcomes }: Folded): number {
  let applied = 0;
  for (const { record } of items) {
    const outcome = outcomes.get(record.offset) as Outcome;
    if (outcome instanceof Rejection) rejected.push({ record, code: outcome.code, message: outcome.message });
    else if (outcome === 'applied') applied += 1;
    else skipped[outcome] += 1;
  }
  return applied;
}

/** The entries as records, in their order, each with its index within its offset; calls are made here. */
async function sendsOf(
  context: BatchContext,
  entries: readonly OutboxEntry[],
  { fresh }: Folded,
): Promise<NewRecord[]> {
  const { runtime, place, partitions, uncalled } = context;
  const answers = new Map<OutboxEntry, Awaited<ReturnType<typeof answerCall>>>();
  await Promise.all(
    entries.map(async (entry) => {
      if (entry.kind !== 'call') return;
      const isFirst = fresh.has(entry) || uncalled.delete(callId(entry));
      answers.set(entry, await answerCall(runtime.stores.channels, entry, isFirst));
    }),
  );
  const now = runtime.clock.now();
  const sends: NewRecord[] = [];
  let offset = -1;
  let index = 0;
  for (const entry of entries) {
    index = entry.offset === offset ? index + 1 : 0;
    offset = entry.offset;
    if (entry.kind === 'event') sends.push(...derived(entry, index, place, partitions, now));
    if (entry.kind === 'call') {
      const [tenant, ...row] = entry.row as [string, ...string[]];
      const id = `${place.job}/${place.topic}/${place.partition}/${entry.offset}/${index}/answer`;
      const data = { job: place.job, row, attempt: entry.attempt, ...answers.get(entry) };
      sends.push(
        toRow(
          runtime.stores.codec,
          callAnswered,
          data,
          { tenant, recordKey: row[0] as string },
          id,
          // When it was answered, not when it was asked for: a retry counts from here.
          Math.max(entry.time, now),
          place,
          partitions,
          now,
        ),
      );
    }
  }
  return sends;
}
