/** Reading without a group. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/topic-partition.ts';
import { type Bounds, boundsOf } from './bounds.ts';
import { fetchOne } from './fetch-one.ts';
import { Reader } from './reader.ts';

const LIMITS = { waitMs: 0, bytes: 1024 * 1024, partitionBytes: 1024 * 1024 } as const;
const PAUSE_MS = 5;
/** A transaction can be read a few ms after its commit; an open transaction holds up the records after it. */
const ENDING_MS = 2000;

/** The records from `offset` on that were committed when it was called, at most `limit`. */
export async function browse(
  cluster: Cluster,
  { topic, partition }: TopicPartition,
  offset: number,
  limit: number,
): Promise<LogRecord[]> {
  await cluster.partition(topic, partition);
  const [bounds] = await cluster.persist(() => boundsOf(cluster, [{ topic, partition }]));
  const { begin, end } = bounds as Bounds;
  const reader = new Reader({ topic, partition, offset: Math.max(offset, begin) });
  const records: LogRecord[] = [];
  const waitUntil = performance.now() + ENDING_MS;
  while (records.length < limit && reader.fetchFrom < end) {
    const before = reader.fetchFrom;
    const from = { topic, id: undefined, partition, offset: before };
    const fetched = await cluster.persist(() => fetchOne(cluster, from, LIMITS));
    if (fetched === undefined) break;
    reader.accept(fetched);
    const taken = reader.take(limit - records.length);
    records.push(...taken);
    for (let more = taken; more.length > 0 && records.length < limit; records.push(...more)) {
      more = reader.take(limit - records.length);
    }
    if (reader.fetchFrom === before) {
      if (performance.now() > waitUntil) break;
      await sleep(PAUSE_MS);
    }
  }
  return records;
}
