/** Folds the planned events of a batch into their rows, in log order. What follows is collected in the outboxes of the rows. */
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { isKeyPart } from '../../../core/key-part.ts';
import { withoutPersons } from '../../../core/persons.ts';
import { keyFields, type TableDef } from '../../../core/target.ts';
import type { Codec } from '../../../topics/codec/codec.ts';
import { isTime } from '../../../topics/codec/time.ts';
import { keyOf } from '../../../topics/define.ts';
import type { Headers } from '../../../topics/log/transport.ts';
import { type FoundRows, type Output, Rejection, type Row } from '../../define.ts';
import { LONGEST_MESSAGE } from '../dead-letter.ts';
import type { Limit } from '../limits.ts';
import type { Clock } from '../stores.ts';
import type { Destinations } from './destinations.ts';
import { moved, type OutboxEntry, pending } from './outbox.ts';
import type { Plan, Planned } from './plan.ts';
import { advanced, beyondLogAdvice, isApplied, lastApplied } from './position.ts';
import { type ReadContext, readAhead } from './reads.ts';
import { Rejected, rejectedBy } from './rejected.ts';
import type { LiveRow } from './rows.ts';
import type { Rules } from './rules.ts';
import { firedTimer, tracesOf, withWakes } from './timers/pending.ts';
import { whyTooLarge } from './too-large.ts';

/** A row that a record of the batch touches. */
export interface Touched {
  readonly row: LiveRow;
  readonly before: Row | undefined;
  readonly timersBefore: LiveRow['timers'];
  /** Whether this attempt folded something into it. */
  changed: boolean;
  /** Whether this attempt folded a record with the row, even if nothing changed or the row rejected the record. */
  judged: boolean;
  /** Whether an earlier attempt had folded a record of this batch into it. */
  skipped: boolean;
  /** Whether its views have to be written again, because an earlier attempt may not have written them. */
  again: boolean;
  /** The last record that changed the row; if none did, the first that touched it. */
  last: Planned;
}

/**
 * The outcome of a record. If the record touches several rows, the outcome furthest to the right counts. A rejection names all rows that
 * reject the record.
 */
export type Outcome = 'repeated' | 'unchanged' | 'applied' | Rejected;

export interface Folded {
  readonly touched: ReadonlyMap<string, Touched>;
  /** The entries that this attempt, and no earlier one, put into an outbox. */
  readonly fresh: ReadonlySet<OutboxEntry>;
  /** The outcome of each item of the plan, by offset. */
  readonly outcomes: Map<number, Outcome>;
  readonly eventTime: number | undefined;
}

export interface FoldContext extends ReadContext {
  readonly codec: Pick<Codec, 'encode'>;
  readonly rules: Rules;
  readonly destinations: Destinations;
  readonly partition: number;
  /** The largest offset that was committed before the claim. */
  readonly furthest: number;
  /** The offset after the last record of the partition, as far as known; `refreshEnd` asks the log again. */
  readonly end: number;
  readonly refreshEnd: () => Promise<number>;
  /** Rows that cannot be written with the changes of this batch, by id, with the reason. */
  readonly refused: ReadonlyMap<string, Rejection>;
  readonly yieldToLoop: Clock['yieldToLoop'];
  readonly limit: Limit;
  /** The trace headers for everything that the record at an offset causes. */
  readonly traceOf: (offset: number) => Headers | undefined;
}

interface Folding extends FoldContext {
  /** Collects the entries that this attempt puts into an outbox. */
  readonly fresh: Set<OutboxEntry>;
}

