/** The transport while its broker is killed or paused, or replaced by another of three. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { kindOf, TributaryError } from '../../core/errors.ts';
import { type KafkaServer, type KafkaOptions as ServerOptions, startKafka } from '../../servers/kafka.ts';
import type { KafkaOptions } from '../../topics/kafka/cluster/options.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import type { Claim, Transport } from '../../topics/log/transport.ts';
import { claimOf, codeOf, joined, keysOf, type Member, record, spread } from '../contracts/transport-members.ts';
import { withTopic } from './kafka-topic.ts';

async function started(t: TestContext, options: Partial<ServerOptions> = {}): Promise<KafkaServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-kafka-'));
  const settings = { 'group.min.session.timeout.ms': '500' };
  const server = await startKafka({ folder, settings, ...options });
  t.after(async () => {
    server.resume();
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return server;
}

function opened(t: TestContext, { url }: KafkaServer, options: Partial<KafkaOptions> = {}): Transport {
  const transport = kafkaTransport({ url, heartbeatMs: 200, ...options });
  t.after(() => transport.close());
  return transport;
}

/** The first join and the first claim create the broker's internal topics, which takes longer than 1 s on a busy machine. */
async function createInternalTopics(t: TestContext, server: KafkaServer): Promise<void> {
  const transport = opened(t, server);
  await claimOf(transport, 'first', await withTopic(transport), 0);
}

async function administrator(t: TestContext, { url }: KafkaServer): Promise<Admin> {
  const brokers = url.slice('kafka://'.length).split(',');
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 30 } }).admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  return admin;
}

/** Starts over from a new claim after every failure that may pass, as the runtime does. */
async function copy({ membership }: Member, to: string, count: number, each: (copied: number) => void): Promise<void> {
  for (let copied = 0; copied < count; ) {
    try {
      const claim = await membership.claim(0);
      copied = claim.committed.offset ?? 0;
      while (copied < count) copied = await copySome(claim, to, each);
    } catch (error) {
      if (!(error instanceof TributaryError) || !['retry', 'fenced'].includes(error.kind)) throw error;
      await sleep(50);
    }
  }
}

async function copySome(claim: Claim, to: string, each: (copied: number) => void): Promise<number> {
  const { records } = await claim.fetch({ maxRecords: 7, waitMs: 60_000 });
  const copies = records.map(({ key, value, headers, timestamp }) => ({
    ...{ topic: to, partition: 0, key, value, headers, timestamp },
  }));
  const offset = (records.at(-1)?.offset ?? 0) + 1;
  await claim.commit({ records: copies, offset, metadata: String(offset) });
  each(offset);
  return offset;
}

async function keysIn(transport: Transport, topic: string): Promise<string[]> {
  const keys: string[] = [];
  for (let offset = 0; ; ) {
    const records = await transport.read(topic, 0, offset, 500);
    if (records.length === 0) return keys;
    keys.push(...keysOf(records));
    offset = (records.at(-1)?.offset ?? 0) + 1;
  }
}

