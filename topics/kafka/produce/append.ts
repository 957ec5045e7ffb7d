/** Appending of batches: each partition's in their order, those of different partitions at once, each exactly once. */
import { largestSize } from '../../log/limits.ts';
import type { NewRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BATCH_BYTES, encodeBatch, encodeLarge, type Producer } from '../wire/batch-writer.ts';
import { type Appended, type BatchTo, produce } from '../wire/calls-records.ts';
import { CODE, KafkaError, TOO_LARGE } from '../wire/errors.ts';

const BATCH_RECORDS = 5000;
/** Of one call. A broker takes 100 MiB by default; what is called out to many partitions is sent by several calls. */
export const CALL_BYTES = 16 * 1024 * 1024;

export interface Sender extends Producer {
  /** Null if what it sends is not part of a transaction. */
  readonly transactionalId: string | null;
  /** Records sent so far by partition. */
  readonly sequences: Map<string, number>;
}

/** Some records of one partition, and their places among all that are appended. */
interface Send {
  readonly batch: readonly NewRecord[];
  readonly indices: readonly number[];
}

/** Batches of one partition that no broker refuses for their size by default, unless a single record is too large. */
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
 * Sends the records over the lane of that name, and answers their offsets in the order given. After an error it is not known
 * which were appended, and the sender's sequences may not fit the broker's any more.
 */
export async function append(
  cluster: Cluster,
  lane: string,
  sender: Sender,
  records: readonly NewRecord[],
): Promise<number[]> {
  const offsets = Array<number>(records.length);
  const places = Map.groupBy(records.keys(), (i) => placeOf(records[i] as NewRecord));
  const queues = [...places.values()].map((indices) => {
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
    for (const some of calls(sends)) await sendAll(cluster, lane, sender, some, offsets);
  }
  return offsets;
}

/** What goes out together: no call is larger than a broker takes, unless by a single batch. */
export function calls<S extends Pick<Send, 'batch'>>(sends: readonly S[]): (readonly S[])[] {
  const all: S[][] = [];
  let bytes = CALL_BYTES;
  for (const send of sends) {
    const size = send.batch.reduce((sum, record) => sum + largestSize(record), 0);
    bytes += size;
    if (bytes > CALL_BYTES) {
      all.push([]);
      bytes = size;
    }
    all.at(-1)?.push(send);
  }
  return all;
}

/** Fills in the offsets. What a topic refuses for its size goes in halves, down to single records. */
async function sendAll(
  cluster: Cluster,
  lane: string,
  sender: Sender,
  sends: readonly Send[],
  offsets: number[],
): Promise<void> {
  // Their sequences are counted at once, before any of them is encoded.
  const encoded = await Promise.all(sends.map(({ batch }) => encode(cluster, sender, batch)));
  const bases = await appendAll(cluster, lane, sender.transactionalId, encoded);
  for (const [i, { batch, indices }] of sends.entries()) {
    const base = bases[i];
    if (base !== undefined) {
      for (const [delta, index] of indices.entries()) offsets[index] = base + delta;
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
      await sendAll(cluster, lane, sender, [half], offsets);
    }
  }
}

/** Counts records of the batch's partition; answers the sequence before. After 2^31 - 1 comes 0. */
function count(sender: Sender, [first]: readonly NewRecord[], by: number): number {
  const place = placeOf(first as NewRecord);
  const sequence = sender.sequences.get(place) ?? 0;
  sender.sequences.set(place, (sequence + by + 2 ** 31) % 2 ** 31);
  return sequence;
}

/** Where the records go, each place once. */
export function placesOf(records: readonly NewRecord[]): { topic: string; partition: number }[] {
  const places = new Map(records.map((record) => [placeOf(record), record]));
  return [...places.values()].map(({ topic, partition }) => ({ topic, partition }));
}

const placeOf = ({ topic, partition }: Pick<NewRecord, 'topic' | 'partition'>): string => `${topic}/${partition}`;

async function encode(cluster: Cluster, sender: Sender, batch: readonly NewRecord[]): Promise<BatchTo> {
  const { topic, partition } = batch[0] as NewRecord;
  const sequence = count(sender, batch, batch.length);
  const transactional = sender.transactionalId !== null;
  const { compression } = cluster.settings;
  const isLarge = compression === 'none' && largestSize(batch[0] as NewRecord) > BATCH_BYTES;
  const encoded = isLarge
    ? await encodeLarge(batch, sender, sequence, transactional)
    : encodeBatch(batch, sender, sequence, transactional, compression);
  return { topic, partition, batch: encoded };
}

/**
 * Answers the offset of the first record of each batch; undefined of one that its topic refuses for its size, and that was not
 * appended. A batch sent twice is appended once, since it keeps its sequence.
 */
async function appendAll(
  cluster: Cluster,
  lane: string,
  transactionalId: string | null,
  batches: readonly BatchTo[],
): Promise<(number | undefined)[]> {
  const done = new Map<BatchTo, number | undefined>();
  await cluster.persist(async () => {
    const left = batches.filter((batch) => !done.has(batch));
    const leaders = await Promise.all(left.map(({ topic, partition }) => cluster.leader(topic, partition)));
    const nodes = Map.groupBy(left.keys(), (i) => leaders[i] as number);
    const answers = await Promise.allSettled(
      [...nodes].map(async ([node, indices]) => {
        const here = indices.map((i) => left[i] as BatchTo);
        const call = produce(transactionalId, here, cluster.settings.requestMs);
        return { here, appended: await cluster.lane(node, lane).call(call) };
      }),
    );
    let passing: unknown;
    for (const answer of answers) {
      if (answer.status === 'rejected') passing = answer.reason;
      else for (const batch of answer.value.here) passing = settle(batch, answer.value.appended, done) ?? passing;
    }
    if (passing !== undefined) throw passing;
  });
  return batches.map((batch) => done.get(batch));
}

/** Answers what went wrong with the batch. */
function settle(
  batch: BatchTo,
  appended: readonly Appended[],
  done: Map<BatchTo, number | undefined>,
): KafkaError | undefined {
  const found = appended.find(({ topic, partition }) => topic === batch.topic && partition === batch.partition);
  const what = `appending to partition ${batch.partition} of ${batch.topic}`;
  if (found === undefined) return new KafkaError(-1, what, batch.topic);
  if (found.error === 0 || found.error === CODE.DUPLICATE_SEQUENCE_NUMBER) {
    done.set(batch, found.baseOffset);
    return undefined;
  }
  if (TOO_LARGE.has(found.error)) {
    done.set(batch, undefined);
    return undefined;
  }
  return new KafkaError(found.error, what, batch.topic);
}
