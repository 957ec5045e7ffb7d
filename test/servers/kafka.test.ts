/** The transport on a real broker. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { running } from '../../servers/running.ts';
import { kafkaTopics } from '../../topics/kafka/admin/topics.ts';
import type { KafkaOptions } from '../../topics/kafka/cluster/options.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import { COMPRESSIONS } from '../../topics/kafka/wire/compression.ts';
import type { Claim, Transport } from '../../topics/log/transport.ts';
import { transportContract } from '../contracts/transport.ts';
import { claimOf, codeOf, joined, keysOf, record, spread, take } from '../contracts/transport-members.ts';
import { withTopic } from './kafka-topic.ts';

const { url } = await running('kafka');

function opened(t: TestContext, options: Partial<KafkaOptions> = {}): Transport {
  // Members learn from heartbeats that their group changed.
  const transport = kafkaTransport({ url, heartbeatMs: 100, ...options });
  t.after(() => transport.close());
  return transport;
}

transportContract('kafka', async (t) => opened(t, { metadataMs: 200 }), {
  expires: false,
  async apply(_, wanted) {
    const topics = kafkaTopics({ url });
    assert.deepEqual(
      (await topics.apply([wanted])).map(({ action }) => action),
      ['expand'],
    );
    await topics.close();
  },
});

test('a group and its claims work across processes', async (t) => {
  const [first, second] = [opened(t), opened(t)];
  const topic = await withTopic(first, 4);
  const old = await joined(first, 'count', topic);
  const claim = await old.membership.claim(3);
  await claim.commit({ records: [], offset: 7, metadata: 'seven' });
  const successor = await joined(second, 'count', topic, { wait: false });
  await spread([old, successor], 4);
  const [taken] = [...successor.held].sort().slice(-1);
  assert.equal(taken, 3, 'the last ones move');
  const next = await successor.membership.claim(3);
  assert.deepEqual(next.committed, { offset: 7, metadata: 'seven', foreign: false });
  assert.equal(await codeOf(claim.commit({ records: [], offset: 8, metadata: '' })), 'FENCED');
});

test('claims of one partition, by several groups in one process, each read all of it from their own offset', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
  const claims: Claim[] = [];
  for (const [i, key] of keys.entries()) {
    // The claims begin at the end, in the middle and at the beginning of the records.
    if (i % 20 === 0) claims.push(await claimOf(transport, `count-${i}`, topic, 0));
    await transport.produce([record(topic, 0, { key })]);
    const [first] = claims;
    if (first !== undefined) assert.deepEqual(keysOf(await take(first, 1)), [key]);
  }
  for (const claim of claims.slice(1)) assert.deepEqual(keysOf(await take(claim, keys.length)), keys);
});

test('an idle owner learns that its partition was claimed by another, or that its offset was moved', async (t) => {
  const [first, second] = [opened(t), opened(t)];
  const topic = await withTopic(first);
  const claim = await claimOf(first, 'count', topic, 0);
  const idle = claim.fetch({ maxRecords: 1, waitMs: 60_000 });
  await second.seek('count', topic, { partition: 0, offset: 5 });
  assert.equal(await codeOf(idle), 'FENCED');
});

test('a group that has read everything has no lag, though transaction markers follow the last record', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  await transport.produce([record(topic, 0), record(topic, 1), record(topic, 0)]);
  const member = await joined(transport, 'count', topic);
  for (const partition of [0, 1]) {
    const claim = await member.membership.claim(partition);
    const records = await take(claim, partition === 0 ? 2 : 1);
    const last = records.at(-1)?.offset as number;
    const caughtUp = await claim.fetch({ maxRecords: 10, waitMs: 0 });
    assert.deepEqual(caughtUp, { records: [], end: caughtUp.end }, 'the marks are no records to wait for');
    assert.ok(caughtUp.end > last);
    await claim.commit({ records: [], offset: last + 1, metadata: '' });
    assert.ok(((await transport.lag('count', topic))[partition]?.end ?? 0) > last + 1);
  }
  assert.deepEqual(
    (await transport.lag('count', topic)).map(({ lag }) => lag),
    [0, 0],
  );
});

test('a large compressible record is accepted even without compression', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  const value = Buffer.alloc(12 * 1024 * 1024, 'learner ');
  await transport.produce([record(topic, 0), { ...record(topic, 0, { key: 'large' }), value }, record(topic, 1)]);
  const [, found] = await transport.read(topic, 0, 0, 10);
  assert.ok(value.equals(found?.value as Buffer));
});

test('records of an aborted transaction are never visible', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  const { membership } = await joined(transport, 'count', topic);
  const claim = await membership.claim(0);
  // The broker refuses it after appending the batch of the first partition.
  const tooLarge = { ...record(topic, 1), value: randomBytes(10 * 1024 * 1024) };
  const attempt = claim.commit({ records: [record(topic, 0, { key: 'aborted' }), tooLarge], offset: 1, metadata: '' });
  await assert.rejects(attempt, {
    code: 'RECORD_TOO_LARGE',
    message: new RegExp(`raise max.message.bytes of the topic ${topic}`),
  });
  assert.equal(
    await codeOf(claim.commit({ records: [], offset: 1, metadata: '' })),
    'LOG_AWAY',
    'its outcome is not known',
  );
  const next = await membership.claim(0);
  assert.deepEqual(next.committed, { offset: undefined, metadata: '', foreign: false });
  await next.commit({ records: [record(topic, 0, { key: 'committed' })], offset: 0, metadata: '' });
  assert.deepEqual(keysOf(await take(next, 1)), ['committed']);
  assert.deepEqual(keysOf(await transport.read(topic, 0, 0, 10)), ['committed']);
});

for (const compression of COMPRESSIONS) {
  test(`records written with ${compression} are accepted by the broker and read again`, async (t) => {
    const transport = opened(t, { compression });
    const topic = await withTopic(transport, 2);
    const value = Buffer.alloc(100_000, 'learner ');
    const records = Array.from({ length: 40 }, (_, i) => ({ ...record(topic, i % 2, { key: `k${i}` }), value }));
    await transport.produce(records);
    for (const partition of [0, 1]) {
      const found = await transport.read(topic, partition, 0, 100);
      assert.deepEqual(
        keysOf(found),
        keysOf(found.map((_, i) => ({ key: Buffer.from(`k${2 * i + partition}`) }) as never)),
      );
      for (const { value: read } of found) assert.ok(value.equals(read as Buffer));
    }
  });
}

test('a topic made again after its deletion has another id', async (t) => {
  const transport = opened(t);
  const [one, two] = [await withTopic(transport), await withTopic(transport)];
  const ids = (await transport.describe([one, two])).map(({ id }) => id);
  assert.ok(ids.every((id) => typeof id === 'string' && id.length > 10));
  assert.notEqual(ids[0], ids[1]);
});

test('an invalid offset is refused', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  for (const offset of [-1, 1.5, Number.NaN]) {
    assert.equal(await codeOf(transport.seek('count', topic, { partition: 0, offset })), 'USAGE');
  }
});

test('closing lets members commit what they have, and refuses everything else', async () => {
  const transport = kafkaTransport({ url, heartbeatMs: 100 });
  const topic = await withTopic(transport);
  const assigned = Promise.withResolvers<void>();
  const membership = await transport.join('count', topic, {
    assigned: () => assigned.resolve(),
    revoked: async () => claim.commit({ records: [], offset: 3, metadata: 'last' }),
  });
  await assigned.promise;
  const claim = await membership.claim(0);
  await Promise.all([transport.close(), transport.close()]);
  for (const call of [
    () => transport.produce([record(topic, 0)]),
    () => transport.describe(),
    () => transport.join('count', topic, { assigned() {}, async revoked() {} }),
  ]) {
    assert.equal(await codeOf(call()), 'USAGE');
  }
  const again = kafkaTransport({ url });
  assert.equal((await again.lag('count', topic))[0]?.committed, 3);
  await again.close();
});
