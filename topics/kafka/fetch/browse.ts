/** Reading without a group. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { boundsOf } from '../group/offsets.ts';
import { type Fetched, fetch } from '../wire/calls-records.ts';
import { CODE, check, KafkaError } from '../wire/errors.ts';
import { Reader } from './reader.ts';

const BYTES = 1024 * 1024;
const PAUSE_MS = 5;
/** A transaction that was committed is seen a few ms later; one that stays open holds up what comes after it. */
const ENDING_MS = 2000;

/** The records that were committed when it was called, from `offset` on; at the most `limit`. */
export async function browse(
  cluster: Cluster,
  topic: string,
  partition: number,
  offset: number,
  limit: number,
): Promise<LogRecord[]> {
  await cluster.partition(topic, partition);
  const [bounds] = await cluster.persist(() => boundsOf(cluster, [{ topic, partition }]));
  const { begin, end } = bounds as { begin: number; end: number };
  const reader = new Reader(topic, partition, Math.max(offset, begin));
  const records: LogRecord[] = [];
  const patientUntil = performance.now() + ENDING_MS;
  while (records.length < limit && reader.fetchFrom < end) {
    const fetched = await cluster.persist(() => fetchOnce(cluster, reader));
    if (fetched === undefined) break;
    const before = reader.fetchFrom;
    reader.accept(fetched);
    const taken = reader.take(limit - records.length);
    records.push(...taken);
    for (let more = taken; more.length > 0 && records.length < limit; records.push(...more)) {
      more = reader.take(limit - records.length);
    }
    if (reader.fetchFrom === before) {
      if (performance.now() > patientUntil) break;
      await sleep(PAUSE_MS);
    }
  }
  return records;
}

/** Undefined if the offset is not in the log any more. */
async function fetchOnce(cluster: Cluster, { topic, partition, fetchFrom }: Reader): Promise<Fetched | undefined> {
  const node = await cluster.leader(topic, partition);
  const call = fetch([{ topic, id: undefined, partition, offset: fetchFrom }], {
    waitMs: 0,
    bytes: BYTES,
    partitionBytes: BYTES,
  });
  const answer = await cluster.lane(node, 'main').call(call);
  check(answer.error, 'fetching');
  const [found] = answer.partitions;
  if (found === undefined) throw new KafkaError(-1, `reading partition ${partition} of ${topic}`);
  if (found.error === CODE.OFFSET_OUT_OF_RANGE) return undefined;
  check(found.error, `reading partition ${partition} of ${topic}`);
  return found;
}
