/** The largest records that topics accept, and how much is sent at once, on a real broker. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { ownerOfRows } from '../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import { running } from '../../servers/running.ts';
import { recordsOf } from '../../testing/produce.ts';
import { memoryStores, testRuntime } from '../../testing/stores.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { kafkaTopics } from '../../topics/kafka/admin/topics.ts';
import type { KafkaOptions } from '../../topics/kafka/cluster/options.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import { RecordTooLarge } from '../../topics/log/limits.ts';
import type { LogRecord, NewRecord, Transport } from '../../topics/log/transport.ts';
import { DAY, joined, record } from '../contracts/transport-members.ts';
import { FOR_EVER } from '../harness/retention.ts';
import { added, changed, owners, sums, things } from '../jobs/runtime/add-up.ts';
import { withTopic } from './kafka-topic.ts';

const { url } = await running('kafka');
const MIB = 1024 * 1024;

function opened(t: TestContext, options: Partial<KafkaOptions> = {}): Transport {
  const transport = kafkaTransport({ url, heartbeatMs: 100, ...options });
  t.after(() => transport.close());
  return transport;
}

async function limited(t: TestContext, topic: string, bytes: number, others: Readonly<Record<string, string>> = {}) {
  const brokers = url.slice('kafka://'.length).split(',');
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  // Settings that are not listed are reset to their defaults.
  const configEntries = [
    { name: 'max.message.bytes', value: String(bytes) },
    { name: 'retention.ms', value: String(FOR_EVER) },
    ...Object.entries(others).map(([name, value]) => ({ name, value })),
  ];
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
}

const sized = (topic: string, partition: number, bytes: number): NewRecord => ({
  ...record(topic, partition),
  value: Buffer.alloc(bytes, partition),
});

async function all(transport: Transport, topic: string, partition = 0): Promise<LogRecord[]> {
  return transport.read(topic, partition, 0, 10_000);
}

test('a topic that accepts less than a batch gets its records in smaller ones, in their order', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 2);
  await limited(t, topic, 20_000);
  const records = Array.from({ length: 70 }, (_, n) => ({ ...sized(topic, n % 2, 3000), key: Buffer.from(String(n)) }));
  const offsets = await transport.produce(records);
  const claim = await (await joined(transport, 'count', topic)).membership.claim(0);
  await claim.commit({ records, offset: 1, metadata: '' });
  const keys = [];
  for (const partition of [0, 1]) {
    const found = await all(transport, topic, partition);
    keys.push(...found.map(({ key }) => Number(Buffer.from(key ?? '').toString())));
    for (const { offset, key } of found.slice(0, 35))
      assert.equal(offsets[Number(Buffer.from(key ?? '').toString())], offset);
  }
  const [even, odd] = [0, 1].map((rest) => records.map((_, n) => n).filter((n) => n % 2 === rest)) as [
    number[],
    number[],
  ];
  assert.deepEqual(keys, [...even, ...even, ...odd, ...odd]);
});

test('verifying reports a topic that accepts less than is declared', async (t) => {
  const transport = opened(t);
  const topics = kafkaTopics({ url });
  t.after(() => topics.close());
  const name = await withTopic(transport);
  const wanted = { name, partitions: 1, retentionMs: FOR_EVER, groups: [] };
  assert.deepEqual(await topics.verify([wanted]), []);
  await limited(t, name, 1_048_588);
  const [found, ...others] = await topics.verify([wanted]);
  assert.deepEqual([found?.kind, found?.action, others], ['limit', 'reported', []]);
});

test('a record of the far future is refused from others, and written by us with the current time, so that it delays nobody', async (t) => {
  const transport = opened(t);
  const [topic, other] = [await withTopic(transport), await withTopic(transport)];
  const foreign = new Kafka({
    brokers: url.slice('kafka://'.length).split(','),
    logLevel: logLevel.NOTHING,
  }).producer();
  await foreign.connect();
  t.after(() => foreign.disconnect());
  const HOUR = 3_600_000;
  const say = (ahead: number) => {
    const messages = [{ value: 'x', timestamp: String(Date.now() + ahead) }];
    return foreign.send({ topic, messages });
  };
  await say(HOUR / 2);
  await assert.rejects(say(2 * HOUR), /timestamp of the message is out of acceptable range/i);

  const began = Date.now();
  const made = (name: string, key: string, timestamp: number) => ({ ...record(name, 0, { key }), timestamp });
  const records = [made(topic, 'past', 1000), made(topic, 'ahead', began + 366 * DAY), made(topic, 'now', began)];
  await transport.produce(records);
  const claim = await (await joined(transport, 'count', topic)).membership.claim(0);
  await claim.commit({ records: [...records, made(other, 'ahead', began + 2 * HOUR)], offset: 1, metadata: '' });
  const ended = Date.now();
  const found = await all(transport, topic);
  assert.deepEqual(
    found.slice(1).map(({ key }) => String(key)),
    ['past', 'ahead', 'now', 'past', 'ahead', 'now'],
  );
  const ahead = [...found, ...(await all(transport, other))].filter(({ key }) => String(key) === 'ahead');
  assert.equal(ahead.length, 3);
  for (const { timestamp } of ahead) assert.ok(timestamp >= began && timestamp <= ended, String(timestamp));
  const rest = found.slice(1).filter(({ key }) => String(key) !== 'ahead');
  assert.deepEqual(new Set(rest.map(({ timestamp }) => timestamp)), new Set([1000, began]));
});

test('verifying reports a topic that accepts any time', async (t) => {
  const transport = opened(t);
  const topics = kafkaTopics({ url });
  t.after(() => topics.close());
  const name = await withTopic(transport);
  const wanted = { name, partitions: 1, retentionMs: FOR_EVER, groups: [] };
  await limited(t, name, 9 * MIB, { 'message.timestamp.after.max.ms': '9223372036854775807' });
  const [found, ...others] = await topics.verify([wanted]);
  assert.deepEqual([found?.kind, found?.action, others], ['ahead', 'reported', []]);
  await limited(t, name, 9 * MIB, { 'message.timestamp.type': 'LogAppendTime' });
  assert.deepEqual(await topics.verify([wanted]), []);
});

test('when one of several records is too large, none is appended, and the error names the topic', async (t) => {
  const transport = opened(t);
  const [topic, other] = [await withTopic(transport), await withTopic(transport)];
  await limited(t, topic, 20_000);
  const records = [sized(topic, 0, 100), sized(topic, 0, 30_000)];
  const isNamed = (error: unknown) => error instanceof RecordTooLarge && error.topic === topic;
  await assert.rejects(transport.produce(records), isNamed);
  assert.deepEqual(await all(transport, topic), []);
  const claim = await (await joined(transport, 'count', topic)).membership.claim(0);
  await assert.rejects(
    claim.commit({ records: [sized(other, 0, 100_000), ...records], offset: 1, metadata: '' }),
    isNamed,
  );
  await transport.produce([sized(topic, 0, 100)]);
  assert.equal((await all(transport, topic)).length, 1);
});

test('5,000 records of 100 kB to one partition are one transaction', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport);
  const claim = await (await joined(transport, 'count', topic)).membership.claim(0);
  const records = Array.from({ length: 5000 }, () => sized(topic, 0, 100_000));
  const began = performance.now();
  await claim.commit({ records, offset: 1, metadata: '' });
  t.diagnostic(`${Math.round(performance.now() - began)} ms`);
  assert.ok(((await transport.describe([topic]))[0]?.partitions[0]?.end ?? 0) >= 5000);
});

test('broadcasts to very many partitions are more than one call', async (t) => {
  const transport = opened(t);
  const topic = await withTopic(transport, 30);
  const claim = await (await joined(transport, 'count', topic)).membership.claim(0);
  const records = Array.from({ length: 30 }, (_, partition) => sized(topic, partition, 5 * MIB));
  await claim.commit({ records, offset: 1, metadata: '' });
  const ends = (await transport.describe([topic]))[0]?.partitions.map(({ end }) => end >= 1);
  assert.ok(ends?.every(Boolean));
});

test('a record that was small enough while it was compressed becomes a dead letter that fits its topic', async (t) => {
  const compressing = opened(t, { compression: 'zstd' });
  const transport = opened(t);
  const name = await withTopic(transport);
  await transport.createTopics([{ name: deadLetterTopic(name), partitions: 1, retentionMs: -1 }]);
  const from = { ...things, name };
  const job = changed({ from, to: [sums] }, `add-up-${name}`);
  const stores = await memoryStores([job]);
  t.after(() => stores.close());
  await stores.tables.prepare([owners]);
  await transport.createTopics([{ name: sums.name, partitions: 1, retentionMs: -1 }]);
  const data = { thingId: 't', partId: 'p', amount: 1 };
  const made = (id: string) =>
    recordsOf(stores.codec, { topic: from, def: added, data, id, time: Date.now() }, 1)[0] as NewRecord;
  const large = {
    ...made('a'),
    // Half as long after compression, which still exceeds the smaller limit.
    value: Buffer.from(randomBytes(6 * MIB).toString('hex')),
    headers: { ...made('a').headers, 'content-type': 'application/json' },
  };
  await compressing.produce([large, made('b')]);

  for (const [limit, atMost] of [
    [9 * MIB, 9 * MIB],
    [300_000, 100_000],
  ] as const) {
    await limited(t, deadLetterTopic(name), limit);
    const runtime = testRuntime({ ...stores, transport });
    const membership = (await joined(transport, job.name, name)).membership;
    const worker = ownerOfRows({ job, partition: 0, membership, runtime, lookups: lookupsFor(runtime) });
    while ((await worker.turn(0)) !== 'idle');
    await membership.leave();
    const letter = (await all(transport, deadLetterTopic(name))).at(-1) as LogRecord;
    assert.equal(letter.headers[DEAD_LETTER.code], 'RECORD_TOO_LARGE');
    assert.equal(letter.headers[DEAD_LETTER.length], String(12 * MIB));
    assert.ok((letter.value?.length ?? 0) > atMost * 0.9 && (letter.value?.length ?? 0) < atMost);
    assert.equal((await transport.lag(job.name, name))[0]?.lag, 0);
    await compressing.produce([{ ...large, timestamp: Date.now() }]);
  }
});
