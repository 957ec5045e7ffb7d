/** Appending of batches: each partition's in their order, those of different partitions at once, each exactly once. */
import { largestSize } from '../limits.ts';
import type { NewRecord } from '../transport.ts';
import { type Appended, type BatchTo, produce } from './calls.ts';
import type { Cluster } from './cluster.ts';
import { CODE, check, KafkaError } from './errors.ts';
import { encodeBatch, type Producer } from './records.ts';

/** Below what a topic takes by default (1 MiB), with room for what compression adds to what cannot be compressed. */
const BATCH_BYTES = 900_000;
const BATCH_RECORDS = 5000;

export interface Sender extends Producer {
  /** Null if what it sends is not part of a transaction. */
  readonly transactionalId: string | null;
  /** Records sent so far by partition. */
  readonly sequences: Map<string, number>;
}

/** Batches of one partition that no broker refuses for their size, unless a single record is too large. */
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
    const encoded = sends.map(({ batch }) => encode(cluster, sender, batch));
    const bases = await appendAll(cluster, lane, sender.transactionalId, encoded);
    for (const [i, { indices }] of sends.entries()) {
      for (const [delta, index] of indices.entries()) offsets[index] = (bases[i] as number) + delta;
    }
  }
  return offsets;
}

/** Where the records go, each place once. */
export function placesOf(records: readonly NewRecord[]): { topic: string; partition: number }[] {
  const places = new Map(records.map((record) => [placeOf(record), record]));
  return [...places.values()].map(({ topic, partition }) => ({ topic, partition }));
}

const placeOf = ({ topic, partition }: Pick<NewRecord, 'topic' | 'partition'>): string => `${topic}/${partition}`;

function encode(cluster: Cluster, sender: Sender, batch: readonly NewRecord[]): BatchTo {
  const { topic, partition } = batch[0] as NewRecord;
  const place = placeOf({ topic, partition });
  const sequence = sender.sequences.get(place) ?? 0;
  // After 2^31 - 1 comes 0.
  sender.sequences.set(place, (sequence + batch.length) % 2 ** 31);
  const transactional = sender.transactionalId !== null;
  return {
    topic,
    partition,
    batch: encodeBatch(batch, sender, sequence, transactional, cluster.settings.compression),
  };
}

/** Answers the offset of the first record of each batch. A batch sent twice is appended once, since it keeps its sequence. */
async function appendAll(
  cluster: Cluster,
  lane: string,
  transactionalId: string | null,
  batches: readonly BatchTo[],
): Promise<number[]> {
  const done = new Map<BatchTo, number>();
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
  return batches.map((batch) => done.get(batch) as number);
}

/** Answers what went wrong with the batch. */
function settle(batch: BatchTo, appended: readonly Appended[], done: Map<BatchTo, number>): KafkaError | undefined {
  const found = appended.find(({ topic, partition }) => topic === batch.topic && partition === batch.partition);
  const what = `appending to partition ${batch.partition} of ${batch.topic}`;
  if (found === undefined) return new KafkaError(-1, what);
  if (found.error === 0 || found.error === CODE.DUPLICATE_SEQUENCE_NUMBER) {
    done.set(batch, found.baseOffset);
    return undefined;
  }
  try {
    check(found.error, what, batch.topic);
    return undefined;
  } catch (error) {
    return error as KafkaError;
  }
}
