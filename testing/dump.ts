/** Everything that readers can see (rows, views and emitted events), in a form that can be compared. */

import type { EventDef } from '../core/event.ts';
import { DEFAULT_TENANT } from '../core/event.ts';
import { type CacheDef, type IndexDef, keyFields, type TableDef, type Target } from '../core/target.ts';
import type { Job } from '../jobs/define.ts';
import type { Topic } from '../topics/define.ts';
import { DedupePositions } from '../topics/log/dedupe-positions.ts';
import type { LogRecord, Transport } from '../topics/log/transport.ts';
import type { TestStores } from './stores.ts';

export interface Dump {
  readonly tables: Readonly<Record<string, unknown[]>>;
  readonly indexes: Readonly<Record<string, unknown[]>>;
  readonly caches: Readonly<Record<string, unknown[]>>;
}

export async function dump(stores: TestStores, jobs: readonly Job[], tenant = DEFAULT_TENANT): Promise<Dump> {
  const tables: Record<string, unknown[]> = {};
  const indexes: Record<string, unknown[]> = {};
  const caches: Record<string, unknown[]> = {};
  for (const target of new Set(jobs.flatMap((job) => [job.row, ...job.views.map((view) => view.into)]))) {
    if (target.kind === 'table') tables[target.name] = await allRows(stores, target, tenant);
    if (target.kind === 'index') indexes[target.name] = await allDocuments(stores, target, tenant);
    if (target.kind === 'cache') caches[target.name] = await allFields(stores, target, tenant);
  }
  return plain({ tables, indexes, caches });
}

/** Removes classes and prototypes, so that equal values compare equal. */
export function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

async function allRows({ tables }: TestStores, table: TableDef, tenant: string): Promise<unknown[]> {
  const { items, next } = await tables.select(table, [tenant], { limit: 10_000 });
  if (next !== undefined) throw new Error(`${table.name} has more rows than a test looks at`);
  return ordered(items, table);
}

async function allDocuments({ search }: TestStores, index: IndexDef, tenant: string): Promise<unknown[]> {
  return ordered((await search.search(index, { tenant, words: '', limit: 9999 })).items, index);
}

async function allFields({ database, cached }: TestStores, cache: CacheDef, tenant: string): Promise<unknown[]> {
  if (cached !== undefined) return ordered(await cached(cache, tenant), cache);
  const used = database.statement("SELECT 1 FROM sqlite_master WHERE name = 'cache_fields'").all();
  if (used.length === 0) return [];
  const rows = database
    .statement('SELECT record FROM cache_fields WHERE cache = ? AND record IS NOT NULL')
    .all<[string]>(cache.name);
  return ordered(
    rows.map(([record]) => JSON.parse(record)),
    cache,
  );
}

/** Sorted by key: some stores list the records of a tenant in an order of their own. */
function ordered(records: readonly Readonly<Record<string, unknown>>[], target: Target): unknown[] {
  const names = keyFields(target);
  const keyOf = (record: Readonly<Record<string, unknown>>) => names.map((name) => record[name]).join('\0');
  return [...records].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

export interface EmittedEvent {
  readonly type: string;
  readonly key: string | null;
  readonly data: unknown;
}

/** The events that a job emitted to a topic, as a reader applies them: each partition in order, without repeats by origin. */
export async function emittedEvents(
  stores: TestStores,
  topic: Topic,
  job: Job,
  tenant?: string,
): Promise<EmittedEvent[]> {
  const wanted = new Map<string, EventDef>([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));
  const events: EmittedEvent[] = [];
  for (const partition of await partitionsOf(stores.transport, topic.name)) {
    const dedupe = DedupePositions.none();
    for (const record of partition) {
      const decoded = stores.codec.decode(topic, record, wanted);
      if (decoded.kind !== 'event' || !decoded.origin?.line.startsWith(`${job.name}/`)) continue;
      if (!dedupe.pass(decoded.origin)) continue;
      if (tenant !== undefined && decoded.event.tenant !== tenant) continue;
      const key = record.key === null ? null : Buffer.from(record.key).toString();
      events.push(plain({ type: decoded.event.type, key, data: decoded.event.data }));
    }
  }
  return events;
}

/** Every record of a topic, by partition. */
export async function partitionsOf(transport: Transport, topic: string): Promise<LogRecord[][]> {
  const [info] = await transport.describe([topic]);
  const partitions = info?.partitions ?? [];
  return Promise.all(
    partitions.map(({ partition, begin, end }) => transport.read(topic, partition, begin, end - begin)),
  );
}