describe('the transport while Kafka is away', () => {
  test('each record has its effect once, though the broker is killed again and again between and within commits', async (t) => {
    const server = await started(t);
    const transport = opened(t, server);
    const [from, to] = [await withTopic(transport), await withTopic(transport)];
    const keys = Array.from({ length: 1500 }, (_, i) => `k${i}`);
    await transport.produce(keys.map((key) => record(from, 0, { key })));
    const member = await joined(transport, 'copy', from);
    const kills = [60, 500, 1000];
    let outage = Promise.resolve();
    await copy(member, to, keys.length, (copied) => {
      if (kills[0] === undefined || copied < kills[0]) return;
      kills.shift();
      // Not awaited, so that the next commits are in progress.
      outage = outage.then(() => server.kill()).then(() => server.start());
    });
    await outage;
    assert.deepEqual(kills, []);
    assert.deepEqual(await keysIn(transport, to), keys);
  });

  test('any call while no broker answers fails in time, and works again when one does', async (t) => {
    const server = await started(t);
    await createInternalTopics(t, server);
    const transport = opened(t, server, { requestMs: 2000, patienceMs: 5000 });
    const topic = await withTopic(transport, 2);
    const { membership } = await joined(transport, 'count', topic);
    const claim = await membership.claim(0);
    const idle = await membership.claim(1);
    server.pause();
    const calls = {
      produce: () => transport.produce([record(topic, 0)]),
      together: () => transport.produce([record(topic, 0), record(topic, 1)]),
      describe: () => transport.describe(),
      read: () => transport.read(topic, 0, 0, 1),
      lag: () => transport.lag('count', topic),
      seek: () => transport.seek('other', topic, { partition: 0, offset: 1 }),
      join: () => transport.join('other', topic, { assigned() {}, async revoked() {} }),
      commit: () => claim.commit({ records: [record(topic, 1)], offset: 1, metadata: '' }),
      fetch: () => idle.fetch({ maxRecords: 1, waitMs: 60_000 }),
    };
    const codes = await Promise.all(Object.values(calls).map((call) => codeOf(call())));
    assert.deepEqual(
      codes,
      Object.keys(calls).map(() => 'LOG_AWAY'),
    );
    server.resume();
    await transport.produce([record(topic, 0, { key: 'again' })]);
    assert.ok((await keysIn(transport, topic)).includes('again'));
    const next = await claimOf(transport, 'next', topic, 0);
    assert.ok((await next.fetch({ maxRecords: 10, waitMs: 60_000 })).records.length > 0);
  });

  test('a member without contact to its group for a session releases its partitions, and gets them again', async (t) => {
    const server = await started(t);
    await createInternalTopics(t, server);
    const transport = opened(t, server, { sessionMs: 1500, requestMs: 400, patienceMs: 1000 });
    const topic = await withTopic(transport, 2);
    const member = await joined(transport, 'count', topic);
    server.pause();
    assert.deepEqual(await member.revoking(), [0, 1]);
    assert.ok(['LOG_AWAY', 'FENCED'].includes((await codeOf(member.membership.claim(0))) ?? ''));
    server.resume();
    await spread([member], 2);
    await (await member.membership.claim(0)).commit({ records: [], offset: 1, metadata: '' });
  });

  test('a member that reaches its group again before it has released its partitions gets them back', async (t) => {
    const server = await started(t);
    await createInternalTopics(t, server);
    const transport = opened(t, server, { sessionMs: 1500, requestMs: 400, patienceMs: 1000 });
    const topic = await withTopic(transport, 2);
    const admin = await administrator(t, server);
    const member = await joined(transport, 'count', topic);
    const refusal = () => member.membership.claim(0).then(String, (error: Error) => error.message);
    /** False if the broker dropped the member before it reconnected. Then it joins only after it has released its partitions. */
    const isStillMember = async (): Promise<boolean> => {
      for (;;) {
        if ((await refusal()).includes('lets go of it')) return true;
        const { groups } = await admin.describeGroups(['count']);
        if (groups[0]?.members.length === 0) return false;
      }
    };
    for (let stillMember = false; !stillMember; ) {
      const letGo = member.holdRevocations();
      server.pause();
      assert.deepEqual(await member.revoking(), [0, 1]);
      server.resume();
      stillMember = await isStillMember();
      // By then the member has joined the group again, and was assigned the partitions that it is releasing.
      for (let calls = 0; calls < 20; calls++) await transport.lag('count', topic);
      letGo();
      while (member.held.size > 0 && !stillMember) await member.notified();
      await spread([member], 2);
    }
  });

  test('a group outlives a broker that is killed and started again', async (t) => {
    const server = await started(t);
    const transport = opened(t, server);
    const topic = await withTopic(transport, 4);
    const members = [await joined(transport, 'count', topic), await joined(transport, 'count', topic, { wait: false })];
    await spread(members, 4);
    await server.kill();
    await server.start();
    const third = await joined(transport, 'count', topic, { wait: false });
    await spread([...members, third], 4);
  });

  test('when one of three brokers dies the others take its partitions and groups over, and nothing is lost', async (t) => {
    const server = await started(t, { brokers: 3 });
    const transport = opened(t, server, { replication: 3, patienceMs: 30_000 });
    const [from, to] = [await withTopic(transport), await withTopic(transport)];
    const keys = Array.from({ length: 1200 }, (_, i) => `k${i}`);
    await transport.produce(keys.map((key) => record(from, 0, { key })));
    const member = await joined(transport, 'copy', from);
    let killed = 0;
    let outage = Promise.resolve();
    await copy(member, to, keys.length, (copied) => {
      if (killed === 3 || copied < 300 * (killed + 1)) return;
      const node = server.nodes[killed];
      killed += 1;
      outage = outage.then(async () => {
        await node?.kill();
        await node?.start();
      });
    });
    await outage;
    assert.equal(killed, 3);
    assert.deepEqual(await keysIn(transport, to), keys);
  });

  test('a broker without a listener is away, and no secret is in the message', async () => {
    const transport = kafkaTransport({ url: 'kafka://bob:secret@127.0.0.1:1', patienceMs: 300 });
    await assert.rejects(
      transport.describe(),
      (error: Error) => kindOf(error) === 'retry' && !error.message.includes('secret'),
    );
    await transport.close();
  });
});
