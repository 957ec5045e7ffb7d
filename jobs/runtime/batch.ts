/**
 * One batch of one partition, in the one order that survives a crash at any point: rows with their outboxes, a look whether the
 * partition is still ours, views, calls of channels, and then one transaction of derived events, offset and dedupe positions.
 */

import { callAnswered } from '../../core/event.ts';
import type { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import { partitionOfText } from '../../topics/log/partition.ts';
import type { Within } from '../../topics/log/progress.ts';
import type { Claim, LogRecord, NewRecord } from '../../topics/log/transport.ts';
import type { Job, Rejection } from '../define.ts';
import type { Assignment, PartitionCount } from './assignment.ts';
import { answerCall, callId } from './calls.ts';
import type { CatchingUp } from './catching-up.ts';
import type { Claimed } from './claiming.ts';
import { deadLetter } from './dead-letter.ts';
import type { Destinations } from './destinations.ts';
import { type Folded, foldAll, type Outcome, type Touched } from './fold.ts';
import type { Limits } from './limits.ts';
import type { LookupCache } from './lookups.ts';
import type { OtherPartitions } from './other-partitions.ts';
import { type HasLeft, inTurn, type OutboxEntry } from './outbox.ts';
import { type Plan, plan, wantedOf } from './plan.ts';
import { derived, originOf, routed, toRow } from './records.ts';
import { Apart } from './refused.ts';
import { noteRejections, Rejected } from './rejected.ts';
import { isWritten, writeRows } from './row-writes.ts';
import type { PartitionRows } from './rows.ts';
import type { Rules } from './rules.ts';
import type { Runtime } from './stores.ts';
import type { Timers } from './timers.ts';
import { addRemovals, collectViews, type WriteView, writeViews } from './view-writes.ts';

export interface BatchContext {
  readonly runtime: Runtime;
  readonly rules: Rules;
  readonly job: Job;
  readonly place: Assignment;
  readonly claim: Claim;
  readonly token: number;
  /** Of the job's topic, as `shortId` makes it. */
  readonly topicId: string;
  /** The largest offset that was committed before the claim. */
  readonly furthest: number;
  /** Whether the claim still takes possession of the rows that it touches: see `row-writes.ts`. */
  readonly isYoung: boolean;
  /** How far the first record was applied, under which partitions its rows are stored, and what is committed: see `Claimed`. */
  readonly within: Within | undefined;
  readonly stored: readonly number[];
  readonly dedupe: DedupePositions;
  readonly progress: Claimed['progress'];
  readonly catchingUp: CatchingUp;
  readonly rows: PartitionRows;
  readonly lookups: LookupCache;
  readonly destinations: Destinations;
  readonly partitions: PartitionCount;
  readonly otherPartitions: OtherPartitions;
  readonly limits: Limits;
  readonly refreshEnd: () => Promise<number>;
  /** Calls that an earlier attempt of this very process wrote, by `callId`, and certainly did not make. */
  readonly uncalled: Set<string>;
  readonly timers: Timers;
}

/** Where the partition is after a batch. */
export interface After {
  readonly next: number;
  readonly dedupe: DedupePositions;
  /** Whether the only record found more rows than one batch takes, and is not done. */
  readonly within: Within | undefined;
}

export interface Batch {
  readonly records: readonly LogRecord[];
  /** The offset at which the batch begins, where the last one was committed. */
  readonly first: number;
  /** The offset after the last record of the partition. */
  readonly end: number;
  /** Rows that stay as they are: a record that touches one is dead-lettered with the reason given. */
  readonly refused: ReadonlyMap<string, Rejection>;
}

/**
 * Applies the records and commits. Throws FENCED when somebody newer owns the partition, a `retry` error when something is away, and
 * `RowsRefused`; after any of them the rows in memory are not to be trusted. Throws `Apart` before anything has happened outside of
 * them.
 */
export async function processBatch(context: BatchContext, { records, first, end, refused }: Batch): Promise<After> {
  const { runtime, rules, job, place, claim, rows, catchingUp, dedupe } = context;
  const { codec, tables } = runtime.stores;
  const yieldToLoop = () => runtime.clock.yieldToLoop();
  const startedAt = runtime.clock.elapsed();
  const last = (records.at(-1) as LogRecord).offset;
  const seen = rules.dedupeCopy ? dedupe.copy() : dedupe;

  await codec.learn(records, wantedOf(job));
  const upstreams = runtime.upstreams(place.topic);
  const limit = context.limits.of;
  const topic = { id: context.topicId, partitions: claim.shape.partitions };
  const planned = await plan(records, {
    job,
    codec,
    partition: place.partition,
    topic,
    upstreams,
    dedupe: rules.dedupe ? seen : undefined,
    furthest: rules.judgedOnce ? context.furthest : 0,
    limit,
    undeclaredTypes: runtime.settings.undeclaredTypes,
    yieldToLoop,
  });
  const isAlone = records.length === 1;
  // The first record goes on in the middle of what it finds.
  if (context.within !== undefined && !isAlone) throw new Apart(0);
  let room = runtime.settings.maxKeys;
  let after: string | undefined;
  const folded = await foldAll(planned, {
    ...context,
    codec,
    partition: place.partition,
    hasLeft: leftBefore(context, first),
    end,
    refused,
    yieldToLoop,
    limit,
    isAlone,
    where: async ({ record, event }, field, value) => {
      const page = { limit: Math.max(1, room), after: context.within?.after };
      const found = await tables.matching(job.row, context.stored, event.tenant, field, value, page);
      room -= found.items.length;
      // Others share the batch as long as all that is found fits into it.
      if (!isAlone && (found.next !== undefined || room < 0)) throw new Apart(records.indexOf(record));
      after = found.next;
      return found.items.filter((key) => partitionOfText(key[1] as string, topic.partitions) === place.partition);
    },
  });

  const willBeWritten = (one: Touched) => isWritten(context, one);
  const views = await collectViews(
    job,
    folded,
    willBeWritten,
    context.token,
    place.partition,
    refused,
    first,
    yieldToLoop,
  );
  const rowsWritten = await writeRows(context, folded, refused);
  const entries = inTurn(
    [...folded.touched].map(([id, { row }]) => ({ id, outbox: row.outbox })),
    place.partition,
    first,
    last,
    rules.withinBatch,
  );
  noteRejections(entries, folded, limit);
  addRemovals(job, views, entries, folded);
  for (const target of [...views.keys()]) if (!catchingUp.isLevel(target.name)) views.delete(target);
  const isSeenOutside = entries.some(({ kind }) => kind === 'call') || [...views.values()].some(({ size }) => size > 0);
  if (rules.look && isSeenOutside) await claim.look();
  const span = { first, last, time: (records[0] as LogRecord).timestamp };
  const write: WriteView = (target, changes) => catchingUp.write(target, changes, span, runtime.stores);
  const viewsWritten = await writeViews(views, folded, write, (view, count) =>
    runtime.telemetry.tell({ ...place, kind: 'views-stale', view, count }),
  );
  catchingUp.passBy(span);
  const applied = tally(planned, folded);
  const index = context.within?.index ?? 0;
  const within = after === undefined ? undefined : { after, index: index + entries.length };
  const sends = await sendsOf(context, entries, folded, index);
  const now = runtime.clock.now();
  for (const { record, key } of planned.routed)
    sends.push(routed(record, key, place, context.topicId, context.partitions, now));
  for (const rejected of planned.rejected) sends.push(deadLetter(rejected, place, context.partitions, limit, now));
  // A record that is not done is not seen yet, either.
  const done: After = within === undefined ? { next: last + 1, dedupe: seen, within } : { next: last, dedupe, within };
  await context.limits.commit(claim, {
    records: sends,
    offset: done.next,
    metadata: context.progress(done.next, done.dedupe, within, catchingUp.behind()),
  });
  catchingUp.committed(done.next);

  const isChanged = (row: string): boolean => folded.touched.get(row)?.changed === true && !refused.has(row);
  context.timers.heard({ records, deadLetters: planned.rejected, isChanged });
  await rows.trim(folded.touched.keys(), leftBefore(context, done.next), yieldToLoop);
  for (const [type, count] of planned.odd.undeclared)
    runtime.telemetry.tell({ ...place, kind: 'undeclared', type, count });
  for (const { record, code, message } of planned.rejected) {
    runtime.telemetry.tell({ ...place, kind: 'dead-letter', offset: record.offset, code, message });
  }
  runtime.telemetry.tell({
    ...place,
    kind: 'batch',
    records: records.length,
    applied,
    skipped: planned.skipped,
    odd: planned.odd.events,
    rejected: planned.rejected.length,
    routed: planned.routed.length,
    rowsWritten,
    viewsWritten,
    eventsSent: entries.filter((entry) => entry.kind === 'event').length,
    durationMs: runtime.clock.elapsed() - startedAt,
    next: done.next,
    end: Math.max(end, last + 1),
    eventTime: folded.eventTime,
    recordTime: (records.at(-1) as LogRecord).timestamp,
  });
  return done;
}

/** What has surely left once everything before `next` is committed. */
function leftBefore({ place, otherPartitions, catchingUp }: BatchContext, next: number): HasLeft {
  return (partition, offset, view) => {
    if (partition !== place.partition) return otherPartitions.hasLeft(partition, offset, next, view);
    return offset < (view === undefined ? next : Math.min(next, catchingUp.from(view)));
  };
}

/** Counts what became of the records, with the rejected ones among those to be dead-lettered. Answers how many were applied. */
function tally({ items, rejected, skipped }: Plan, { outcomes }: Folded): number {
  let applied = 0;
  for (const item of items) {
    const { record } = item;
    const outcome = outcomes.get(record.offset) as Outcome;
    if (outcome instanceof Rejected) rejected.push(outcome.of(item));
    else if (outcome === 'applied') applied += 1;
    else skipped[outcome] += 1;
  }
  return applied;
}

/**
 * The entries as records, in their order, each with its index within its offset; `start` is that of the first. Calls are made
 * here.
 */
async function sendsOf(
  context: BatchContext,
  entries: readonly OutboxEntry[],
  { fresh }: Folded,
  start: number,
): Promise<NewRecord[]> {
  const { runtime, rules, place, topicId, partitions, uncalled } = context;
  const answers = new Map<OutboxEntry, Awaited<ReturnType<typeof answerCall>>>();
  await Promise.all(
    entries.map(async (entry) => {
      if (entry.kind !== 'call') return;
      const isFirst = fresh.has(entry) || uncalled.delete(callId(entry)) || !rules.freshCall;
      answers.set(entry, await answerCall(runtime.stores.channels, entry, isFirst, runtime.clock.now()));
    }),
  );
  const now = runtime.clock.now();
  const sends: NewRecord[] = [];
  let { offset } = entries[0] ?? { offset: -1 };
  let index = start - 1;
  for (const entry of entries) {
    const pause = runtime.clock.yieldToLoop();
    if (pause !== undefined) await pause;
    index = entry.offset === offset ? index + 1 : 0;
    offset = entry.offset;
    if (entry.kind === 'event') {
      sends.push(...derived(entry, index, place, topicId, partitions, context.limits.of, now));
    }
    if (entry.kind === 'call') {
      const [tenant, ...row] = entry.row as [string, ...string[]];
      const id = `${originOf(entry, index, place, topicId)}/answer`;
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
