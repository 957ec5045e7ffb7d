/**
 * Appends batches: those of one partition in order, those of different partitions concurrently, each exactly
 * once.
 */
import { largestSize } from '../../log/limits.ts';
import type { NewRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf, type TopicPartition } from '../cluster/topic-partition.ts';
import { BATCH_BYTES, encodeBatch, encodeLarge } from '../wire/batch-writer.ts';
import { type Appended, type BatchTo, produce } from '../wire/calls/produce.ts';
import { CODE } from '../wire/error-codes.ts';
import { KafkaError, TOO_LARGE } from '../wire/errors.ts';

const BATCH_RECORDS = 5000;
/**
 * The largest size of one request. A broker accepts 100 MiB by default; records for many partitions are sent
 * in several requests.
 */
export const REQUEST_BYTES = 16 * 1024 * 1024;

export interface Sender {
  /** The id of the producer. */
  readonly id: string;
  readonly epoch: number;
  /** The name of the connections over which it sends. */
  readonly connection: string;
  /** Null if the records are not part of a transaction. */
  readonly transactionalId: string | null;
  /** Records sent so far by partition. */
  readonly sequences: Map<string, number>;
}

/** Some records of one partition, and their indices in the list that is appended. */
interface Send {
  readonly batch: readonly NewRecord[];
  readonly indices: readonly number[];
}

/** Splits records of one partition into batches that brokers accept by default, unless a single record is too large. */
export function split(records: readonly NewRecord[]): (readonly NewRecord[])[] {
  const batches: NewRecord[][] = [];
  let bytes = BATCH_BYTES;
  for (const record of records) {
    const size = largestSize(record);
    bytes += size;
    if (bytes > BATCH_BYTES || (batches.at(-1)?.length ?? 0) >= BATCH_RECORDS) {
      batches.push([]);
      bytes = size;
    }
    batches.at(-1)?.push(record);
  }
  return batches;
}

/**
 * Sends the records over the connections of the sender, and returns their offsets in the order given. After an error it is not
 * known which were appended, and the sender's sequences may differ from the broker's.
 */
export async function append(cluster: Cluster, sender: Sender, records: readonly NewRecord[]): Promise<number[]> {
  const offsets = Array<number>(records.length);
  const partitions = Map.groupBy(records.keys(), (i) => keyOf(records[i] as NewRecord));
  const queues = [...partitions.values()].map((indices) => {
    const batches = split(indices.map((i) => records[i] as NewRecord));
    let taken = 0;
    return batches.map((batch) => {
      const from = taken;
      taken += batch.length;
      return { batch, indices: indices.slice(from, taken) };
    });
  });
  for (let round = 0; queues.some((queue) => queue.length > round); round++) {
    const sends = queues.flatMap((queue) => queue[round] ?? []);
    for (const together of requests(sends)) await sendAll(cluster, sender, together, offsets);
  }
  return offsets;
}

/**
 * Divides batches among requests. No request is larger than `REQUEST_BYTES`, except for a single large
 * batch.
 */
export function requests<S extends Pick<Send, 'batch'>>(sends: readonly S[]): (readonly S[])[] {
  const all: S[][] = [];
  let bytes = REQUEST_BYTES;
  for (const send of sends) {
    const size = send.batch.reduce((sum, record) => sum + largestSize(record), 0);
    bytes += size;
    if (bytes > REQUEST_BYTES) {
      all.push([]);
      bytes = size;
    }
    all.at(-1)?.push(send);
  }
  return all;
}

/**
 * Sends the batches and fills in the offsets. A batch that a topic refuses because of its size is sent
 * in halves, down to single records. A batch whose time is too far ahead for the topic is sent with the
 * current time, so that a record that was accepted before the topic had this limit blocks nothing.
 */
async function sendAll(cluster: Cluster, sender: Sender, sends: readonly Send[], offsets: number[]): Promise<void> {
  // Each call counts its sequence at once, before any batch is encoded, so the order is kept.
  const encoded = await Promise.all(sends.map(({ batch }) => encode(cluster, sender, batch)));
  const bases = await appendAll(cluster, sender, encoded);
  for (const [i, { batch, indices }] of sends.entries()) {
    const base = bases[i];
    if (typeof base === 'number') {
      for (const [delta, index] of indices.entries()) offsets[index] = base + delta;
      continue;
    }
    if (base === 'ahead') {
      count(sender, batch, -batch.length);
      await sendAll(cluster, sender, [{ batch: ofNow(batch), indices }], offsets);
      continue;
    }
    // Without a transaction, one half could be appended and the other one not.
    if (batch.length === 1 || sender.transactionalId === null) {
      const { topic, partition } = batch[0] as NewRecord;
      throw new KafkaError(CODE.MESSAGE_TOO_LARGE, `appending to partition ${partition} of ${topic}`, topic);
    }
    count(sender, batch, -batch.length);
    const middle = Math.ceil(batch.length / 2);
    for (const [from, to] of [
      [0, middle],
      [middle, batch.length],
    ]) {
      const half = { batch: batch.slice(from, to), indices: indices.slice(from, to) };
      await sendAll(cluster, sender, [half], offsets);
    }
  }
}

