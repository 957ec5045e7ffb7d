/** Folds the planned events of a batch into their rows, in log order, and collects what the rows have to say. */
import { messageOf, TributaryError } from '../../schemas/errors.ts';
import { callAnswered, type Event, timerFired } from '../../schemas/event.ts';
import { type Codec, isKeyPart } from '../../topics/codec.ts';
import { keyOf } from '../../topics/define.ts';
import { type FoundRows, type Output, Rejection, type Row } from '../define.ts';
import type { Destinations } from './destinations.ts';
import { type OutboxEntry, pending } from './outbox.ts';
import type { Plan, Planned } from './plan.ts';
import { advanced, isApplied, lastApplied } from './position.ts';
import { type ReadContext, readAhead } from './reads.ts';
import { idOf, type LiveRow } from './rows.ts';
import type { Rules } from './rules.ts';

/** A row that the batch has to do with. */
export interface Touched {
  readonly row: LiveRow;
  readonly before: Row | undefined;
  /** Whether this attempt folded something into it. */
  changed: boolean;
  /** Whether an earlier attempt had folded a record of this batch into it: then its views may not be written yet. */
  again: boolean;
  lastOffset: number;
  lastTime: number;
}

export interface Folded {
  readonly touched: ReadonlyMap<string, Touched>;
  /** The entries that this attempt put into an outbox, and no earlier one. */
  readonly fresh: ReadonlySet<OutboxEntry>;
  readonly applied: number;
  readonly eventTime: number | undefined;
}

export interface FoldContext extends ReadContext {
  readonly codec: Codec;
  readonly rules: Rules;
  readonly destinations: Destinations;
  readonly partition: number;
  /** The offset at which the batch begins: where the last one was committed. */
  readonly first: number;
  /** The offset after the last record of the partition, as known; `refreshEnd` asks again. */
  readonly end: number;
  readonly refreshEnd: () => Promise<number>;
}

export async function foldAll(plan: Plan, context: FoldContext): Promise<Folded> {
  const { rows } = context;
  const touched = new Map<string, Touched>();
  const fresh = new Set<OutboxEntry>();
  const targetsOf = await readAhead(plan, context);
  let applied = 0;
  let eventTime: number | undefined;

  for (const item of plan.items) {
    const targets = await targetsOf(item);
    let outcome: 'applied' | 'repeated' | 'unchanged' | Rejection = targets.length === 0 ? 'unchanged' : 'repeated';
    for (const { key, found } of targets) {
      const id = idOf(key);
      const row = rows.get(id);
      let one = touched.get(id);
      if (one === undefined) {
        one = { row, before: row.data, changed: false, again: false, lastOffset: -1, lastTime: item.event.time };
        touched.set(id, one);
      }
      if (context.rules.skip && hasApplied(row, item, context.partition)) {
        if (lastApplied(row.at, context.partition) >= context.end) await checkPosition(row, context);
        one.again = true;
        continue;
      }
      const result = found instanceof Rejection ? found : foldOne(row, item, found, context, fresh);
      if (result instanceof Rejection) {
        outcome = result;
        continue;
      }
      if (result) {
        one.changed = true;
        one.lastOffset = item.record.offset;
        one.lastTime = item.event.time;
        outcome = 'applied';
      } else if (outcome === 'repeated') outcome = 'unchanged';
    }
    if (outcome instanceof Rejection)
      plan.rejected.push({ record: item.record, code: outcome.code, message: outcome.message });
    else if (outcome === 'applied') applied += 1;
    else plan.skipped[outcome] += 1;
    eventTime = item.event.time;
  }
  return { touched, fresh, applied, eventTime };
}

function hasApplied(row: LiveRow, { record, cameFrom }: Planned, partition: number): boolean {
  if (row.at.length === 0) return false;
  return (
    isApplied(row.at, partition, record.offset) ||
    (cameFrom !== undefined && isApplied(row.at, cameFrom[0], cameFrom[1]))
  );
}

/** A row cannot have applied what the log does not have. */
async function checkPosition(row: LiveRow, { job, partition, refreshEnd }: FoldContext): Promise<void> {
  const last = lastApplied(row.at, partition);
  if (last < (await refreshEnd())) return;
  throw new TributaryError(
    'POSITION_BEYOND_LOG',
    `${job.name}: the row ${row.key.join('/')} has applied offset ${last} of partition ${partition} of ${job.from.name}, which ends before it: the topic was deleted and made again, or the tables are of another installation; start with empty tables or restore the topic`,
  );
}

/** Whether the row changed, or why the event cannot be applied. A job that throws for an event would throw again: that is a rejection too. */
function foldOne(
  row: LiveRow,
  item: Planned,
  found: FoundRows,
  context: FoldContext,
  fresh: Set<OutboxEntry>,
): boolean | Rejection {
  const { job } = context;
  const { event, record } = item;
  const timers = firedTimer(row, event);
  if (timers === 'not pending') return false;
  try {
    const before = row.data;
    const after = job.fold[event.type]?.(before, event, found);
    if (after instanceof Rejection) return after;
    const said = job.react(before, after, event, found);
    if (after === before && said.length === 0 && timers === undefined) return false;
    const entries = said.flatMap((output) => entryOf(output, row, item, context) ?? []);
    row.data = after;
    row.at = advanced(row.at, context.partition, record.offset);
    row.revision += 1;
    row.timers = withWishes(timers ?? row.timers, said);
    row.outbox = [...pending(context.rules.outbox ? row.outbox : [], context.first), ...entries];
    for (const entry of entries) fresh.add(entry);
    return true;
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    return new Rejection('JOB_FAILED', `${job.name} failed at ${event.type}: ${messageOf(error)}`);
  }
}

/** The timers without the one that fired; undefined when the event is no timer. */
function firedTimer(row: LiveRow, event: Event): Readonly<Record<string, number>> | 'not pending' | undefined {
  if (event.type !== timerFired.type)
    return event.type === callAnswered.type && row.data === undefined ? 'not pending' : undefined;
  const { name, due } = event.data as { name: string; due: number };
  if (!Object.hasOwn(row.timers, name) || row.timers[name] !== due) return 'not pending';
  const { [name]: _fired, ...others } = row.timers;
  return others;
}

function withWishes(
  timers: Readonly<Record<string, number>>,
  said: readonly Output[],
): Readonly<Record<string, number>> {
  let result = timers;
  for (const output of said) {
    if (output.kind !== 'wake') continue;
    const { [output.name]: _before, ...others } = result;
    result = output.due === null ? others : { ...others, [output.name]: output.due };
  }
  return result;
}

function entryOf(
  output: Output,
  row: LiveRow,
  { record, event }: Planned,
  { codec, destinations }: FoldContext,
): OutboxEntry | undefined {
  const said = { offset: record.offset, time: event.time, tenant: event.tenant };
  switch (output.kind) {
    case 'wake':
      return undefined;
    case 'call': {
      const { kind: _kind, channel, attempt, ...message } = output;
      return { kind: 'call', ...said, row: row.key, channel, attempt, message };
    }
    case 'emit': {
      const { topic, def } = destinations.of(output.type);
      const key = keyOf(topic, { type: output.type, data: output.data });
      if (key !== null && !isKeyPart(key))
        throw new Error(`the key of ${output.type} is no text of 1 to 512 characters`);
      return {
        kind: 'event',
        ...said,
        topic: topic.name,
        type: output.type,
        key,
        value: codec.encode(topic.name, def, output.data),
      };
    }
  }
}
