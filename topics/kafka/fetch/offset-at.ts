/** Where a moment lies in a partition. */
import type { Cluster } from '../cluster/cluster.ts';
import { boundsOf, listed, type Place } from '../group/offsets.ts';

/** The first offset whose record is of that time (in ms since 1970 UTC) or later; the end of the partition if there is none. */
export async function offsetAt(cluster: Cluster, place: Place, time: number): Promise<number> {
  await cluster.partition(place.topic, place.partition);
  return cluster.persist(async () => {
    // In this order: what comes meanwhile lies before the end.
    const [found = -1] = await listed(cluster, [place], time);
    if (found >= 0) return found;
    const [bounds] = await boundsOf(cluster, [place]);
    return bounds?.end ?? 0;
  });
}
