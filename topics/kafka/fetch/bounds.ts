/** The first and last offsets of partitions. */
import type { Cluster } from '../cluster/cluster.ts';
import { Coalescer } from '../cluster/coalescer.ts';
import { keyOf, type TopicPartition } from '../cluster/topic-partition.ts';
import { READ_UNCOMMITTED } from '../wire/calls/fetch.ts';
import { EARLIEST, LATEST, listOffsets } from '../wire/calls/offsets.ts';
import { CODE } from '../wire/error-codes.ts';
import { KafkaError } from '../wire/errors.ts';

export interface Bounds {
  readonly begin: number;
  readonly end: number;
}

/** The bounds of the partitions, in the given order. `end` is the offset of the next record, after the records of open transactions. */
export async function boundsOf(cluster: Cluster, partitions: readonly TopicPartition[]): Promise<Bounds[]> {
  const [begins, ends] = await Promise.all([
    offsetsAt(cluster, partitions, EARLIEST),
    offsetsAt(cluster, partitions, LATEST),
  ]);
  return partitions.map((_, i) => ({ begin: begins[i] as number, end: ends[i] as number }));
}

/**
 * The first offset of that time or later for each partition, in the given order; -1 if there is none. `isolation` decides whether the
 * end is before or after open transactions.
 */
export async function offsetsAt(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  timestamp: number,
  isolation = READ_UNCOMMITTED,
): Promise<number[]> {
  const leaders = await Promise.all(partitions.map(({ topic, partition }) => cluster.leader(topic, partition)));
  const offsets = new Map<string, number>();
  const nodes = Map.groupBy(partitions.keys(), (i) => leaders[i] as number);
  await Promise.all(
    [...nodes].map(async ([node, indices]) => {
      const here = indices.map((i) => partitions[i] as TopicPartition);
      const answers = await listedBy(cluster, node, here, { timestamp, isolation });
      for (const [i, answer] of answers.entries()) {
        if (answer instanceof Error) throw answer;
        offsets.set(keyOf(here[i] as TopicPartition), answer);
      }
    }),
  );
  return partitions.map((each) => offsets.get(keyOf(each)) as number);
}

/** The first offsets of partitions. Many are read with one request to each broker. */
export class Begins {
  readonly #cluster: Cluster;
  readonly #begins: Coalescer<TopicPartition, number>;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#begins = new Coalescer((node, partitions) =>
      listedBy(cluster, Number(node), partitions, { timestamp: EARLIEST, isolation: READ_UNCOMMITTED }),
    );
  }

  /** The first offset of the partition that can still be read. */
  of({ topic, partition }: TopicPartition): Promise<number> {
    return this.#cluster.persist(async () => {
      const node = await this.#cluster.leader(topic, partition);
      return this.#begins.ask(String(node), { topic, partition });
    });
  }
}

async function listedBy(
  cluster: Cluster,
  node: number,
  partitions: readonly TopicPartition[],
  { timestamp, isolation }: { readonly timestamp: number; readonly isolation: number },
): Promise<(number | Error)[]> {
  const listed = await cluster.connection(node, 'main').send(listOffsets(partitions, timestamp, isolation));
  const found = new Map(listed.map((each) => [keyOf(each), each]));
  return partitions.map((each) => {
    const answer = found.get(keyOf(each));
    if (answer?.error === 0) return answer.offset;
    const what = `asking for the offsets of partition ${each.partition} of ${each.topic}`;
    return new KafkaError(answer?.error ?? CODE.UNKNOWN_SERVER_ERROR, what);
  });
}
