/** Everything that readers can see: rows, views and said events, in a form that can be compared. */
import type { Job } from '../../jobs/define.ts';
import type { EventDef } from '../../schemas/event.ts';
import { DEFAULT_TENANT } from '../../schemas/event.ts';
import type { CacheDef, IndexDef, TableDef } from '../../schemas/target.ts';
import type { Topic } from '../../topics/define.ts';
import { Marks } from '../../topics/origin.ts';
import type { LogRecord, Transport } from '../../topics/transport.ts';
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
    if (target.kind === 'cache') caches[target.name] = allFields(stores, target);
  }
  return plain({ tables, indexes, caches });
}

/** Without classes and prototypes, so that what is equal compares equal. */
export function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

async function allRows({ tables }: TestStores, table: TableDef, tenant: string): Promise<unknown[]> {
  const { items, next } = await tables.select(table, [tenant], { limit: 10_000 });
  if (next !== undefined) throw new Error(`${table.name} has more rows than a test looks at`);
  return [...items];
}

async function allDocuments({ search }: TestStores, index: IndexDef, tenant: string): Promise<unknown[]> {
  return [...(await search.search(index, { tenant, words: '', limit: 10_000 })).items];
}

function allFields({ database }: TestStores, { name }: CacheDef): unknown[] {
  const used = database.statement("SELECT 1 FROM sqlite_master WHERE name = 'cache_fields'").all();
  if (used.length === 0) return [];
  const rows = database
    .statement('SELECT record FROM cache_fields WHERE cache = ? AND record IS NOT NULL ORDER BY entry, field')
    .all(name) as unknown as [string][];
  return rows.map(([record]) => JSON.parse(record));
}

export interface SaidEvent {
  readonly type: string;
  readonly key: string | null;
  readonly data: unknown;
}

/** What a job said to a topic, as a reader applies it: each partition in order, repeats by origin left out. */
export async function saidEvents(stores: TestStores, topic: Topic, job: Job): Promise<SaidEvent[]> {
  const wanted = new Map<string, EventDef>([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));
  const events: SaidEvent[] = [];
  for (const partition of await partitionsOf(stores.transport, topic.name)) {
    const marks = Marks.parse('');
    for (const record of partition) {
      const decoded = stores.codec.decode(topic, record, wanted);
      if (decoded.kind !== 'event' || !decoded.origin?.line.startsWith(`${job.name}/`)) continue;
      if (!marks.pass(decoded.origin)) continue;
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
