/**
 * Processes one batch of one partition, in the only order that survives a crash at any point: write rows with their outboxes; check that
 * the partition is still ours; write views; call channels; then commit derived events, offset and dedupe positions in one transaction.
 */

import type { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import type { Within } from '../../../topics/log/progress.ts';
import type { Claim, LogRecord } from '../../../topics/log/transport.ts';
import { type BatchTrace, traceBatch } from '../../../topics/tracing/batch.ts';
import type { Job, Rejection } from '../../define.ts';
import type { Assignment, PartitionCount } from '../assignment.ts';
import { reportBatch } from '../batch-report.ts';
import type { Limits } from '../limits.ts';
import type { LookupCache } from '../lookups.ts';
import { ReadCount } from '../read-count.ts';
import type { Runtime } from '../stores.ts';
import type { Claimed } from './claiming.ts';
import type { Destinations } from './destinations.ts';
import { type FoldContext, type Folded, foldAll, type Outcome } from './fold.ts';
import type { OtherPartitions } from './other-partitions.ts';
import { type HasLeft, inTurn } from './outbox.ts';
import { pipelineRecords } from './pipeline-events.ts';
import { type Plan, type Planned, plan, wantedOf } from './plan.ts';
import { Apart } from './refused.ts';
import { noteRejections, Rejected } from './rejected.ts';
import { isWritten, writeRows } from './row-writes.ts';
import type { PartitionRows } from './rows.ts';
import type { Rules } from './rules.ts';
import { sendsOf } from './send.ts';
import type { Timers } from './timers/timers.ts';
import type { CatchingUp } from './views/catching-up.ts';
import { addRemovals, collectViews, type WriteView, writeViews } from './views/write.ts';

export interface BatchContext {
  readonly runtime: Runtime;
  readonly rules: Rules;
  readonly job: Job;
  readonly assignment: Assignment;
  readonly claim: Claim;
  readonly token: number;
  /** Of the job's topic, as made by `shortId`. */
  readonly topicId: string;
  /** The largest offset that was committed before the claim. */
  readonly furthest: number;
  /** How many batches the claim has committed. */
  readonly batches: number;
  /** Whether the claim still takes possession of the rows that it touches: see `isWritten`. */
  readonly isYoung: boolean;
  /** This field and the next three are those of `Claimed`. */
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
  /** Calls, by `callId`, that an earlier attempt of this process wrote to rows and certainly did not make. */
  readonly uncalled: Set<string>;
  readonly timers: Timers;
  readonly trace: BatchTrace;
}

/** The partition after a batch. */
export interface After {
  readonly next: number;
  readonly dedupe: DedupePositions;
  /** How far a record has come that finds more rows than fit into one batch; undefined if the last record is finished. */
  readonly within: Within | undefined;
}

export interface Batch {
  readonly records: readonly LogRecord[];
  /** The offset at which the batch begins: the last committed one. */
  readonly first: number;
  /** The offset after the last record of the partition. */
  readonly end: number;
  /** Rows that stay as they are, by id. A record that touches one becomes a dead letter with this reason. */
  readonly refused: ReadonlyMap<string, Rejection>;
}

/**
 * Applies the records and commits. Throws FENCED if the partition has a newer owner, a `retry` error if a store or the log does not answer,
 * and `RowsRefused`; after any of these the rows in memory must not be used. Throws `Apart` before anything outside of memory has changed.
 */
export async function processBatch(context: Omit<BatchContext, 'trace'>, batch: Batch): Promise<After> {
  const trace = traceBatch(context.assignment, batch.records);
  let failed = true;
  try {
    const after = await applyBatch({ ...context, trace }, batch);
    failed = false;
    return after;
  } finally {
    trace.end(failed);
  }
}

async function applyBatch(context: BatchContext, { records, first, end, refused }: Batch): Promise<After> {
  const { runtime, rules, job, assignment, claim, rows, catchingUp, dedupe, trace } = context;
  const { codec } = runtime.stores;
  const yieldToLoop = () => runtime.clock.yieldToLoop();
  const startedAt = runtime.clock.elapsed();
  const last = (records.at(-1) as LogRecord).offset;
  const { partition } = assignment;
  const seen = rules.dedupeCopy ? dedupe.copy() : dedupe;
  // The first record continues in the middle of its rows.
  if (context.within !== undefined && records.length > 1) throw new Apart(0);

  await codec.learn(records, wantedOf(job));
  const planned = await planOf(context, records, seen);
  const found = new Found(context, records);
  const lookupReads = new ReadCount();
  const folded = await foldAll(planned, {
    ...context,
    lookupReads,
    codec,
    partition,
    hasLeft: leftBefore(context, first),
    end,
    refused,
    yieldToLoop,
    limit: context.limits.of,
    isAlone: records.length === 1,
    where: found.where,
    traceOf: trace.headersOf,
  });
  const views = await collectViews(folded, {
    job,
    token: context.token,
    partition,
    isWritten: (one) => isWritten(context, one),
    refused,
    first,
    yieldToLoop,
  });

  const rowsWritten = await trace.step(`write ${job.row.name}`, () => writeRows(context, folded, refused));
  const outboxes = [...folded.touched].map(([id, { row }]) => ({ id, outbox: row.outbox }));
  const entries = inTurn(outboxes, { partition, first, last }, rules.withinBatch);
  noteRejections(entries, folded, context.limits.of);
  addRemovals(job, views, entries, folded);
  for (const target of [...views.keys()]) if (!catchingUp.isLevel(target.name)) views.delete(target);
  const isSeenOutside = entries.some(({ kind }) => kind === 'call') || [...views.values()].some(({ size }) => size > 0);
  if (rules.look && isSeenOutside) await claim.look();

  const span = { first, last, time: (records[0] as LogRecord).timestamp };
  const write: WriteView = (target, changes) =>
    trace.step(`write ${target.name}`, () => catchingUp.write(target, changes, span, runtime.stores));
  const viewsWritten = await writeViews(views, folded, write, (view, count) =>
    runtime.telemetry.tell({ ...assignment, kind: 'views-stale', view, count }),
  );
  catchingUp.passBy(span);
  const applied = tally(planned, folded, trace);
  const index = context.within?.index ?? 0;
  const sends = await sendsOf(context, planned, { entries, fresh: folded.fresh }, index);
  // The origin of an unfinished record does not count as seen yet.
  const within = found.next === undefined ? undefined : { after: found.next, index: index + entries.length };
  const done: After = within === undefined ? { next: last + 1, dedupe: seen, within } : { next: last, dedupe, within };
  sends.push(...pipelineRecords(context, planned, folded, done));
  const metadata = context.progress(done.next, done.dedupe, within, catchingUp.behind());
  await trace.step('commit', () => context.limits.commit(claim, { records: sends, offset: done.next, metadata }));
  catchingUp.committed(done.next);

  const isChanged = (row: string): boolean => folded.touched.get(row)?.changed === true && !refused.has(row);
  context.timers.committed({ records, deadLetters: planned.rejected, isChanged });
  await rows.trim(folded.touched.keys(), leftBefore(context, done.next), yieldToLoop);
  const now = runtime.clock.now();
  reportBatch(
    runtime.telemetry,
    assignment,
    { ...planned, routed: planned.routed.length },
    {
      records: records.length,
      applied: applied.length,
      rowsWritten,
      viewsWritten,
      eventsSent: entries.filter((entry) => entry.kind === 'event').length,
      durationMs: runtime.clock.elapsed() - startedAt,
      next: done.next,
      end: Math.max(end, last + 1),
      eventTime: folded.eventTime,
      recordTime: (records.at(-1) as LogRecord).timestamp,
      latenciesMs: applied.map(({ event }) => now - event.time),
      reads: { rows: rows.reads.take(), lookups: lookupReads.take() },
    },
  );
  return done;
}

function planOf(context: BatchContext, records: readonly LogRecord[], seen: DedupePositions): Promise<Plan> {
  const { runtime, rules, job, assignment, claim, limits } = context;
  return plan(records, {
    job,
    codec: runtime.stores.codec,
    partition: assignment.partition,
    topic: { id: context.topicId, partitions: claim.shape.partitions },
    upstreams: runtime.upstreams(assignment.topic),
    dedupe: rules.dedupe ? seen : undefined,
    furthest: rules.judgedOnce ? context.furthest : 0,
    limit: limits.of,
    undeclaredTypes: runtime.settings.undeclaredTypes,
    forgotten: runtime.forgotten,
    yieldToLoop: () => runtime.clock.yieldToLoop(),
  });
}

/** Searches for the rows of records that name none. Several records share a batch if all rows that they find fit into it. */
class Found {
  /** Where the search continues, if the only record of the batch finds more rows than fit into it. */
  next: string | undefined;
  readonly #context: BatchContext;
  readonly #records: readonly LogRecord[];
  #left: number;

  constructor(context: BatchContext, records: readonly LogRecord[]) {
    this.#context = context;
    this.#records = records;
    this.#left = context.runtime.settings.maxKeys;
  }

  readonly where: FoldContext['where'] = async ({ record, event }, field, value) => {
    const { runtime, job, assignment, claim, stored, within } = this.#context;
    const page = { limit: Math.max(1, this.#left), after: within?.after };
    const found = await runtime.stores.tables.matching(
      job.row,
      { partitions: stored, tenant: event.tenant, field, value },
      page,
    );
    this.#left -= found.items.length;
    if (this.#records.length > 1 && (found.next !== undefined || this.#left < 0)) {
      throw new Apart(this.#records.indexOf(record));
    }
    this.next = found.next;
    const { partitions } = claim.shape;
    return found.items.filter((key) => partitionOfText(key[1] as string, partitions) === assignment.partition);
  };
}

/** Which outbox entries have certainly left once everything before `next` is committed. */
function leftBefore({ assignment, otherPartitions, catchingUp }: BatchContext, next: number): HasLeft {
  return (partition, offset, view) => {
    if (partition !== assignment.partition) return otherPartitions.hasLeft(partition, offset, next, view);
    return offset < (view === undefined ? next : Math.min(next, catchingUp.from(view)));
  };
}

/** Counts the outcomes of the records, and adds the records that rows rejected to the plan's rejections. Returns the applied ones. */
function tally({ items, rejected, skipped }: Plan, { outcomes }: Folded, trace: BatchTrace): Planned[] {
  const applied: Planned[] = [];
  for (const item of items) {
    const { record } = item;
    const outcome = outcomes.get(record.offset) as Outcome;
    trace.became(record.offset, outcome instanceof Rejected ? 'rejected' : outcome);
    if (outcome instanceof Rejected) rejected.push(outcome.of(item));
    else if (outcome === 'applied') applied.push(item);
    else skipped[outcome] += 1;
  }
  return applied;
}
