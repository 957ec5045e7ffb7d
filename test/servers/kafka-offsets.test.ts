/** Offsets that others commit, their metadata, and dedupe positions in their own topic, on a broker that accepts little metadata. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { startKafka } from '../../servers/kafka.ts';
import { Cluster } from '../../topics/kafka/cluster/cluster.ts';
import { settingsOf } from '../../topics/kafka/cluster/options.ts';
import { Fetcher } from '../../topics/kafka/fetch/fetcher.ts';
import { Producers } from '../../topics/kafka/produce/producers.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import type { Call } from '../../topics/kafka/wire/call.ts';
import { endTxn, txnOffsetCommit } from '../../topics/kafka/wire/calls/transactions.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { codeOf, joined, keysOf, record, take } from '../contracts/transport-members.ts';
import { onceKnown, withTopic } from './kafka-topic.ts';

const MARKS = 'tributary.marks';

const folder = mkdtempSync(join(tmpdir(), 'tributary-kafka-'));
const settings = { 'offset.metadata.max.bytes': '200', 'log.cleaner.backoff.ms': '100' };
const { url, kill } = await startKafka({ folder, settings });
const kafka = new kafkajs.Kafka({ brokers: [new URL(url).host], logLevel: kafkajs.logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
after(async () => {
  await admin.disconnect();
  await kill();
  rmSync(folder, { recursive: true, force: true });
});
await makeDedupeTopic();

/** Compacts the topic as soon as a record is superseded. */
async function makeDedupeTopic(): Promise<void> {
  const configEntries = [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'segment.ms', value: '1' },
    { name: 'min.cleanable.dirty.ratio', value: '0.01' },
  ];
  const topics = [{ topic: MARKS, numPartitions: 1, configEntries }];
  await onceKnown(() => admin.createTopics({ topics }));
}

function opened(t: TestContext): Transport {
  const transport = kafkaTransport({ url, heartbeatMs: 100, metadataMs: 500, patienceMs: 3000 });
  t.after(() => transport.close());
  return transport;
}

/** Commits like other clients, which need only the name of the group. */
async function commitAsOther(group: string, topic: string, offset: number, metadata: string): Promise<void> {
  const cluster = new Cluster(settingsOf({ url }));
  const error = await cluster.persist(async () => {
    const connection = cluster.connection(await cluster.coordinator('group', group), 'main');
    return connection.send(offsetCommit(group, topic, offset, metadata));
  });
  cluster.close();
  assert.equal(error, 0);
}

/** OffsetCommit 5 of partition 0, by a client that is not a member. */
const offsetCommit = (group: string, topic: string, offset: number, metadata: string): Call<number | undefined> => ({
  name: 'OffsetCommit',
  key: 8,
  version: 5,
  flexible: false,
  write(writer) {
    writer.string(group).i32(-1).string('');
    writer.array([topic], (name) =>
      writer.string(name).array([0], (partition) => writer.i32(partition).i64(offset).string(metadata)),
    );
  },
  read(reader) {
    reader.throttle();
    const errors = reader.array(() => {
      reader.string();
      return reader.array(() => ({ partition: reader.i32(), error: reader.i16() }));
    });
    return errors.flat()[0]?.error;
  },
});

test('an offset that a Kafka tool has set is foreign, in claims and in descriptions, until we commit', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const member = await joined(transport, 'reset', topic);
  await (await member.membership.claim(0)).commit({ records: [], offset: 5, metadata: 'ours' });
  await member.membership.leave();
  // Sets exactly the offset that was committed.
  await admin.setOffsets({ groupId: 'reset', topic, partitions: [{ partition: 0, offset: '5' }] });
  assert.deepEqual(await transport.committed('reset', topic), [{ offset: 5, metadata: '', foreign: true }]);
  const { membership } = await joined(transport, 'reset', topic);
  assert.deepEqual((await membership.claim(0)).committed, { offset: 5, metadata: '', foreign: true });
  await transport.seek('reset', topic, { partition: 0, offset: 3, metadata: 'repaired' });
  assert.deepEqual(await transport.committed('reset', topic), [{ offset: 3, metadata: 'repaired', foreign: false }]);
});

