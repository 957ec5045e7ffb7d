import type { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/topic-partition.ts';
import { boundsOf, offsetsAt } from './bounds.ts';

/**
 * The first offset whose record has that time (in ms since 1970 UTC) or a later one; the end of the partition
 * if there is none.
 */
export async function offsetAt(cluster: Cluster, partition: TopicPartition, time: number): Promise<number> {
  await cluster.partition(partition.topic, partition.partition);
  return cluster.persist(async () => {
    // In this order: a record that arrives in between lies before the end.
    const [found = -1] = await offsetsAt(cluster, [partition], time);
    if (found >= 0) return found;
    const [bounds] = await boundsOf(cluster, [partition]);
    return bounds?.end ?? 0;
  });
}
