/** Writes the rows of a batch: those that changed, and those that a young claim takes possession of. */
import type { Entries } from '../../../core/entries.ts';
import { TributaryError } from '../../../core/errors.ts';
import { mapFields } from '../../../core/target.ts';
import type { RowWrite, Unchanged } from '../../../sinks/tables/port.ts';
import { type Job, Rejection, type Row } from '../../define.ts';
import type { BatchContext } from './batch.ts';
import { callId } from './calls.ts';
import type { Folded, Touched } from './fold.ts';
import { formatOutbox } from './outbox.ts';
import { formatAt } from './position.ts';
import { RowsRefused } from './refused.ts';

/**
 * Whether a row has to be written. A young claim also writes unchanged rows that have another token. An earlier owner may still write its
 * own result of the same records, and that late write would contradict what we emit. Our version has the larger token and wins.
 */
export function isWritten(context: BatchContext, { row, changed, judged, skipped }: Touched): boolean {
  const { rules, token, isYoung } = context;
  if (changed) return true;
  if (!isYoung || row.stored?.token === token) return false;
  return (judged && rules.ownUnchanged) || (skipped && rules.ownSkipped);
}

const DAY_MS = 24 * 3_600_000;

/** Returns how many rows were written. Throws FENCED for a row of a newer owner, and `RowsRefused`. */
export async function writeRows(
  context: BatchContext,
  { touched, fresh }: Folded,
  refusedBefore: ReadonlyMap<string, Rejection>,
): Promise<number> {
  const { runtime, job, assignment, token, uncalled } = context;
  const written = [...touched.values()].filter((one) => isWritten(context, one));
  if (written.length === 0) return 0;
  const writes: RowWrite[] = [];
  for (const one of written) {
    const pause = runtime.clock.yieldToLoop();
    if (pause !== undefined) await pause;
    writes.push(writeOf(context, one));
  }
  const results = await runtime.stores.tables.write(job.row, writes);
  const refused = new Map<string, Rejection>();
  results.forEach((result, i) => {
    const { row } = written[i] as Touched;
    if (result === 'stale') {
      throw new TributaryError(
        'FENCED',
        `a row of ${job.row.name} was written by a newer owner of partition ${assignment.partition}`,
      );
    }
    if (result !== 'written') {
      // The row cannot be written even without the record, so it stays as it is.
      if (refusedBefore.has(row.id)) return;
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
  return written.length;
}

function writeOf({ job, assignment, token, topicId }: BatchContext, one: Touched): RowWrite {
  const { row, before, changed, timersBefore } = one;
  // The first write of a new owner replaces the whole row, so that nothing remains of a late write of an older owner.
  const whole = row.stored?.token !== token || isReplaced(job, before, row.data);
  return {
    key: row.key,
    version: { token, revision: row.revision },
    at: formatAt(row.at, topicId, row.traces),
    outbox: formatOutbox(row.outbox, topicId),
    timers: row.timers,
    data: row.data,
    partition: assignment.partition,
    whole,
    unchanged: whole ? undefined : { fields: sameFields(before, row.data), timers: row.timers === timersBefore },
    taken: whole && !changed ? { from: row.stored } : undefined,
    // A deleted row is kept as long as the log may still have records for it.
    keepMs: row.data === undefined ? job.from.retentionMs + DAY_MS : undefined,
  };
}

/**
 * Whether the row is new or deleted, or one of its map fields was replaced instead of changed. Then the store may have entries that were
 * never deleted.
 */
function isReplaced(job: Job, before: Row | undefined, after: Row | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  return mapFields(job.row.record).some(({ name }) => {
    const was = before[name] as Entries<unknown> | undefined;
    const is = after[name] as Entries<unknown> | undefined;
    return was === undefined || is === undefined || !is.isVersionOf(was);
  });
}

/** A replaced list counts as changed even with equal contents. Fields are compared on demand, since not every store asks. */
const sameFields = (before: Row | undefined, after: Row | undefined): Unchanged['fields'] => ({
  has: (name) => before?.[name] === after?.[name],
});

/** A row as it is after its store has taken it. */
export function settled(job: Job, data: Row | undefined): Row | undefined {
  const maps = mapFields(job.row.record);
  if (data === undefined || maps.length === 0) return data;
  const result: Record<string, unknown> = { ...data };
  for (const { name } of maps) result[name] = (data[name] as Entries<unknown>).settled();
  return result;
}
