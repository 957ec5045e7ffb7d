/**
 * Makes the pending writes of a view for a part of the log that was processed without it: the records of all rows that the part touched,
 * made from the rows as they are now, and at their versions. So in whatever order writes arrive, the one from the newest row stays. If a
 * row no longer shows a record, its outbox names the record, and keeps that removal until the view has passed it.
 */
import { messageOf, TributaryError } from '../../../../core/errors.ts';
import { keyFields, type Target } from '../../../../core/target.ts';
import type { Change, Key } from '../../../../sinks/port.ts';
import type { StoredRow } from '../../../../sinks/tables/port.ts';
import type { LogRecord } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import type { Assignment } from '../../assignment.ts';
import type { Runtime } from '../../stores.ts';
import { parseOutbox } from '../outbox.ts';
import { type Planned, plan, wantedOf } from '../plan.ts';
import { idOf } from '../rows.ts';
import { viewChanges } from './make.ts';
import { applyTo } from './write.ts';

export interface OwedContext {
  readonly runtime: Pick<Runtime, 'stores' | 'settings' | 'upstreams' | 'clock' | 'forgotten'>;
  readonly job: Job;
  readonly assignment: Assignment;
  readonly token: number;
  readonly topicId: string;
  /** The partitions under which rows of this partition may be stored. */
  readonly stored: readonly number[];
  /** Reports a record that could not be made, or that the store will never accept. */
  readonly refused: (view: string, key: Key, why: string) => void;
}

/** Progress with rows found by a search: all rows of records before `offset` are written, and those of that record up to `after`. */
export interface Reached {
  readonly offset: number;
  readonly after: string | undefined;
}

/** Records are planned as if the topic had one partition: none is sent on, and those whose keys moved in an expansion are included. */
const WHOLE_TOPIC = 1;
const NONE_LEFT = () => false;

/**
 * Throws a `retry` error if a store or the log does not answer, and FENCED if the partition has a newer owner. Any part may be repeated. A
 * search may find very many rows for one record, so progress is reported to `note`, and the next attempt begins at `reached`.
 */
export async function writeOwed(
  context: OwedContext,
  target: Target,
  records: readonly LogRecord[],
  { reached, note }: { reached: Reached | undefined; note: (reached: Reached) => void },
): Promise<void> {
  const { runtime, job, topicId } = context;
  const { codec } = runtime.stores;
  await codec.learn(records, wantedOf(job));
  const { items } = await plan(records, {
    job,
    codec,
    partition: 0,
    topic: { id: topicId, partitions: WHOLE_TOPIC },
    upstreams: runtime.upstreams(job.from.name),
    dedupe: undefined,
    furthest: 0,
    limit: () => 0,
    undeclaredTypes: 'skip',
    forgotten: runtime.forgotten,
    yieldToLoop: () => runtime.clock.yieldToLoop(),
  });
  const keys = new Map<string, Key>();
  for (const item of items) for (const key of item.keys) keys.set(idOf(key), key);
  const named = [...keys.values()];
  const { maxKeys } = runtime.settings;
  for (let i = 0; i < named.length; i += maxKeys) {
    await writeRows(context, target, await read(context, named.slice(i, i + maxKeys)));
  }
  for (const item of items) {
    const { offset } = item.record;
    if (item.search === undefined || offset < (reached?.offset ?? 0)) continue;
    const after = reached?.offset === offset ? reached.after : undefined;
    for await (const page of found(context, item, after)) {
      await writeRows(context, target, page.rows);
      note(page.next === undefined ? { offset: offset + 1, after: undefined } : { offset, after: page.next });
    }
  }
}

async function read({ runtime, job }: OwedContext, keys: readonly Key[]): Promise<StoredRow[]> {
  const rows = await runtime.stores.tables.read(job.row, keys);
  return rows.filter((row) => row !== undefined);
}

interface FoundPage {
  readonly rows: readonly StoredRow[];
  /** Where the next page begins; undefined if there is none. */
  readonly next: string | undefined;
}

/** The rows that an event finds by a search. Rows that had the value then still have it, because indexed fields are part of the key. */
async function* found(
  context: OwedContext,
  { event, search }: Planned,
  from: string | undefined,
): AsyncIterable<FoundPage> {
  const { runtime, job, stored } = context;
  const { tables } = runtime.stores;
  if (search === undefined) return;
  if ('every' in search) {
    const prefix = [event.tenant];
    for (const name of keyFields(job.row)) if (search.every[name] !== undefined) prefix.push(search.every[name]);
    yield { rows: await tables.under(job.row, prefix), next: undefined };
    return;
  }
  let after = from;
  do {
    const page = { limit: runtime.settings.maxKeys, after };
    const [field, value] = search.where;
    const of = { partitions: stored, tenant: event.tenant, field, value };
    const matching = await tables.matching(job.row, of, page);
    after = matching.next;
    yield { rows: await read(context, matching.items), next: after };
  } while (after !== undefined);
}

/**
 * As in a batch, the token is checked between reading the rows and writing the view: a newer owner that has read the same rows may already
 * have written newer records. An owner that comes later reads at least what was read here.
 */
async function writeRows(context: OwedContext, target: Target, rows: readonly StoredRow[]): Promise<void> {
  const { runtime, assignment, token } = context;
  const { stores } = runtime;
  const changes: Change[] = [];
  for (const row of rows) {
    const pause = runtime.clock.yieldToLoop();
    if (pause !== undefined) await pause;
    changes.push(...changesOf(context, target, row));
  }
  if (changes.length === 0) return;
  const newest = await stores.tables.token(assignment.job, assignment.topic, assignment.partition);
  if (newest !== token) {
    throw new TributaryError(
      'FENCED',
      `partition ${assignment.partition} of ${assignment.topic} has an owner with token ${newest}`,
    );
  }
  const results = await applyTo(stores, target, changes);
  results.forEach((result, i) => {
    if (typeof result !== 'string') context.refused(target.name, (changes[i] as Change).key, result.refused);
  });
}

function changesOf({ job, topicId, refused }: OwedContext, target: Target, row: StoredRow): Change[] {
  const { key, version, data, outbox } = row;
  const tenant = key[0] as string;
  const changes = new Map<string, Change>();
  for (const entry of parseOutbox(outbox, topicId, tenant, NONE_LEFT)) {
    if (entry.kind !== 'removal' || entry.view !== target.name) continue;
    changes.set(idOf(entry.key), { key: entry.key, version, record: undefined });
  }
  for (const view of job.views) {
    if (view.into !== target) continue;
    try {
      for (const put of viewChanges(view, { tenant, before: undefined, after: data, again: true }).puts) {
        changes.set(idOf(put.key), { ...put, version });
      }
    } catch (error) {
      refused(target.name, key, `${job.name} failed to make it: ${messageOf(error)}`);
    }
  }
  return [...changes.values()];
}
