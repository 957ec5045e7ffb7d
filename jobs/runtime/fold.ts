/** Folds the planned events of a batch into their rows, in log order, and collects what the rows have to say. */
import { messageOf, TributaryError } from '../../schemas/errors.ts';
import { callAnswered, type Event, timerFired } from '../../schemas/event.ts';
import { keyFields } from '../../schemas/target.ts';
import type { Key } from '../../sinks/port.ts';
import { type Codec, isKeyPart } from '../../topics/codec.ts';
import { keyOf } from '../../topics/define.ts';
import { type FoundRows, type Job, type Lookups, type Output, Rejection, type Row } from '../define.ts';
import type { Destinations } from './destinations.ts';
import type { LookupCache } from './lookups.ts';
import { type OutboxEntry, pending } from './outbox.ts';
import type { Plan, Planned } from './plan.ts';
import { advanced, isApplied, lastApplied } from './position.ts';
import { idOf, type LiveRow, namedKey, type PartitionRows } from './rows.ts';
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

export interface FoldContext {
  readonly job: Job;
  readonly codec: Codec;
  readonly rows: PartitionRows;
  readonly lookups: LookupCache;
  readonly rules: Rules;
  readonly destinations: Destinations;
  readonly partition: number;
  /** The offset at which the batch begins: where the last one was committed. */
  readonly first: number;
  /** Finds the keys of the partition's rows with a value in an indexed field, as the store knows them. */
  readonly where: (tenant: string, field: string, value: string) => Promise<Key[]>;
  /** The offset after the last record of the partition, as known; `refreshEnd` asks again. */
  readonly end: number;
  readonly refreshEnd: () => Promise<number>;
}

const NOTHING_FOUND: FoundRows = {};

export async function foldAll(plan: Plan, context: FoldContext): Promise<Folded> {
  const { job, rows, lookups } = context;
  const touched = new Map<string, Touched>();
  const fresh = new Set<OutboxEntry>();
  const wants = await prepare(plan, context);
  let applied = 0;
  let eventTime: number | undefined;

  for (const item of plan.items) {
    const keys = item.search === undefined ? item.keys : await searched(item, context);
    let outcome: 'applied' | 'repeated' | 'unchanged' | Rejection = keys.length === 0 ? 'unchanged' : 'repeated';
    for (const key of keys) {
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
      const wanted = wants.get(item)?.get(id) ?? job.lookups?.(namedKey(job.row, key), item.event);
      if (item.search !== undefined && wanted !== undefined)
        await lookups.load(item.event.tenant, Object.values(wanted));
      const result = foldOne(row, item, found(wanted, item.event.tenant, lookups), context, fresh);
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

/** Reads the rows and lookups of all items whose rows are named, together. */
async function prepare(plan: Plan, { job, rows, lookups }: FoldContext): Promise<Map<Planned, Map<string, Lookups>>> {
  const keys = new Map<string, Key>();
  const wants = new Map<Planned, Map<string, Lookups>>();
  const byTenant = new Map<string, Lookups[string][]>();
  for (const item of plan.items) {
    for (const key of item.keys) {
      const id = idOf(key);
      keys.set(id, key);
      if (job.lookups === undefined) continue;
      const wanted = job.lookups(namedKey(job.row, key), item.event);
      wants.set(item, (wants.get(item) ?? new Map<string, Lookups>()).set(id, wanted));
      const list = byTenant.get(item.event.tenant) ?? [];
      list.push(...Object.values(wanted));
      byTenant.set(item.event.tenant, list);
    }
  }
  await rows.load(keys);
  for (const [tenant, wanted] of byTenant) await lookups.load(tenant, wanted);
  return wants;
}

/** The rows an event finds: those of the store, and those of this batch that the store does not know yet. */
async function searched({ event, search }: Planned, { job, rows, where }: FoldContext): Promise<Key[]> {
  const found = new Map<string, Key>();
  const add = (key: Key) => found.set(idOf(key), key);
  if (search !== undefined && 'every' in search) {
    const prefix = [event.tenant];
    for (const name of keyFields(job.row)) if (search.every[name] !== undefined) prefix.push(search.every[name]);
    for (const key of await rows.under(prefix)) add(key);
    for (const row of rows.matching(({ key }) => prefix.every((part, i) => key[i] === part))) add(row.key);
  } else if (search !== undefined) {
    const [field, value] = search.where;
    const keys = await where(event.tenant, field, value);
    await rows.load(new Map(keys.map((key) => [idOf(key), key])));
    for (const key of keys) add(key);
    for (const row of rows.matching(({ key, data }) => key[0] === event.tenant && data?.[field] === value))
      add(row.key);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
}

function found(wanted: Lookups | undefined, tenant: string, lookups: LookupCache): FoundRows {
  if (wanted === undefined) return NOTHING_FOUND;
  const rows: Record<string, Row | undefined> = {};
  for (const name in wanted) rows[name] = lookups.get(tenant, wanted[name] as Lookups[string]);
  return rows;
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
