/** The lag of a group. */
import type { GroupLag } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/topic-partition.ts';
import { type Bounds, boundsOf } from '../fetch/bounds.ts';
import { Reader } from '../fetch/reader.ts';
import { fetch } from '../wire/calls/fetch.ts';
import type { Offsets } from './offsets.ts';

/** Transaction markers are small: this many fit into one answer. */
const FEW = 100;
const BYTES = 16 * 1024;
/** The largest size of one answer, for all its partitions. */
const ANSWER_BYTES = 8 * 1024 * 1024;

interface Span extends TopicPartition {
  readonly from: number;
  readonly end: number;
}

/**
 * The lag of each partition: the distance from the committed offset to the end. If there are only
 * transaction markers in between, there is no lag.
 */
export async function lagOf(cluster: Cluster, offsets: Offsets, group: string, topic: string): Promise<GroupLag[]> {
  const { partitions } = await cluster.persist(() => cluster.current(topic));
  const numbers = partitions.map(({ partition }) => partition).sort((a, b) => a - b);
  const topicPartitions = numbers.map((partition) => ({ topic, partition }));
  const [committed, bounds] = await Promise.all([
    Promise.all(topicPartitions.map((each) => offsets.committed({ group, ...each }))),
    cluster.persist(() => boundsOf(cluster, topicPartitions)),
  ]);
  const lags = numbers.map((partition, i) => {
    const { begin, end } = bounds[i] as Bounds;
    const offset = committed[i]?.offset;
    const from = Math.max(offset ?? 0, begin);
    return { partition, begin, end, committed: offset, from, lag: Math.max(0, end - from) };
  });
  const few = lags.filter(({ lag }) => lag > 0 && lag <= FEW).map((lag) => ({ topic, ...lag }));
  const over = await cluster.persist(() => unreadable(cluster, few));
  return lags.map(({ from, ...lag }) => (over.has(lag.partition) ? { ...lag, lag: 0 } : lag));
}

/** The partitions with no record between the offsets, and with no open transaction that may have one. */
async function unreadable(cluster: Cluster, spans: readonly Span[]): Promise<Set<number>> {
  const leaders = await Promise.all(spans.map(({ topic, partition }) => cluster.leader(topic, partition)));
  const nodes = Map.groupBy(spans.keys(), (i) => leaders[i] as number);
  const found = await Promise.all(
    [...nodes].map(async ([node, indices]) => {
      const here = indices.map((i) => spans[i] as Span);
      const from = here.map(({ topic, partition, from }) => ({ topic, id: undefined, partition, offset: from }));
      const call = fetch(from, { waitMs: 0, bytes: ANSWER_BYTES, partitionBytes: BYTES });
      const answers = new Map(
        (await cluster.connection(node, 'main').send(call)).partitions.map((each) => [each.partition, each]),
      );
      return here.filter(({ topic, partition, from, end }) => {
        const answer = answers.get(partition);
        if (answer === undefined || answer.error !== 0) return false;
        const reader = new Reader({ topic, partition, offset: from });
        reader.accept(answer);
        return reader.bytes === 0 && reader.fetchFrom >= end;
      });
    }),
  );
  return new Set(found.flat().map(({ partition }) => partition));
}
