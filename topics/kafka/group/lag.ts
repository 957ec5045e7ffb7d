/** How far a group is behind. */
import type { GroupLag } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Reader } from '../fetch/reader.ts';
import { fetch } from '../wire/calls-records.ts';
import { boundsOf, type Offsets, type Place } from './offsets.ts';

/** Marks of transactions are small: so many fit the answer that is looked at. */
const FEW = 100;
const BYTES = 16 * 1024;
/** Of all partitions in one answer. */
const ANSWER_BYTES = 8 * 1024 * 1024;

interface Span extends Place {
  readonly from: number;
  readonly end: number;
}

/**
 * By partition. What lies between the committed offset and the end is counted as it is, unless all of it is marks of
 * transactions, which nobody can read: then there is no lag.
 */
export async function lagOf(cluster: Cluster, offsets: Offsets, group: string, topic: string): Promise<GroupLag[]> {
  const { partitions } = await cluster.persist(() => cluster.current(topic));
  const numbers = partitions.map(({ partition }) => partition).sort((a, b) => a - b);
  const places = numbers.map((partition) => ({ topic, partition }));
  const [committed, bounds] = await Promise.all([
    Promise.all(places.map((place) => offsets.committed({ group, ...place }))),
    cluster.persist(() => boundsOf(cluster, places)),
  ]);
  const lags = numbers.map((partition, i) => {
    const { begin, end } = bounds[i] as { begin: number; end: number };
    const offset = committed[i]?.offset;
    const from = Math.max(offset ?? 0, begin);
    return { partition, begin, end, committed: offset, from, lag: Math.max(0, end - from) };
  });
  const few = lags.filter(({ lag }) => lag > 0 && lag <= FEW).map((lag) => ({ topic, ...lag }));
  const over = await cluster.persist(() => unreadable(cluster, few));
  return lags.map(({ from, ...lag }) => (over.has(lag.partition) ? { ...lag, lag: 0 } : lag));
}

/** The partitions of a topic that have no record between the offsets, and of which no transaction is open that may have one. */
async function unreadable(cluster: Cluster, spans: readonly Span[]): Promise<Set<number>> {
  const leaders = await Promise.all(spans.map(({ topic, partition }) => cluster.leader(topic, partition)));
  const nodes = Map.groupBy(spans.keys(), (i) => leaders[i] as number);
  const found = await Promise.all(
    [...nodes].map(async ([node, indices]) => {
      const here = indices.map((i) => spans[i] as Span);
      const from = here.map(({ topic, partition, from }) => ({ topic, id: undefined, partition, offset: from }));
      const call = fetch(from, { waitMs: 0, bytes: ANSWER_BYTES, partitionBytes: BYTES });
      const answers = new Map(
        (await cluster.lane(node, 'main').call(call)).partitions.map((each) => [each.partition, each]),
      );
      return here.filter(({ topic, partition, from, end }) => {
        const answer = answers.get(partition);
        if (answer === undefined || answer.error !== 0) return false;
        const reader = new Reader(topic, partition, from);
        reader.accept(answer);
        return reader.bytes === 0 && reader.fetchFrom >= end;
      });
    }),
  );
  return new Set(found.flat().map(({ partition }) => partition));
}
