/**
 * What kafkajs's own consumer and producer (version 2.2.4) get wrong, each found in its source, and what happens here instead. For
 * batches that are too long or damaged, and bytes that are views of a response, see test/topics/kafka/wire/records.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { startKafka } from '../../servers/kafka.ts';
import { Cluster } from '../../topics/kafka/cluster/cluster.ts';
import { type KafkaOptions, settingsOf } from '../../topics/kafka/cluster/options.ts';
import { Fetcher } from '../../topics/kafka/fetch/fetcher.ts';
import type { Reader } from '../../topics/kafka/fetch/reader.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import { fetch } from '../../topics/kafka/wire/calls/fetch.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { claimOf, codeOf, joined, keysOf, record, spread, take } from '../contracts/transport-members.ts';
import { withTopic } from './kafka-topic.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-kafka-'));
// Allows sessions that are short enough for a test.
const server = await startKafka({ folder, settings: { 'group.min.session.timeout.ms': '500' } });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

const { url } = server;
const admin = new kafkajs.Kafka({ brokers: [new URL(url).host], logLevel: kafkajs.logLevel.NOTHING }).admin();
await admin.connect();
after(() => admin.disconnect());

function opened(t: TestContext, options: Partial<KafkaOptions> = {}): Transport {
  const transport = kafkaTransport({ url, heartbeatMs: 100, ...options });
  t.after(() => transport.close());
  return transport;
}

test('1: a member that has joined a newer generation cannot commit for a partition that is not its own any more', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  const old = await joined(transport, 'count', topic);
  const claims = [await old.membership.claim(0), await old.membership.claim(1)];
  const successor = await joined(transport, 'count', topic, { wait: false });
  await spread([old, successor], 2);
  const [moved] = successor.held;
  const [kept] = old.held;
  await successor.membership.claim(moved as number);
  const commit = { records: [record(topic, 0)], offset: 9, metadata: 'old' };
  assert.equal(await codeOf(claims[moved as number]?.commit(commit) ?? Promise.resolve()), 'FENCED');
  assert.equal(await codeOf(claims[kept as number]?.commit(commit) ?? Promise.resolve()), undefined);
});

test('2 and 3: no error while records are handled ends the reading or anybody’s membership', async (t) => {
  const [transport, other] = [opened(t), opened(t)];
  const topic = await withTopic(transport, 2);
  const member = await joined(transport, 'count', topic, { wait: false });
  const bystander = await joined(other, 'count', topic, { wait: false });
  await spread([member, bystander], 2);
  let revocations = 0;
  void bystander.revoking().then(() => revocations++);
  const [partition] = member.held;
  await transport.produce(['a', 'b', 'c', 'd'].map((key) => record(topic, partition as number, { key })));
  const claim = await member.membership.claim(partition as number);
  for (const [i, failure] of [TypeError, RangeError, ReferenceError, Error].entries()) {
    await assert.rejects(
      async () => {
        const { records } = await claim.fetch({ maxRecords: 1, waitMs: 60_000 });
        throw new failure(keysOf(records)[0]);
      },
      { message: 'abcd'[i] },
    );
  }
  await claim.commit({ records: [], offset: 4, metadata: '' });
  assert.deepEqual([member.held.size, bystander.held.size, revocations], [1, 1, 0]);
});

test('4: records that were dropped before they were read are reported', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const offsets = await transport.produce(Array.from({ length: 10 }, (_, i) => record(topic, 0, { key: `k${i}` })));
  const { membership } = await joined(transport, 'count', topic);
  const early = await membership.claim(0);
  await take(early, 10);
  await early.commit({ records: [], offset: 2, metadata: '' });
  await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offsets[6]) }] });
  early.seek(2);
  await assert.rejects(early.fetch({ maxRecords: 1, waitMs: 60_000 }), {
    code: 'LOG_AWAY',
    message: /partition 0 of .* begins at 6 now: the records from 2 on were dropped/,
  });
  const late = await membership.claim(0);
  assert.deepEqual([late.committed.offset, late.begin], [2, 6], 'who claims again sees what is lost');
  assert.deepEqual(keysOf(await take(late, 4)), ['k6', 'k7', 'k8', 'k9']);
});

test('4: a group that stands beyond the end of the log stays there, and commits nothing', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  await transport.produce([record(topic, 0), record(topic, 0)]);
  await transport.seek('count', topic, { partition: 0, offset: 1000 });
  const claim = await claimOf(transport, 'count', topic, 0);
  assert.deepEqual(await claim.fetch({ maxRecords: 1, waitMs: 0 }), { records: [], end: 2 });
  assert.equal((await transport.lag('count', topic))[0]?.committed, 1000);
});

test('5: a member stays in its group through a batch that takes several sessions', async (t) => {
  const sessionMs = 1000;
  const [transport, other] = [opened(t, { sessionMs }), opened(t)];
  const topic = await withTopic(transport);
  await transport.produce([record(topic, 0)]);
  const member = await joined(transport, 'count', topic);
  const claim = await member.membership.claim(0);
  await take(claim, 1);
  await sleep(3 * sessionMs);
  const waiting = await joined(other, 'count', topic, { wait: false });
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  assert.deepEqual([[...member.held], [...waiting.held]], [[0], []]);
  await claim.commit({ records: [], offset: 1, metadata: '' });
});

test('6: a partition whose records nobody takes delays no other, and only a bounded amount of it is fetched ahead', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 3);
  const value = Buffer.alloc(1000);
  const [rounds, size] = [40, 150];
  for (let i = 0; i < rounds; i++) {
    await transport.produce(Array.from({ length: size }, (_, j) => ({ ...record(topic, j % 3), value })));
  }
  const aheadBytes = 1024 * 1024;
  const cluster = new Cluster(settingsOf({ url, aheadBytes }));
  const fetcher = new Fetcher(cluster);
  t.after(() => {
    fetcher.stop();
    cluster.close();
  });
  const [stuck, ...others] = [0, 1, 2].map((partition) => fetcher.open(topic, partition, 0)) as [
    Reader,
    Reader,
    Reader,
  ];
  const wanted = (rounds * size) / 3;
  await Promise.all(
    others.map(async (reader) => {
      for (let taken = 0; taken < wanted; fetcher.wake()) {
        const records = reader.take(100);
        taken += records.length;
        if (records.length === 0) await reader.change(1000, undefined);
      }
    }),
  );
  assert.ok(stuck.bytes > 0 && stuck.bytes <= aheadBytes / 3, `${stuck.bytes} bytes of ${wanted * 1000}`);
  for (let taken = 0; taken < wanted; fetcher.wake()) {
    taken += stuck.take(1000).length;
    if (stuck.bytes === 0 && taken < wanted) await stuck.change(1000, undefined);
  }
});

test('7: a member that is slow to let go delays only the partitions that move', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 4);
  await transport.produce([0, 1, 2, 3].map((partition) => record(topic, partition)));
  const slow = await joined(transport, 'count', topic);
  const quick = await joined(transport, 'count', topic, { wait: false });
  await spread([slow, quick], 4);
  const release = slow.holdRevocations();
  const third = await joined(transport, 'count', topic, { wait: false });
  const fourth = await joined(transport, 'count', topic, { wait: false });
  const going = await slow.revoking();
  assert.equal(going.length, 1);
  while (third.held.size + fourth.held.size === 0) await Promise.race([third.notified(), fourth.notified()]);
  const [kept] = [...slow.held].filter((partition) => !going.includes(partition));
  const claim = await slow.membership.claim(kept as number);
  assert.equal((await take(claim, 1)).length, 1);
  await claim.commit({ records: [], offset: 1, metadata: '' });
  release();
  await spread([slow, quick, third, fourth], 4);
});

test('8: claims are fenced partition by partition, since transactions know nothing of a group’s generation', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  const { membership } = await joined(transport, 'count', topic);
  const [zero, one] = [await membership.claim(0), await membership.claim(1)];
  await membership.claim(0);
  assert.equal(await codeOf(zero.commit({ records: [], offset: 1, metadata: '' })), 'FENCED');
  assert.equal(await codeOf(one.commit({ records: [], offset: 1, metadata: '' })), undefined);
});

test('9: every append has a producer id, by which the broker recognises a repeated request', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const offsets = await Promise.all([1, 2, 3, 4].map(() => transport.produce([record(topic, 0), record(topic, 0)])));
  assert.deepEqual(offsets.flat(), [0, 1, 2, 3, 4, 5, 6, 7]);
  const cluster = new Cluster(settingsOf({ url }));
  t.after(() => cluster.close());
  const node = await cluster.leader(topic, 0);
  const answer = await cluster.connection(node, 'test').send(
    fetch([{ topic, id: undefined, partition: 0, offset: 0 }], {
      waitMs: 0,
      bytes: 100_000,
      partitionBytes: 100_000,
    }),
  );
  const bytes = answer.partitions[0]?.records as Buffer;
  for (let at = 0, batch = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8), batch++) {
    assert.ok(bytes.readBigInt64BE(at + 43) >= 0n);
    assert.equal(bytes.readInt32BE(at + 53), 2 * batch, 'each batch says how many records came before');
  }
});

test('10: 40,000 records to one partition in one call are no more work than in forty, and arrive in order', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const keys = Array.from({ length: 40_000 }, (_, i) => `k${i}`);
  const offsets = await transport.produce(keys.map((key) => record(topic, 0, { key })));
  assert.deepEqual(
    offsets,
    keys.map((_, i) => i),
  );
  assert.deepEqual(keysOf(await take(await claimOf(transport, 'count', topic, 0), 40_000)), keys);
});

test('a topic that was expanded is noticed, and its new partitions are given to members', async (t) => {
  const transport = opened(t, { metadataMs: 200 });
  const topic = await withTopic(transport, 2);
  const members = [await joined(transport, 'count', topic), await joined(transport, 'count', topic, { wait: false })];
  await spread(members, 2);
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  await spread(members, 5);
  const [offset] = await transport.produce([record(topic, 4, { key: 'new' })]);
  assert.deepEqual(keysOf(await transport.read(topic, 4, offset as number, 1)), ['new']);
});

test('a client that connects and works causes no warning', async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  const transport = opened(t);
  const topic = await withTopic(transport);
  await transport.produce([record(topic, 0)]);
  await take(await claimOf(transport, 'count', topic, 0), 1);
  await setImmediate();
  process.off('warning', note);
  assert.deepEqual(warnings, []);
});