export async function foldAll(plan: Plan, context: FoldContext): Promise<Folded> {
  const { rows, rules, refused, partition, furthest } = context;
  const touched = new Map<string, Touched>();
  const fresh = new Set<OutboxEntry>();
  const folding: Folding = { ...context, fresh };
  const targetsOf = await readAhead(plan, context);
  const outcomes = new Map<number, Outcome>();
  let eventTime: number | undefined;

  for (const item of plan.items) {
    const ready = targetsOf(item);
    const targets = Array.isArray(ready) ? ready : await ready;
    let outcome: Outcome | undefined;
    for (const { id, found } of targets) {
      const pause = context.yieldToLoop();
      if (pause !== undefined) await pause;
      const row = rows.get(id);
      const { only } = item;
      const isFor = only === undefined || only.rows.has(id);
      const isShown = only?.views.has(id) === true && row.stored !== undefined;
      if (!isFor && !isShown) continue;
      const isRepeat = !isFor || (rules.skip && hasApplied(row, item, partition));
      if (!isRepeat && rules.judgedOnce && item.record.offset < furthest) {
        outcome = worst(outcome, 'repeated');
        continue;
      }
      const one = touched.get(id) ?? untouched(row, item, context);
      touched.set(id, one);
      if (isShown) one.again = true;
      if (isRepeat) {
        if (lastApplied(row.at, partition) >= context.end) await checkPosition(row, context);
        one.skipped = true;
        one.again ||= rules.again;
        const { cameFrom, record } = item;
        if (cameFrom !== undefined) row.outbox = [...moved(row.outbox, cameFrom, { partition, offset: record.offset })];
        // If the store refused the row before, it has the row now, from a slow earlier owner. A view that failed fails again.
        const why = refused.get(id);
        outcome = why?.code === 'JOB_FAILED' ? rejectedBy(outcome, row, why, true) : worst(outcome, 'repeated');
        continue;
      }
      one.judged = true;
      if (!isMatch(row.data, item)) continue;
      const answer = refused.get(id) ?? (found instanceof Rejection ? found : foldOne(row, item, found, folding));
      if (answer === 'applied') {
        one.changed = true;
        one.last = item;
      } else if (answer instanceof Rejection) {
        if (answer.code !== 'ROW_REFUSED' && dropTimer(row, item)) {
          one.changed = true;
          one.last = item;
        }
        if (rules.rejectionKept) {
          row.outbox.push(rejectionOf(answer, item, partition));
        }
      }
      // If the row is written for any reason, later owners that read it need not judge the record again.
      row.at = advanced(row.at, partition, item.record.offset);
      outcome = answer instanceof Rejection ? rejectedBy(outcome, row, answer, false) : worst(outcome, answer);
    }
    outcomes.set(item.record.offset, outcome ?? 'unchanged');
    eventTime = item.event.time;
  }
  return { touched, fresh, outcomes, eventTime };
}

/** Gives the row an outbox that this batch may add to, without the entries that have left. */
function untouched(row: LiveRow, last: Planned, { hasLeft }: FoldContext): Touched {
  const { data: before, timers: timersBefore } = row;
  row.outbox = [...pending(row.outbox, hasLeft)];
  return { row, before, timersBefore, changed: false, judged: false, skipped: false, again: false, last };
}

function rejectionOf({ code, message }: Rejection, { record, event }: Planned, partition: number): OutboxEntry {
  const cause = { partition, offset: record.offset, time: event.time, tenant: event.tenant };
  return { kind: 'rejection', ...cause, code, message: message.slice(0, LONGEST_MESSAGE) };
}

const RANK = ['repeated', 'unchanged', 'applied'];

function worst(a: Outcome | undefined, b: 'repeated' | 'unchanged' | 'applied'): Outcome {
  if (a === undefined || a instanceof Rejected) return a ?? b;
  return RANK.indexOf(b) > RANK.indexOf(a) ? b : a;
}

/**
 * A search returns what the store knows, which includes rows that have since been deleted or have another value. The event does not touch
 * those rows, unless an earlier attempt has folded it into them.
 */
function isMatch(data: Row | undefined, { search }: Planned): boolean {
  if (search === undefined) return true;
  return data !== undefined && (!('where' in search) || data[search.where[0]] === search.where[1]);
}

function hasApplied(row: LiveRow, { record, cameFrom }: Planned, partition: number): boolean {
  if (row.at.length === 0) return false;
  return (
    isApplied(row.at, partition, record.offset) ||
    (cameFrom !== undefined && isApplied(row.at, cameFrom[0], cameFrom[1]))
  );
}

/** A row cannot have applied records that the log does not have. */
async function checkPosition(row: LiveRow, { job, partition, refreshEnd }: FoldContext): Promise<void> {
  const last = lastApplied(row.at, partition);
  if (last < (await refreshEnd())) return;
  throw new TributaryError(
    'POSITION_BEYOND_LOG',
    `${job.name}: a row of ${job.row.name} has applied offset ${last} of partition ${partition} of ${job.from.name}, which ends before it, unless the tables are of another installation: ${beyondLogAdvice(job.name)}`,
  );
}