/** Limits timestamps to the current time. Throws if no record is ahead of this clock: then the clock itself is ahead. */
function ofNow(batch: readonly NewRecord[]): NewRecord[] {
  const now = Date.now();
  if (batch.some(({ timestamp }) => timestamp > now)) {
    return batch.map((record) => (record.timestamp > now ? { ...record, timestamp: now } : record));
  }
  const { topic, partition } = batch[0] as NewRecord;
  throw new KafkaError(CODE.INVALID_TIMESTAMP, `appending to partition ${partition} of ${topic}`, topic);
}

/** Adds `by` to the sequence of the batch's partition, and returns the sequence before. After 2^31 - 1 comes 0. */
function count(sender: Sender, [first]: readonly NewRecord[], by: number): number {
  const key = keyOf(first as NewRecord);
  const sequence = sender.sequences.get(key) ?? 0;
  sender.sequences.set(key, (sequence + by + 2 ** 31) % 2 ** 31);
  return sequence;
}

/** The partitions of the records, each once. */
export function partitionsOf(records: readonly NewRecord[]): TopicPartition[] {
  const partitions = new Map(records.map((record) => [keyOf(record), record]));
  return [...partitions.values()].map(({ topic, partition }) => ({ topic, partition }));
}

/** Finds the leaders of these partitions. Throws for a topic or partition that does not exist. */
export const findLeaders = (cluster: Cluster, partitions: readonly TopicPartition[]): Promise<void> =>
  cluster.persist(async () => {
    for (const { topic, partition } of partitions) await cluster.partition(topic, partition);
  });

async function encode(cluster: Cluster, sender: Sender, batch: readonly NewRecord[]): Promise<BatchTo> {
  const { topic, partition } = batch[0] as NewRecord;
  const sequence = count(sender, batch, batch.length);
  const transactional = sender.transactionalId !== null;
  const { compression } = cluster.settings;
  const isLarge = compression === 'none' && largestSize(batch[0] as NewRecord) > BATCH_BYTES;
  const producer = { id: sender.id, epoch: sender.epoch, sequence, transactional };
  const encoded = isLarge ? await encodeLarge(batch, producer) : encodeBatch(batch, producer, compression);
  return { topic, partition, batch: encoded };
}

/**
 * The offset of the first record of a batch, or why its topic refused the batch and did not append it:
 * because of its size or its time.
 */
type Base = number | 'large' | 'ahead';

/** Retries safely: a batch that is sent twice is appended once, because it keeps its sequence. */
async function appendAll(
  cluster: Cluster,
  { transactionalId, connection }: Sender,
  batches: readonly BatchTo[],
): Promise<Base[]> {
  const done = new Map<BatchTo, Base>();
  await cluster.persist(async () => {
    const left = batches.filter((batch) => !done.has(batch));
    const leaders = await Promise.all(left.map(({ topic, partition }) => cluster.leader(topic, partition)));
    const nodes = Map.groupBy(left.keys(), (i) => leaders[i] as number);
    const answers = await Promise.allSettled(
      [...nodes].map(async ([node, indices]) => {
        const here = indices.map((i) => left[i] as BatchTo);
        const call = produce(transactionalId, here, cluster.settings.requestMs);
        return { here, appended: await cluster.connection(node, connection).send(call) };
      }),
    );
    let passing: unknown;
    for (const answer of answers) {
      if (answer.status === 'rejected') passing = answer.reason;
      else for (const batch of answer.value.here) passing = settle(batch, answer.value.appended, done) ?? passing;
    }
    if (passing !== undefined) throw passing;
  });
  return batches.map((batch) => done.get(batch) as Base);
}

/** Returns the error of the batch. */
function settle(batch: BatchTo, appended: readonly Appended[], done: Map<BatchTo, Base>): KafkaError | undefined {
  const found = appended.find(({ topic, partition }) => topic === batch.topic && partition === batch.partition);
  const what = `appending to partition ${batch.partition} of ${batch.topic}`;
  if (found === undefined) return new KafkaError(CODE.UNKNOWN_SERVER_ERROR, what, batch.topic);
  if (found.error === 0 || found.error === CODE.DUPLICATE_SEQUENCE_NUMBER) {
    done.set(batch, found.baseOffset);
    return undefined;
  }
  const refused = TOO_LARGE.has(found.error) ? 'large' : found.error === CODE.INVALID_TIMESTAMP ? 'ahead' : undefined;
  if (refused !== undefined) {
    done.set(batch, refused);
    return undefined;
  }
  return new KafkaError(found.error, what, batch.topic);
}
