/** The reads of a batch before and during folding: rows and lookups, with one call for each table. */
import { messageOf } from '../../../core/errors.ts';
import type { Event } from '../../../core/event.ts';
import { keyFields } from '../../../core/target.ts';
import type { Key } from '../../../sinks/port.ts';
import { type FoundRows, type Job, type Lookup, type Lookups, Rejection, type Row } from '../../define.ts';
import { type FoundLookups, type LookupCache, lookupId } from '../lookups.ts';
import type { ReadCount } from '../read-count.ts';
import type { HasLeft } from './outbox.ts';
import type { Plan, Planned } from './plan.ts';
import { idOf, type LiveRow, namedKey, type PartitionRows } from './rows.ts';

export interface ReadContext {
  readonly job: Job;
  readonly rows: PartitionRows;
  readonly lookups: LookupCache;
  readonly lookupReads: ReadCount;
  readonly hasLeft: HasLeft;
  /** Whether the batch has only one record. Its search may then find one page of many. */
  readonly isAlone: boolean;
  /** Finds the keys of the partition's rows with a value in an indexed field, as the store knows them. */
  readonly where: (item: Planned, field: string, value: string) => Promise<Key[]>;
}

/** One row that an event touches, with the lookup results for its fold; a rejection if the job failed to name its lookups. */
export interface Target {
  readonly id: string;
  readonly found: FoundRows | Rejection;
}

const NOTHING: FoundRows = {};

/** Reads together the rows and lookups of all items that name their rows. Returns a function for the targets of an item. */
export async function readAhead(
  plan: Plan,
  context: ReadContext,
): Promise<(item: Planned) => Target[] | Promise<Target[]>> {
  const { job, rows, lookups, lookupReads } = context;
  const keys = new Map<string, Key>();
  const wanted: Wanted = new Map();
  const named = new Map<Planned, Named[]>();
  let isBroadcast = false;
  for (const item of plan.items) {
    const rowsOf: Named[] = [];
    for (const key of item.keys) {
      const id = idOf(key);
      keys.set(id, key);
      rowsOf.push({ id, lookupIds: lookupIdsFor(job, key, item.event, wanted) });
    }
    named.set(item, rowsOf);
    isBroadcast ||= job.from.broadcasts.some(({ type }) => type === item.event.type);
  }
  if (isBroadcast) lookups.forget();
  await rows.load(keys, context.hasLeft);
  const ahead = await lookups.load(wanted, lookupReads);
  return (item) =>
    item.search === undefined
      ? (named.get(item) as Named[]).map(({ id, lookupIds }) => ({ id, found: lookupResult(lookupIds, ahead) }))
      : search(item, context);
}

interface Named {
  readonly id: string;
  readonly lookupIds: LookupIds;
}

type Wanted = Map<string, readonly [tenant: string, Lookup]>;
/** The ids of the lookups of a fold, with the names under which the fold gets their results. */
type LookupIds = readonly (readonly [name: string, id: string])[] | Rejection;
const NO_LOOKUPS: LookupIds = [];

function lookupIdsFor(job: Job, key: Key, event: Event, wanted: Wanted): LookupIds {
  if (job.lookups === undefined) return NO_LOOKUPS;
  const lookups = lookupsOf(job, key, event);
  if (lookups instanceof Rejection) return lookups;
  const ids: [string, string][] = [];
  for (const name in lookups) {
    const lookup = lookups[name] as Lookup;
    const id = lookupId(event.tenant, lookup);
    wanted.set(id, [event.tenant, lookup]);
    ids.push([name, id]);
  }
  return ids;
}

function lookupResult(ids: LookupIds, rows: FoundLookups): FoundRows | Rejection {
  if (ids === NO_LOOKUPS) return NOTHING;
  if (ids instanceof Rejection) return ids;
  const found: Record<string, Row | undefined> = {};
  for (const [name, id] of ids) found[name] = rows.get(id);
  return found;
}

function lookupsOf(job: Job, key: Key, event: Event): Lookups | Rejection {
  if (job.lookups === undefined) return {};
  try {
    return job.lookups(namedKey(job.row, key), event);
  } catch (error) {
    return new Rejection('JOB_FAILED', `${job.name} failed to name the lookups of ${event.type}: ${messageOf(error)}`);
  }
}

/** The rows that an event finds by a search: those in the store, and those of this batch that the store does not have yet. */
async function search(
  item: Planned,
  { job, rows, lookups, lookupReads, where, isAlone, hasLeft }: ReadContext,
): Promise<Target[]> {
  const { event, search } = item;
  const found = new Map<string, Key>();
  const add = (key: Key) => found.set(idOf(key), key);
  if (search !== undefined && 'every' in search) {
    const prefix = [event.tenant];
    for (const name of keyFields(job.row)) if (search.every[name] !== undefined) prefix.push(search.every[name]);
    for (const key of await rows.under(prefix, hasLeft)) add(key);
    for (const row of rows.matching(({ key }) => prefix.every((part, i) => key[i] === part))) add(row.key);
  } else if (search !== undefined) {
    const [field, value] = search.where;
    const keys = await where(item, field, value);
    await rows.load(new Map(keys.map((key) => [idOf(key), key])), hasLeft);
    for (const key of keys) add(key);
    const isFound = (row: LiveRow) => row.key[0] === event.tenant && row.data?.[field] === value;
    if (!isAlone) for (const row of rows.matching(isFound)) add(row.key);
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const wanted: Wanted = new Map();
  const named = sorted.map(([id, key]): Named => ({ id, lookupIds: lookupIdsFor(job, key, event, wanted) }));
  const rowsFound = await lookups.load(wanted, lookupReads);
  return named.map(({ id, lookupIds }) => ({ id, found: lookupResult(lookupIds, rowsFound) }));
}
