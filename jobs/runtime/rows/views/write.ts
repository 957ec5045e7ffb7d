/** The changes that a batch makes to the views of its rows. They are collected before the rows are written, and applied afterwards. */
import { messageOf } from '../../../../core/errors.ts';
import type { Target } from '../../../../core/target.ts';
import type { Change, Key, Version, WriteResult } from '../../../../sinks/port.ts';
import { type Job, Rejection, type Row } from '../../../define.ts';
import type { Clock, Stores } from '../../stores.ts';
import type { Folded, Touched } from '../fold.ts';
import type { OutboxEntry, OutboxRemoval } from '../outbox.ts';
import { RowsRefused } from '../refused.ts';
import { noteUnshown } from '../rejected.ts';
import { idOf, type LiveRow } from '../rows.ts';
import { viewChanges } from './make.ts';

interface ViewWrite {
  readonly key: Key;
  readonly version: Version;
  readonly record: Row | undefined;
  readonly offset: number;
  readonly row: LiveRow;
}
/** By target, then by key, with one change for each key. */
export type ViewWrites = Map<Target, Map<string, ViewWrite>>;

export interface ViewsContext {
  readonly job: Job;
  readonly token: number;
  readonly partition: number;
  /** Whether a row is about to be written under our token. */
  readonly isWritten: (one: Touched) => boolean;
  readonly refused: ReadonlyMap<string, Rejection>;
  /** The offset at which the batch begins. */
  readonly first: number;
  readonly yieldToLoop: Clock['yieldToLoop'];
}

/** Collects the changes of the views. Removals are also added to the outbox, which is about to be written with the row. */
export async function collectViews({ touched, fresh }: Folded, context: ViewsContext): Promise<ViewWrites> {
  const { job, token, partition, isWritten, refused, first, yieldToLoop } = context;
  const writes: ViewWrites = new Map();
  const failed = new Map<string, Rejection>();
  for (const [id, one] of touched) {
    const why = refused.get(id);
    if ((!one.changed && !one.again) || why?.code === 'JOB_FAILED') continue;
    const pause = yieldToLoop();
    if (pause !== undefined) await pause;
    const { row } = one;
    const tenant = row.key[0] as string;
    // A row that its store refuses stays as it is. An earlier attempt may have written it without its views.
    const version = why === undefined && isWritten(one) ? { token, revision: row.revision } : (row.stored as Version);
    for (const view of job.views) {
      const changes = changesOf(job, view, tenant, one);
      if (changes instanceof Rejection) {
        failed.set(id, changes);
        continue;
      }
      const { puts, removals } = changes;
      if (puts.length + removals.length === 0) continue;
      const byKey = writes.get(view.into) ?? new Map<string, ViewWrite>();
      writes.set(view.into, byKey);
      const { offset } = one.last.record;
      const { time } = one.last.event;
      for (const { key, record } of puts) byKey.set(idOf(key), { key, version, record, offset, row });
      for (const key of removals) {
        const entry = { kind: 'removal' as const, partition, offset, time, tenant, view: view.into.name, key };
        dropCommitted(row.outbox, entry, first);
        row.outbox.push(entry);
        (fresh as Set<OutboxEntry>).add(entry);
      }
    }
  }
  if (failed.size > 0) throw new RowsRefused(failed);
  return writes;
}

/**
 * Drops a committed removal of the same record that is still in the outbox because its view is behind. Committed entries come before those
 * of this batch.
 */
function dropCommitted(outbox: OutboxEntry[], { view, key, partition }: OutboxRemoval, first: number): void {
  for (const [i, before] of outbox.entries()) {
    if (before.partition !== partition) continue;
    if (before.offset >= first) return;
    if (before.kind !== 'removal' || before.view !== view || idOf(before.key) !== idOf(key)) continue;
    outbox.splice(i, 1);
    return;
  }
}

function changesOf(job: Job, view: Job['views'][number], tenant: string, { row, before, again }: Touched) {
  try {
    return viewChanges(view, { tenant, before, after: row.data, again });
  } catch (error) {
    return new Rejection('JOB_FAILED', `${job.name} failed to make the view ${view.into.name}: ${messageOf(error)}`);
  }
}

/** Adds the removals within the batch, except for records that the row shows again. */
export function addRemovals(job: Job, writes: ViewWrites, entries: readonly OutboxEntry[], { touched }: Folded): void {
  const rows = new Map<OutboxEntry, LiveRow>();
  for (const { row } of touched.values()) {
    for (const entry of row.outbox) if (entry.kind === 'removal') rows.set(entry, row);
  }
  for (const entry of entries) {
    if (entry.kind !== 'removal') continue;
    const target = job.views.find((view) => view.into.name === entry.view)?.into;
    if (target === undefined) continue;
    const byKey = writes.get(target) ?? new Map<string, ViewWrite>();
    writes.set(target, byKey);
    const id = idOf(entry.key);
    if (byKey.has(id)) continue;
    const row = rows.get(entry) as LiveRow;
    const version = row.stored as Version;
    byKey.set(id, { key: entry.key, version, record: undefined, offset: entry.offset, row });
  }
}

/** The result is empty if the view is behind from here on. */
export type WriteView = (target: Target, changes: readonly Change[]) => Promise<readonly WriteResult[]>;

/**
 * Writes to all targets in parallel. Settles when all writes have, so nothing of this attempt is under way when the next one begins.
 * Returns how many records were written. Reports to `stale` the records that a view has in a newer version.
 */
export async function writeViews(
  writes: ViewWrites,
  folded: Folded,
  write: WriteView,
  stale: (view: string, count: number) => void,
): Promise<number> {
  const settled = await Promise.allSettled(
    [...writes].map(async ([target, byKey]) => {
      const changes = [...byKey.values()];
      return { target, changes, results: changes.length === 0 ? [] : await write(target, changes) };
    }),
  );
  let written = 0;
  for (const one of settled) {
    if (one.status === 'rejected') throw one.reason;
    const { target, changes, results } = one.value;
    const newer = results.filter((result) => result === 'stale').length;
    if (newer > 0) stale(target.name, newer);
    results.forEach((result, i) => {
      if (result === 'written') written += 1;
      if (typeof result === 'string') return;
      const { key, offset, row } = changes[i] as ViewWrite;
      const message = `${target.name} refused ${key.join('/')}: ${result.refused}; the row was written, its view was not`;
      noteUnshown(folded, offset, row, new Rejection('VIEW_REFUSED', message));
    });
  }
  return written;
}

/** Writes to the store of the target. */
export function applyTo(
  { tables, search, cache }: Pick<Stores, 'tables' | 'search' | 'cache'>,
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
