/**
 * One batch of one partition, in the one order that survives a crash at any point: rows with their outboxes, then views,
 * then calls of channels, then one transaction of derived events, offset and marks.
 */

import type { Entries } from '../../schemas/entries.ts';
import { TributaryError } from '../../schemas/errors.ts';
import { callAnswered } from '../../schemas/event.ts';
import { mapFields, type Target } from '../../schemas/target.ts';
import type { Change, Key, Version, WriteResult } from '../../sinks/port.ts';
import type { Marks } from '../../topics/origin.ts';
import type { Claim, LogRecord, NewRecord } from '../../topics/transport.ts';
import type { Job, Row } from '../define.ts';
import { answerCall } from './calls.ts';
import type { Destinations } from './destinations.ts';
import { type Folded, foldAll, type Touched } from './fold.ts';
import type { LookupCache } from './lookups.ts';
import { formatOutbox, inTurn, type OutboxEntry } from './outbox.ts';
import { type Plan, plan } from './plan.ts';
import { formatAt } from './position.ts';
import { deadLetter, derived, type PartitionCount, type Place, routed, toRow } from './records.ts';
import { idOf, type PartitionRows } from './rows.ts';
import type { Rules } from './rules.ts';
import type { Runtime } from './stores.ts';
import { viewChanges } from './views.ts';

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
  readonly refreshEnd: () => Promise<number>;
}

/** A store will never take some row of the batch: the caller finds out which record it is by smaller batches. */
export class RowsRefused extends Error {}

/**
 * Applies the records and commits. `first` is the offset at which the batch begins, where the last one was committed;
 * `refused` are offsets whose records are dead-lettered with the reason given. Throws FENCED when somebody newer owns the
 * partition, a `retry` error when something is away, and `RowsRefused`; after any of them the rows in memory are not to be
 * trusted. Answers the marks after the batch.
 */
