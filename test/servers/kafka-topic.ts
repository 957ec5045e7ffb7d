/** A topic for one test, which keeps records of any age. */

import { randomUUID } from 'node:crypto';
import type { Transport } from '../../topics/log/transport.ts';
import { FOR_EVER } from '../harness/retention.ts';

export async function withTopic(transport: Transport, partitions = 1): Promise<string> {
  const name = `orders-${randomUUID()}`;
  await transport.createTopics([{ name, partitions, retentionMs: FOR_EVER }]);
  return name;
}
