/** Several processes replay dead letters on Kafka at once. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { running } from '../../../servers/running.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import { wired } from '../../cli/in-process.ts';
import { rejectedEvents, replayedBy, sentAgain, withTransport } from '../../harness/at-once.ts';
import { FOR_EVER } from '../../harness/retention.ts';
import { named } from './crash-stores.ts';

const kafka = await running('kafka');
const COUNT = 250;
const PROCESSES = 3;

async function processes(t: TestContext) {
  const local = await wired(t);
  const prefix = `letters-${randomUUID().slice(0, 8)}.`;
  const opened = Array.from({ length: PROCESSES }, () => {
    const transport = kafkaTransport({ url: kafka.url });
    t.after(() => transport.close());
    return withTransport(local, named(transport, prefix));
  });
  const [first] = opened;
  assert.ok(first);
  const topics = local.platform.topics.flatMap(({ name }) => [name, deadLetterTopic(name)]);
  await first.stores.transport.createTopics(topics.map((name) => ({ name, partitions: 6, retentionMs: FOR_EVER })));
  return { opened, first };
}

test('of processes that replay the same letters at once, each letter is sent once', async (t) => {
  const { opened, first } = await processes(t);
  const ids = await rejectedEvents(first, COUNT);
  const answers = await replayedBy(opened);
  const sent = await sentAgain(first);
  assert.deepEqual([sent.length, new Set(sent).size], [COUNT, COUNT]);
  const replayed = answers.flatMap((each) => each.replayed.map(({ id }) => id));
  assert.deepEqual(replayed.toSorted(), ids.toSorted(), 'each is claimed by one of them');
});
