import type { Cluster } from '../cluster/cluster.ts';
import { type Fetched, type FetchFrom, type FetchLimits, fetch } from '../wire/calls/fetch.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, KafkaError } from '../wire/errors.ts';

/**
 * Fetches from one partition, independently of the loops that fetch ahead. Undefined if the offset is no
 * longer in the log.
 */
export async function fetchOne(cluster: Cluster, from: FetchFrom, limits: FetchLimits): Promise<Fetched | undefined> {
  const { topic, partition } = from;
  const node = await cluster.leader(topic, partition);
  const answer = await cluster.connection(node, 'main').send(fetch([from], limits));
  check(answer.error, 'fetching');
  const [found] = answer.partitions;
  const doing = `reading partition ${partition} of ${topic}`;
  if (found === undefined) throw new KafkaError(CODE.UNKNOWN_SERVER_ERROR, doing);
  if (found.error === CODE.OFFSET_OUT_OF_RANGE) return undefined;
  check(found.error, doing);
  return found;
}
