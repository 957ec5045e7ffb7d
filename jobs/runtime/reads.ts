/** What a batch reads before and while it folds: rows and lookups, as few calls as there are tables. */
import { messageOf } from '../../schemas/errors.ts';
import type { Event } from '../../schemas/event.ts';
import { keyFields } from '../../schemas/target.ts';
import type { Key } from '../../sinks/port.ts';
import { type FoundRows, type Job, type Lookup, type Lookups, Rejection, type Row } from '../define.ts';
import { type FoundLookups, type LookupCache, lookupId } from './lookups.ts';
import type { Plan, Planned } from './plan.ts';
import { idOf, namedKey, type PartitionRows } from './rows.ts';

export interface ReadContext {
  readonly job: Job;
  readonly rows: PartitionRows;
  readonly lookups: LookupCache;
  /** Finds the keys of the partition's rows with a value in an indexed field, as the store knows them. */
  readonly where: (tenant: string, field: string, value: string) => Promise<Key[]>;
}

/** One row that an event touches, with what its fold looks up; a rejection when the job failed to say what that is. */
export interface Target {
  readonly key: Key;
  readonly found: FoundRows | Rejection;
}

const NOTHING: FoundRows = {};

/** Reads for all items whose rows are named, together. Answers the targets of an item. */
export async function readAhead(
  plan: Plan,
  context: ReadContext,
): Promise<(item: Planned) => Target[] | Promise<Target[]>> {
  const { job, rows, lookups } = context;
  const keys = new Map<string, Key>();
  const wanted: Wanted = new Map();
  const wishes = new Map<Planned, readonly Wish[]>();
  for (const item of plan.items) {
    for (const key of item.keys) keys.set(idOf(key), key);
    if (job.lookups !== undefined)
      wishes.set(
        item,
        item.keys.map((key) => wishFor(job, key, item.event, wanted)),
      );
  }
  if (plan.items.some(({ event }) => job.from.broadcasts.some(({ type }) => type === event.type))) lookups.forget();
  await rows.load(keys);
  const ahead = await lookups.load(wanted);
  return (item) => {
    if (item.search !== undefined) return search(item, context);
    const wished = wishes.get(item);
    return item.keys.map((key, i) => ({
      key,
      found: wished === undefined ? NOTHING : granted(wished[i] as Wish, ahead),
    }));
  };
}

type Wanted = Map<string, readonly [tenant: string, Lookup]>;
/** The names under which a fold wants its lookups, and their ids. */
type Wish = readonly (readonly [name: string, id: string])[] | Rejection;

function wishFor(job: Job, key: Key, event: Event, wanted: Wanted): Wish {
  const lookups = lookupsOf(job, key, event);
  if (lookups instanceof Rejection) return lookups;
  const wish: [string, string][] = [];
  for (const name in lookups) {
    const lookup = lookups[name] as Lookup;
    const id = lookupId(event.tenant, lookup);
    wanted.set(id, [event.tenant, lookup]);
    wish.push([name, id]);
  }
  return wish;
}

function granted(wish: Wish, rows: FoundLookups): FoundRows | Rejection {
  if (wish instanceof Rejection) return wish;
  const found: Record<string, Row | undefined> = {};
  for (const [name, id] of wish) found[name] = rows.get(id);
  return found;
}

function lookupsOf(job: Job, key: Key, event: Event): Lookups | Rejection {
  if (job.lookups === undefined) return {};
  try {
    return job.lookups(namedKey(job.row, key), event);
  } catch (error) {
    return new Rejection('JOB_FAILED', `${job.name} could not say what ${event.type} looks up: ${messageOf(error)}`);
  }
}

/** The rows an event finds: those of the store, and those of this batch that the store does not know yet. */
async function search({ event, search }: Planned, { job, rows, lookups, where }: ReadContext): Promise<Target[]> {
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
  const keys = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
  const wanted: Wanted = new Map();
  const wishes = keys.map((key) => wishFor(job, key, event, wanted));
  const rowsFound = await lookups.load(wanted);
  return keys.map((key, i) => ({ key, found: granted(wishes[i] as Wish, rowsFound) }));
}
