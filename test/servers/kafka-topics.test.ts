/** What `topics verify` and `topics apply` do to a real cluster. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { running } from '../../servers/running.ts';
import { type KafkaTopics, kafkaTopics } from '../../topics/kafka/topics.ts';
import type { WantedTopic } from '../../topics/kafka/topics-plan.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import type { Transport } from '../../topics/transport.ts';
import { DAY, joined, record, take } from '../contracts/transport-members.ts';

const { url } = await running('kafka');

function opened(t: TestContext): { topics: KafkaTopics; transport: Transport } {
  const topics = kafkaTopics({ url });
  const transport = kafkaTransport({ url, heartbeatMs: 100 });
  t.after(async () => {
    await topics.close();
    await transport.close();
  });
  return { topics, transport };
}

const retentionMs = 100 * 365 * DAY;
const wanted = (about: Partial<WantedTopic> = {}): WantedTopic => ({
  name: `orders-${randomUUID()}`,
  partitions: 2,
  retentionMs,
  groups: ['count'],
  ...about,
});
const kinds = (found: readonly { kind: string; action: string }[]) =>
  found.map(({ kind, action }) => `${kind} ${action}`);

test('what is missing is created, and then nothing differs', async (t) => {
  const { topics, transport } = opened(t);
  const topic = wanted();
  assert.deepEqual(kinds(await topics.verify([topic])), ['missing create']);
  assert.deepEqual(await transport.describe([topic.name]), [], 'verifying creates nothing');
  assert.deepEqual(kinds(await topics.apply([topic])), ['missing create']);
  assert.equal((await transport.describe([topic.name]))[0]?.partitions.length, 2);
  assert.deepEqual(await topics.apply([topic]), []);
  assert.deepEqual(await topics.verify([]), []);
});

test('a topic is expanded when nobody reads it and nothing is left, and never made smaller', async (t) => {
  const { topics, transport } = opened(t);
  const topic = wanted();
  await topics.apply([topic]);
  const [offset] = await transport.produce([record(topic.name, 0)]);
  const larger = { ...topic, partitions: 4 };
  assert.deepEqual(kinds(await topics.apply([larger])), ['partitions reported'], 'something is left to read');

  const member = await joined(transport, 'count', topic.name);
  const claim = await member.membership.claim(0);
  await take(claim, 1);
  await claim.commit({ records: [], offset: (offset as number) + 1, marks: '' });
  const [busy] = await topics.apply([larger]);
  assert.match(busy?.message ?? '', /the group count has 1 members and a lag of 0/);

  await member.membership.leave();
  assert.deepEqual(kinds(await topics.apply([larger])), ['partitions expand']);
  assert.equal((await transport.describe([topic.name]))[0]?.partitions.length, 4);
  assert.deepEqual(kinds(await topics.apply([topic])), ['partitions reported']);
  assert.equal((await transport.describe([topic.name]))[0]?.partitions.length, 4);
});

test('another retention is reported and left as it is', async (t) => {
  const { topics } = opened(t);
  const topic = wanted();
  await topics.apply([topic]);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(kinds(await topics.apply([{ ...topic, retentionMs: 5000 }])), ['retention reported']);
  }
  assert.deepEqual(await topics.verify([topic]), []);
});