test('an offset that another client has committed is foreign, even with our metadata', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  for (const metadata of ['tributary1/4/=marks', 'host-7', '']) {
    await commitAsOther('other', topic, 6, metadata);
    assert.deepEqual(await transport.committed('other', topic), [{ offset: 6, metadata: '', foreign: true }], metadata);
  }
});

test('metadata of releases before the versioned format are recognised as ours', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const text = '[["job/orders/0",[1,0]]]';
  for (const metadata of [text, `~${deflateRawSync(text).toString('base64')}`]) {
    await commitAsOther('before', topic, 6, metadata);
    assert.deepEqual(await transport.committed('before', topic), [{ offset: 6, metadata: text, foreign: false }]);
  }
});

test('metadata of a newer release make a claim wait, and can be overwritten', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  await commitAsOther('newer', topic, 6, 'tributary2/6/anything');
  const { membership } = await joined(transport, 'newer', topic);
  assert.equal(await codeOf(membership.claim(0)), 'FORMAT_NEWER');
  assert.equal(await codeOf(transport.committed('newer', topic)), 'FORMAT_NEWER');
  assert.equal(await codeOf(transport.seek('newer', topic, { partition: 0, offset: 1 })), 'FORMAT_NEWER');
  assert.equal((await transport.lag('newer', topic))[0]?.committed, 6, 'how far it is behind can be asked for');
  await transport.seek('newer', topic, { partition: 0, offset: 1, metadata: 'given' });
  assert.deepEqual((await membership.claim(0)).committed, { offset: 1, metadata: 'given', foreign: false });
});

test('a broker that accepts little metadata is noticed: the same transaction stores the dedupe positions elsewhere', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  const { membership } = await joined(transport, 'little', topic);
  for (const [offset, length] of [300, 150, 500, 20].entries()) {
    const text = randomBytes(length).toString('hex');
    const claim = await membership.claim(0);
    await claim.look();
    await claim.commit({ records: [record(topic, 1, { key: `k${offset}` })], offset, metadata: text });
    assert.deepEqual((await membership.claim(0)).committed, { offset, metadata: text, foreign: false });
  }
  assert.deepEqual(keysOf(await transport.read(topic, 1, 0, 10)), ['k0', 'k1', 'k2', 'k3']);
});

test('a partition with an open transaction delays no other one of the same request', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  const { membership } = await joined(transport, 'unstable', topic);
  const cluster = new Cluster(settingsOf({ url }));
  t.after(() => cluster.close());
  const producer = await new Producers(cluster).initialise('tributary/somebody', {
    connection: 'main',
    timeoutMs: 60_000,
  });
  await producer.begin('unstable');
  const connection = cluster.connection(await cluster.coordinator('group', 'unstable'), 'main');
  const pending = { group: 'unstable', topic, partition: 1, offset: 9, metadata: 'tributary1/9/=late' };
  await connection.send(txnOffsetCommit(producer.identity, pending));
  let settled = false;
  const held = membership.claim(1).finally(() => {
    settled = true;
  });
  const free = await membership.claim(0);
  assert.deepEqual(free.committed, { offset: undefined, metadata: '', foreign: false });
  assert.equal(settled, false);
  await connection.send(endTxn(producer.identity, true));
  assert.deepEqual((await held).committed, { offset: 9, metadata: 'late', foreign: false });
});

