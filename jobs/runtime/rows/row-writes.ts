/** The rows of a batch as they are written: those that changed, and those that a young claim takes possession of. */
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
 * Whether a row is to be written. One that is not of our token is, whatever came of its records: an earlier owner may still
 * write what it made of them, and what it wrote late would stand beside what we say. Our version, with the token above its own, wins.
 */
export function isWritten(context: BatchContext, { row, changed, judged, skipped }: Touched): boolean {
  const { rules, token, isYoung } = context;
  if (changed) return true;
  if (!isYoung || row.stored?.token === token) return false;
  return (judged && rules.ownUnchanged) || (skipped && rules.ownSkipped);
}

const DAY_MS = 24 * 3_600_000;

/** Answers how many rows were written. Throws FENCED for a row of a newer owner, and `RowsRefused`. */
export async function writeRows(
  context: BatchContext,
  { touched, fresh }: Folded,
  refusedBefore: ReadonlyMap<string, Rejection>,
): Promise<number> {
  const { runtime, job, place, token, uncalled } = context;
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
        `the row ${row.key.join('/')} of ${job.row.name} was written by a newer owner of partition ${place.partition}`,
      );
    }
    if (result !== 'written') {
      // It cannot be written with or without the record; then it stays as it is.
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

function writeOf({ job, place, token, topicId }: BatchContext, one: Touched): RowWrite {
  const { row, before, changed, timersBefore } = one;
  // The first write of a new owner shows nothing of what an older one may have written meanwhile.
  const whole = row.stored?.token !== token || isReplaced(job, before, row.data);
  return {
    key: row.key,
    version: { token, revision: row.revision },
    at: formatAt(row.at, topicId),
    outbox: formatOutbox(row.outbox, topicId),
    timers: row.timers,
    data: row.data,
    partition: place.partition,
    whole,
    unchanged: whole ? undefined : { fields: sameFields(before, row.data), timers: row.timers === timersBefore },
    taken: whole && !changed ? { from: row.stored } : undefined,
    // What the log has dropped is not read again.
    keepMs: row.data === undefined ? job.from.retentionMs + DAY_MS : undefined,
  };
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
