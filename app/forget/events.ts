/** The events by which jobs learn of a forgotten user, and the wait until they have read them. */
import { TributaryError } from '../../core/errors.ts';
import { userForgotten } from '../../core/event.ts';
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import { avroHeaders } from '../../topics/codec/codec.ts';
import type { Topic } from '../../topics/define.ts';
import { partitionOf } from '../../topics/log/partition.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { type AnyWork, isJob } from '../platform/works.ts';
import type { Wired } from '../stores/wiring.ts';
import type { FoundRow, Person } from './rows.ts';

type Stores = Pick<Wired['stores'], 'transport' | 'codec' | 'tables'>;

/** By topic and partition: the offset of the last event sent. */
export type Sent = ReadonlyMap<string, ReadonlyMap<number, number>>;

const SOURCE = '/tributary/forget';
const LOOK_MS = 200;

/** Sends an event to each partition of the topics. Every reader of a partition knows the user from that event on. */
export async function sendToAll(stores: Stores, topics: readonly Topic[], person: Person, now: number): Promise<Sent> {
  const records: NewRecord[] = [];
  for (const { name, partitions } of await stores.transport.shape(topics.map(({ name }) => name))) {
    const base = await recordFor(stores, name, person, { job: '', row: [], now });
    for (let partition = 0; partition < partitions; partition++) records.push({ ...base, partition, key: null });
  }
  return send(stores, records);
}

/** Sends an event for each row, to the partition of the row. */
export async function sendToRows(
  stores: Stores,
  rows: readonly FoundRow[],
  person: Person,
  now: number,
): Promise<Sent> {
  const records: NewRecord[] = [];
  const shapes = await stores.transport.shape([...new Set(rows.map(({ job }) => job.from.name))]);
  const partitions = new Map(shapes.map((shape) => [shape.name, shape.partitions]));
  for (const { job, key } of rows) {
    const [, ...row] = key;
    const bytes = Buffer.from(row[0] as string);
    const base = await recordFor(stores, job.from.name, person, { job: job.name, row, now });
    records.push({ ...base, key: bytes, partition: partitionOf(bytes, partitions.get(job.from.name) as number) });
  }
  return send(stores, records);
}

async function recordFor(
  { codec }: Stores,
  topic: string,
  { tenant, userId }: Person,
  { now, ...about }: { readonly job: string; readonly row: readonly string[]; readonly now: number },
): Promise<Omit<NewRecord, 'partition' | 'key'>> {
  await codec.prepareEvent(topic, userForgotten);
  const id = crypto.randomUUID();
  return {
    topic,
    value: codec.encode(topic, userForgotten, { userId, ...about }),
    headers: avroHeaders(userForgotten.type, { id, source: SOURCE, time: now, tenant }),
    timestamp: now,
  };
}

async function send({ transport }: Stores, records: readonly NewRecord[]): Promise<Sent> {
  const sent = new Map<string, Map<number, number>>();
  if (records.length === 0) return sent;
  const offsets = await transport.produce(records);
  records.forEach(({ topic, partition }, i) => {
    const last = sent.get(topic) ?? new Map<number, number>();
    sent.set(topic, last.set(partition, Math.max(last.get(partition) ?? 0, offsets[i] as number)));
  });
  return sent;
}

export interface Waiting {
  readonly works: readonly (AnyWork | Work)[];
  readonly clock: Pick<Clock, 'sleep' | 'elapsed'>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Settles when every group that reads the topics has committed the events that were sent. Throws USAGE when that takes too long. */
export async function untilRead(
  stores: Stores,
  sent: Sent,
  { works, clock, timeoutMs, signal }: Waiting,
): Promise<void> {
  const giveUpAt = clock.elapsed() + timeoutMs;
  let left = works.filter(({ from }) => sent.has(from.name));
  for (;;) {
    const behind = [];
    for (const work of left) if (await isBehind(stores, work, sent)) behind.push(work);
    left = behind;
    if (left.length === 0) return;
    signal.throwIfAborted();
    if (clock.elapsed() >= giveUpAt) {
      const names = left.map(({ name }) => name).join(', ');
      throw new TributaryError(
        'USAGE',
        `${names} did not read what was sent within ${Math.round(timeoutMs / 1000)} s: see that they run, and give the command again, which goes on`,
      );
    }
    await clock.sleep(LOOK_MS, signal);
  }
}

/** A group that never claimed and never committed a partition has no rows there. When it begins, it knows the user from the tables. */
async function isBehind({ transport, tables }: Stores, work: AnyWork | Work, sent: Sent): Promise<boolean> {
  const { name, from } = work;
  const lags = await transport.lag(name, from.name);
  const last = sent.get(from.name);
  const isUsed = lags.some(({ committed }) => committed !== undefined);
  if (!isUsed) {
    const claimed = 'row' in work && isJob(work) && (await isClaimed(tables, work, lags.length));
    if (!claimed) return false;
  }
  return lags.some(({ partition, committed = 0 }) => committed <= (last?.get(partition) ?? -1));
}

async function isClaimed(tables: Stores['tables'], { name, from }: Work, partitions: number): Promise<boolean> {
  for (let partition = 0; partition < partitions; partition++) {
    if ((await tables.token(name, from.name, partition)) > 0) return true;
  }
  return false;
}