export async function processBatch(
  context: BatchContext,
  records: readonly LogRecord[],
  first: number,
  end: number,
  marks: Marks,
  refused: ReadonlyMap<number, string>,
): Promise<Marks> {
  const { runtime, rules, job, place, claim, rows } = context;
  const { codec, tables } = runtime.stores;
  const startedAt = runtime.clock.now();
  const last = (records.at(-1) as LogRecord).offset;
  const seen = rules.marks ? marks.copy() : marks;

  await codec.learn(records);
  const planned = plan(job, codec, records, seen, place.partition, context.partitions(place.topic), refused);
  const folded = await foldAll(planned, {
    ...context,
    codec,
    partition: place.partition,
    first,
    end,
    where: (tenant, field, value) => tables.where(job.row, place.partition, tenant, field, value),
  });

  const views = collectViews(job, folded, context.token);
  const rowsWritten = await writeRows(context, folded);
  const entries = inTurn(
    [...folded.touched].map(([id, { row }]) => ({ id, outbox: row.outbox })),
    first,
    last,
    rules.withinBatch,
  );
  addRemovals(job, views, entries, folded);
  const viewsWritten = await writeViews(context, views, planned, records);
  const sends = await sendsOf(context, entries, folded);
  const now = runtime.clock.now();
  for (const { record, key } of planned.routed) sends.push(routed(record, key, place, context.partitions, now));
  for (const { record, code, message } of planned.rejected) {
    sends.push(deadLetter(record, code, message, place, context.partitions, now));
  }
  await claim.commit({ records: sends, offset: last + 1, marks: seen.toString() });

  rows.trim(folded.touched.keys());
  for (const { record, code, message } of planned.rejected) {
    runtime.telemetry.tell({ ...place, kind: 'dead-letter', offset: record.offset, code, message });
  }
  runtime.telemetry.tell({
    ...place,
    kind: 'batch',
    records: records.length,
    applied: folded.applied,
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

interface ViewWrite {
  readonly key: Key;
  readonly version: Version;
  readonly record: Row | undefined;
  readonly offset: number;
}
/** By target, then by key: one change a key. */
type ViewWrites = Map<Target, Map<string, ViewWrite>>;

/** What the views have to become. Removals also go into the outbox, which is about to be written with the row. */
function collectViews(job: Job, { touched, fresh }: Folded, token: number): ViewWrites {
  const writes: ViewWrites = new Map();
  for (const one of touched.values()) {
    if (!one.changed && !one.again) continue;
    const { row } = one;
    const tenant = row.key[0] as string;
    const version = one.changed ? { token, revision: row.revision } : (row.stored as Version);
    for (const view of job.views) {
      const { puts, removals } = viewChanges(view, tenant, one.before, row.data, one.again);
      if (puts.length + removals.length === 0) continue;
      const byKey = writes.get(view.into) ?? new Map<string, ViewWrite>();
      writes.set(view.into, byKey);
      for (const { key, record } of puts) byKey.set(idOf(key), { key, version, record, offset: one.lastOffset });
      for (const key of removals) {
        const entry = {
          kind: 'removal' as const,
          offset: one.lastOffset,
          time: one.lastTime,
          tenant,
          view: view.into.name,
          key,
        };
        row.outbox = [...row.outbox, entry];
        (fresh as Set<OutboxEntry>).add(entry);
      }
    }
  }
  return writes;
}

/** The removals within the batch, unless the row shows the record again by now. */
function addRemovals(job: Job, writes: ViewWrites, entries: readonly OutboxEntry[], { touched }: Folded): void {
  const versions = new Map<OutboxEntry, Version>();
  for (const { row } of touched.values()) {
    for (const entry of row.outbox) if (entry.kind === 'removal') versions.set(entry, row.stored as Version);
  }
  for (const entry of entries) {
    if (entry.kind !== 'removal') continue;
    const target = job.views.find((view) => view.into.name === entry.view)?.into;
    if (target === undefined) continue;
    const byKey = writes.get(target) ?? new Map<string, ViewWrite>();
    writes.set(target, byKey);
    const id = idOf(entry.key);
    if (!byKey.has(id)) {
      byKey.set(id, {
        key: entry.key,
        version: versions.get(entry) as Version,
        record: undefined,
        offset: entry.offset,
      });
    }
  }
}

async function writeRows({ runtime, job, place, token }: BatchContext, { touched }: Folded): Promise<number> {
  const changed = [...touched.values()].filter((one) => one.changed);
  if (changed.length === 0) return 0;
  const results = await runtime.stores.tables.write(
    job.row,
    changed.map(({ row, before }) => ({
      key: row.key,
      version: { token, revision: row.revision },
      at: formatAt(row.at),
      outbox: formatOutbox(row.outbox),
      timers: row.timers,
      data: row.data,
      partition: place.partition,
      // The first write of a new owner shows nothing of what an older one may have written meanwhile.
      whole: row.stored?.token !== token || isReplaced(job, before, row.data),
    })),
  );
  results.forEach((result, i) => {
    const { row } = changed[i] as Touched;
    if (result === 'stale') {
      throw new TributaryError(
        'FENCED',
        `the row ${row.key.join('/')} of ${job.row.name} was written by a newer owner of partition ${place.partition}`,
      );
    }
    if (result !== 'written')
      throw new RowsRefused(`the row ${row.key.join('/')} of ${job.row.name} was refused: ${result.refused}`);
    row.stored = { token, revision: row.revision };
    row.data = settled(job, row.data);
  });
  return changed.length;
}

/** Whether a map field was made anew instead of being changed: then the store has entries that nobody deleted. */
function isReplaced(job: Job, before: Row | undefined, after: Row | undefined): boolean {
  return mapFields(job.row.record).some(({ name }) => {
    const was = before?.[name] as Entries<unknown> | undefined;
    const is = after?.[name] as Entries<unknown> | undefined;
    return was === undefined || is === undefined || !is.isVersionOf(was);
  });
}

function settled(job: Job, data: Row | undefined): Row | undefined {
  const maps = mapFields(job.row.record);
  if (data === undefined || maps.length === 0) return data;
  const result: Record<string, unknown> = { ...data };
  for (const { name } of maps) result[name] = (data[name] as Entries<unknown>).settled();
  return result;
}

async function writeViews(
  context: BatchContext,
  writes: ViewWrites,
  planned: Plan,
  records: readonly LogRecord[],
): Promise<number> {
  let written = 0;
  for (const [target, byKey] of writes) {
    const changes = [...byKey.values()];
    if (changes.length === 0) continue;
    const results = await apply(context.runtime.stores, target, changes);
    results.forEach((result, i) => {
      if (result === 'written') written += 1;
      if (typeof result === 'string') return;
      const { key, offset } = changes[i] as ViewWrite;
      const record = records.find((each) => each.offset === offset);
      const message = `${target.name} refused ${key.join('/')}: ${result.refused}; the row was written, its view was not`;
      if (record !== undefined) planned.rejected.push({ record, code: 'VIEW_REFUSED', message });
    });
  }
  return written;
}

function apply(
  { tables, search, cache }: Runtime['stores'],
  target: Target,
  changes: readonly Change[],
): Promise<WriteResult[]> {
  switch (target.kind) {
    case 'table':
      return tables.apply(target, changes);
    case 'index':
      return search.apply(target, changes);
    case 'cache':
      return cache.apply(target, changes);
  }
}

/** The entries as records, in their order, each with its index within its offset; calls are made here. */
async function sendsOf(
  context: BatchContext,
  entries: readonly OutboxEntry[],
  { fresh }: Folded,
): Promise<NewRecord[]> {
  const { runtime, place, partitions } = context;
  const answers = new Map<OutboxEntry, Awaited<ReturnType<typeof answerCall>>>();
  await Promise.all(
    entries.map(async (entry) => {
      if (entry.kind === 'call') answers.set(entry, await answerCall(runtime.stores.channels, entry, fresh.has(entry)));
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
          entry.time,
          place,
          partitions,
          now,
        ),
      );
    }
  }
  return sends;
}
