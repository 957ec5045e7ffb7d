/** What a group goes on with when its topic was expanded: the largest marks of all partitions, in each of them. */
import { expandedProgress, parseProgress } from '../../log/progress.ts';
import type { Committed } from '../../log/transport.ts';
import { membersOf } from '../cluster/topics.ts';
import type { Parts } from '../group/claim.ts';
import { boundsOf } from '../group/offsets.ts';
import { seek } from '../group/seek.ts';

/**
 * Writes them, if that was not done. An expansion and these offsets are no one step: so what an earlier call did not come to is
 * done by the next one. A group that has members is left as it is.
 */
export async function carryMarksOn(parts: Parts, group: string, topic: string): Promise<void> {
  const { cluster } = parts;
  await cluster.persist(() => cluster.describe([topic]));
  // Not by that answer: it may be of a broker that has not heard of the expansion.
  const count = cluster.shapes.of(topic)?.partitions ?? 0;
  const places = Array.from({ length: count }, (_, partition) => ({ group, topic, partition }));
  const committed = await Promise.all(places.map((of) => parts.marks.committed(of)));
  const before = countOf(committed);
  if (before === undefined || before >= count || (await membersOf(cluster, group)) > 0) return;
  const begins = await cluster.persist(() => boundsOf(cluster, places));
  const texts = expandedProgress(
    committed.map(({ offset, marks }) => ({ offset, text: marks })),
    count,
  );
  // The new ones first: as long as an old one says how many there were, this is not done.
  for (const of of places.toReversed()) {
    const offset = committed[of.partition]?.offset ?? begins[of.partition]?.begin ?? 0;
    await seek(parts, of, offset, texts[of.partition] as string);
  }
}

/** How many partitions there were when the offsets were committed; undefined if that is not known. */
function countOf(committed: readonly Committed[]): number | undefined {
  const counts = committed
    .flatMap(({ offset, marks }) => (offset === undefined ? [] : parseProgress(marks, offset).partitions))
    .filter((partitions) => partitions > 0);
  return counts.length === 0 ? undefined : Math.min(...counts);
}
