/**
 * The progress with which a group continues after its topic was expanded: each partition gets the largest
 * dedupe positions of all partitions.
 */
import { expandedProgress, parseProgress } from '../../log/progress.ts';
import type { Committed } from '../../log/transport.ts';
import { boundsOf } from '../fetch/bounds.ts';
import type { Shared } from '../group/claim.ts';
import { seek } from '../group/seek.ts';
import { membersOf } from './members.ts';

/**
 * Commits that progress, unless it was already done. The expansion and these commits are not one
 * step, so a later call finishes what an earlier one did not. Does nothing for a group with members.
 */
export async function carryDedupeOver(shared: Shared, group: string, topic: string): Promise<void> {
  const { cluster } = shared;
  await cluster.persist(() => cluster.describe([topic]));
  // Not from the answer to `describe`: that broker may not know of the expansion yet.
  const count = cluster.shapes.of(topic)?.partitions ?? 0;
  const partitions = Array.from({ length: count }, (_, partition) => ({ group, topic, partition }));
  const committed = await Promise.all(partitions.map((of) => shared.metadata.committed(of)));
  const before = countOf(committed);
  if (before === undefined || before >= count || (await membersOf(cluster, group)) > 0) return;
  const begins = await cluster.persist(() => boundsOf(cluster, partitions));
  const texts = expandedProgress(
    committed.map(({ offset, metadata }) => ({ offset, text: metadata })),
    count,
  );
  // The new partitions first: while an old one still has the old count, a later call starts over.
  for (const of of partitions.toReversed()) {
    const offset = committed[of.partition]?.offset ?? begins[of.partition]?.begin ?? 0;
    await seek(shared, of, offset, texts[of.partition] as string);
  }
}

/** How many partitions there were when the offsets were committed; undefined if that is not known. */
function countOf(committed: readonly Committed[]): number | undefined {
  const counts = committed
    .flatMap(({ offset, metadata }) => (offset === undefined ? [] : parseProgress(metadata, offset).partitions))
    .filter((partitions) => partitions > 0);
  return counts.length === 0 ? undefined : Math.min(...counts);
}
