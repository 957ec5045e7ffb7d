/** What `topics verify` and `topics apply` do to a real cluster. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import kafkajs from 'kafkajs';
import { running } from '../../servers/running.ts';
import { kafkaTopics } from '../../topics/kafka/admin/topics.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import { formatProgress, nothing, parseProgress } from '../../topics/log/progress.ts';
import { topicsContract } from '../contracts/topics.ts';
import { joined } from '../contracts/transport-members.ts';
import { FOR_EVER } from '../harness/retention.ts';
import { withTopic } from './kafka-topic.ts';

const { url } = await running('kafka');

topicsContract('Kafka', async (t) => {
  const topics = kafkaTopics({ url });
  const transport = kafkaTransport({ url, heartbeatMs: 100 });
  t.after(async () => {
    await topics.close();
    await transport.close();
  });
  return { topics, transport };
});

test('the next apply completes an expansion by other tools, or one that was interrupted', async (t) => {
  const transport = kafkaTransport({ url, heartbeatMs: 100 });
  const topics = kafkaTopics({ url });
  const admin = new kafkajs.Kafka({ brokers: [new URL(url).host], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  t.after(async () => {
    await admin.disconnect();
    await topics.close();
    await transport.close();
  });
  const topic = await withTopic(transport, 2);
  const dedupe = DedupePositions.none();
  dedupe.pass({ line: 'job/other/0', offset: 5, index: 0 });
  const progress = formatProgress({ ...nothing(), token: 1, partitions: 2, base: 2, dedupe }, 3);
  await transport.seek('count', topic, { partition: 1, offset: 3, metadata: progress });
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  const wanted = { name: topic, partitions: 3, retentionMs: FOR_EVER, groups: ['count'] };
  const member = await joined(transport, 'count', topic, { wait: false });
  await topics.apply([wanted]);
  assert.equal((await transport.committed('count', topic))[2]?.offset, undefined, 'not while somebody reads it');
  await member.membership.leave();
  await topics.apply([wanted]);
  const found = (await transport.committed('count', topic)).map(({ offset, metadata: text }) => ({
    offset,
    ...parseProgress(text, offset as number),
  }));
  assert.deepEqual(
    found.map(({ offset, partitions, base, dedupe: seen }) => [offset, partitions, base, seen.toString()]),
    [0, 3, 0].map((offset) => [offset, 3, 2, dedupe.toString()]),
  );
});
