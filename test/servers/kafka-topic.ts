/** A topic for one test, which keeps records of any age. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '../../topics/log/transport.ts';
import { FOR_EVER } from '../harness/retention.ts';

export async function withTopic(transport: Transport, partitions = 1): Promise<string> {
  const name = `orders-${randomUUID()}`;
  await transport.createTopics([{ name, partitions, retentionMs: FOR_EVER }]);
  return name;
}

/** A broker knows a new topic a moment after it was created, and kafkajs does not wait for that. Nothing has happened when it fails. */
export async function onceKnown<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      await sleep(50);
    }
  }
}