/** A job that throws for an event would throw again. So an error counts as a rejection. */
function foldOne(row: LiveRow, item: Planned, found: FoundRows, context: Folding): 'applied' | 'unchanged' | Rejection {
  const { job, fresh } = context;
  const { event } = item;
  const timers = firedTimer(row, event);
  if (timers === 'not pending') return 'unchanged';
  try {
    const before = row.data;
    if (item.forgotten.length > 0) return erased(row, item.forgotten, context);
    const after = job.fold[event.type]?.(before, event, found);
    if (after instanceof Rejection) return after;
    if (after !== undefined && after !== before) checkKey(job.row, row, after);
    const outputs = job.react(before, after, event, found);
    if (after === before && outputs.length === 0 && timers === undefined) return 'unchanged';
    const timersAfter = withWakes(timers ?? row.timers, outputs);
    const entries: OutboxEntry[] = [];
    for (const output of outputs) {
      const entry = entryOf(output, row, item, context);
      const why = entry && whyTooLarge(entry, context.limit);
      if (why !== undefined) return new Rejection('RECORD_TOO_LARGE', why);
      if (entry !== undefined) entries.push(entry);
    }
    row.data = after;
    row.revision += 1;
    row.traces = tracesOf(row, timersAfter, context.traceOf(item.record.offset));
    row.timers = timersAfter;
    if (!context.rules.outbox) row.outbox = [];
    for (const entry of entries) {
      row.outbox.push(entry);
      fresh.add(entry);
    }
    return 'applied';
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    return new Rejection('JOB_FAILED', `${job.name} failed at ${event.type}: ${messageOf(error)}`);
  }
}

/** Takes the users out of the row. Nothing follows from it: what was emitted and counted about them stays as it was. */
function erased(row: LiveRow, users: readonly string[], { job }: Folding): 'applied' | 'unchanged' {
  if (row.data === undefined) return 'unchanged';
  const after = withoutPersons(job.row, row.data, (id) => users.includes(id));
  if (after === row.data) return 'unchanged';
  row.data = after;
  row.revision += 1;
  if (after === undefined) {
    row.timers = {};
    row.traces = undefined;
  }
  return 'applied';
}

/**
 * Drops a timer at which the job failed, because otherwise every owner would fire it again. Its dead letter stays. If the store refuses the
 * row, the timer stays, because the row cannot be written.
 */
function dropTimer(row: LiveRow, { event }: Planned): boolean {
  const timers = firedTimer(row, event);
  if (timers === undefined || timers === 'not pending') return false;
  row.timers = timers;
  row.revision += 1;
  return true;
}

/** A row is stored under the key by which it was read, so its key fields must not change. */
function checkKey(table: TableDef, { key }: LiveRow, data: Row): void {
  let i = 1;
  for (const name of keyFields(table)) {
    if (data[name] !== key[i++]) throw new Error(`the key field ${name} of the row ${key.join('/')} cannot change`);
  }
}

function entryOf(
  output: Output,
  row: LiveRow,
  { record, event }: Planned,
  { codec, destinations, partition }: FoldContext,
): OutboxEntry | undefined {
  const cause = { partition, offset: record.offset, time: event.time, tenant: event.tenant };
  switch (output.kind) {
    case 'wake':
      return undefined;
    case 'call': {
      const { kind: _kind, channel, attempt, ...message } = output;
      return { kind: 'call', ...cause, row: row.key, channel, attempt, message };
    }
    case 'emit': {
      const { topic, def } = destinations.of(output.type);
      if (output.at !== undefined && !isTime(output.at)) {
        throw new Error(`${output.type} cannot have the time ${output.at}: it must be a whole number of ms`);
      }
      const key = keyOf(topic, { type: output.type, data: output.data });
      if (key !== null && !isKeyPart(key))
        throw new Error(`the key of ${output.type} is not a text of 1 to 512 characters`);
      return {
        kind: 'event',
        ...cause,
        time: Math.max(event.time, output.at ?? event.time),
        topic: topic.name,
        type: output.type,
        key,
        value: codec.encode(topic.name, def, output.data),
      };
    }
  }
}
