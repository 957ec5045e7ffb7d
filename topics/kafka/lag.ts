/** How far a group is behind. */
import type { GroupLag } from '../transport.ts';
import { fetch } from './calls.ts';
import type { Cluster } from './cluster.ts';
import { boundsOf, committedOf } from './offsets.ts';
import { Reader } from './reader.ts';

/** Marks of transactions are small: so many fit the answer that is looked at. */
const FEW = 100;
const BYTES = 16 * 1024;

/**
 * By partition. What lies between the committed offset and the end is counted as it is, unless all of it is marks of
 * transactions, which nobody can read: then there is no lag.
 */
export async function lagOf(cluster: Cluster, group: string, topic: string): Promise<GroupLag[]> {
  const { partitions } = await cluster.persist(() => cluster.topic(topic));
  const numbers = partitions.map(({ partition }) => partition).sort((a, b) => a - b);
  const places = numbers.map((partition) => ({ topic, partition }));
  const [committed, bounds] = await Promise.all([
    committedOf(cluster, group, topic, numbers),
    cluster.persist(() => boundsOf(cluster, places)),
  ]);
  return Promise.all(
    numbers.map(async (partition, i) => {
      const { begin, end } = bounds[i] as { begin: number; end: number };
      const offset = committed[i]?.offset;
      const from = Math.max(offset ?? 0, begin);
      const lag = Math.max(0, end - from);
      const isOver = lag > 0 && lag <= FEW && !(await isReadable(cluster, topic, partition, from, end));
      return { partition, begin, end, committed: offset, lag: isOver ? 0 : lag };
    }),
  );
}

/** Whether a record lies between the offsets, or may yet: of a transaction that is open. */
async function isReadable(
  cluster: Cluster,
  topic: string,
  partition: number,
  from: number,
  end: number,
): Promise<boolean> {
  const reader = new Reader(topic, partition, from);
  const found = await cluster.persist(async () => {
    const node = await cluster.leader(topic, partition);
    const call = fetch([{ topic, partition, offset: from }], 0, BYTES, BYTES);
    return (await cluster.lane(node, 'main').call(call)).partitions[0];
  });
  if (found === undefined || found.error !== 0) return true;
  reader.accept(found);
  return reader.bytes > 0 || reader.fetchFrom < end;
}