test('long dedupe positions outlive the compaction of their topic, and a later aborted transaction', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  const { membership } = await joined(transport, 'long', topic);
  const texts = Array.from({ length: 4 }, () => randomBytes(20_000).toString('base64')) as [string, ...string[]];
  const tooLarge = { ...record(topic, 1), value: randomBytes(10 * 1024 * 1024) };
  for (const [offset, each] of texts.slice(0, 3).entries()) {
    await (await membership.claim(0)).commit({ records: [], offset, metadata: each });
  }
  const doomed = (await membership.claim(0)).commit({ records: [tooLarge], offset: 3, metadata: texts[3] as string });
  assert.equal(await codeOf(doomed), 'RECORD_TOO_LARGE');
  const first = () => transport.read(MARKS, 0, 0, 1000).then((records) => records.filter(({ key }) => isOf(key)));
  while ((await first()).length > 1) {
    // A segment is compacted only after another one has begun.
    await (await membership.claim(1)).commit({
      records: [],
      offset: 0,
      metadata: randomBytes(2000).toString('base64'),
    });
    await sleep(100);
  }
  assert.deepEqual((await membership.claim(0)).committed, { offset: 2, metadata: texts[2], foreign: false });
  assert.equal((await transport.committed('long', topic))[0]?.metadata, texts[2]);

  function isOf(key: Uint8Array | null): boolean {
    return Buffer.from(key ?? []).toString() === `long/${topic}/0`;
  }
});

test('dedupe positions whose topic was lost are reported as missing', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const { membership } = await joined(transport, 'lost', topic);
  await (await membership.claim(0)).commit({ records: [], offset: 1, metadata: randomBytes(2000).toString('base64') });
  await admin.deleteTopics({ topics: [MARKS] });
  assert.equal(await codeOf(membership.claim(0)), 'TOPIC_MISSING');
  await makeDedupeTopic();
  await assert.rejects(membership.claim(0), { code: 'STORE_BROKEN', message: /tributary\.marks/ });
  await transport.seek('lost', topic, { partition: 0, offset: 1, metadata: 'given' });
  assert.equal((await membership.claim(0)).committed.metadata, 'given');
});

test('a topic that is deleted and made again ends its claims, and none of them reads or commits a record of the new one', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const keys = ['a', 'b', 'c', 'd'];
  await transport.produce(keys.map((key) => record(topic, 0, { key })));
  const { membership } = await joined(transport, 'again', topic);
  const claim = await membership.claim(0);
  assert.deepEqual(keysOf(await take(claim, 2)), ['a', 'b']);
  const idle = await (await joined(transport, 'idle', topic)).membership.claim(0);
  await take(idle, 4);

  await admin.deleteTopics({ topics: [topic] });
  const maker = kafkaTransport({ url });
  while ((await maker.describe([topic])).length > 0) await sleep(20);
  await maker.createTopics([{ name: topic, partitions: 1, retentionMs: 1e12 }]);
  await maker.produce(['e', 'f', 'g', 'h', 'i', 'j'].map((key) => record(topic, 0, { key })));
  await maker.close();

  for (const each of [claim, idle]) {
    let code: string | undefined;
    const read: string[] = [];
    while (code === undefined) {
      code = await codeOf(
        each.fetch({ maxRecords: 1, waitMs: 100 }).then(({ records }) => read.push(...keysOf(records))),
      );
      if (code === 'LOG_AWAY' || code === 'TOPIC_MISSING') code = undefined;
    }
    assert.equal(code, 'FENCED');
    assert.ok(
      read.every((key) => keys.includes(key)),
      read.join(),
    );
    assert.equal(await codeOf(each.look()), 'FENCED');
    assert.equal(await codeOf(each.commit({ records: [], offset: 5, metadata: '' })), 'FENCED');
  }
  const next = await (await joined(transport, 'next', topic)).membership.claim(0);
  assert.notEqual(next.shape.id, claim.shape.id);
  assert.deepEqual(keysOf(await take(next, 6)), ['e', 'f', 'g', 'h', 'i', 'j']);

  // A fetcher that did not notice that the topic was gone, for example because it was paused.
  const cluster = new Cluster(settingsOf({ url }));
  const fetcher = new Fetcher(cluster);
  t.after(() => {
    fetcher.stop();
    cluster.close();
  });
  const reader = fetcher.open(topic, 0, 2, claim.shape.id);
  while (reader.failing === undefined && reader.bytes === 0) await reader.change(1000, undefined);
  assert.equal(reader.bytes, 0);
  assert.match(String(reader.failing?.error), /UNKNOWN_TOPIC_ID/);
});
