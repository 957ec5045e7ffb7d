/** Kafka as its tests need it: acknowledged records are kept, a broker may fail, and every kind of login works. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { type KafkaOptions, type KafkaServer, startKafka } from '../../servers/kafka.ts';
import { onceKnown } from './kafka-topic.ts';

const USERS = { alice: 'alice-secret' };

async function started(t: TestContext, options: Partial<KafkaOptions>): Promise<KafkaServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-servers-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startKafka({ folder, ...options });
  t.after(() => server.kill());
  return server;
}

function client(config: KafkaConfig): Kafka {
  const retry = { initialRetryTime: 100, maxRetryTime: 500, retries: 60 };
  return new Kafka({ logLevel: logLevel.NOTHING, retry, ...config });
}
const placesOf = ({ url }: KafkaServer): string[] => url.slice('kafka://'.length).split(',');

async function createTopic(kafka: Kafka, replicationFactor: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const topics = [{ topic: 'kept', numPartitions: 1, replicationFactor }];
  await onceKnown(() => admin.createTopics({ topics, waitForLeaders: true }));
  await admin.disconnect();
}

async function send(kafka: Kafka, value: string): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await onceKnown(() => producer.send({ topic: 'kept', acks: -1, messages: [{ value }] }));
  await producer.disconnect();
}

/** The offset after the last record. */
async function end(kafka: Kafka): Promise<string | undefined> {
  const admin = kafka.admin();
  await admin.connect();
  const [partition] = await onceKnown(() => admin.fetchTopicOffsets('kept'));
  await admin.disconnect();
  return partition?.high;
}

test('a broker keeps what it acknowledged, through a kill and through a stop', async (t) => {
  const server = await started(t, {});
  const kafka = client({ brokers: placesOf(server) });
  await createTopic(kafka, 1);
  await send(kafka, 'one');
  await server.kill();
  await server.start();
  assert.equal(await end(kafka), '1');
  await send(kafka, 'two');
  await server.stop();
  await server.start();
  assert.equal(await end(kafka), '2');
});

test('of three brokers one may be killed, and comes back', async (t) => {
  const server = await started(t, { brokers: 3 });
  const kafka = client({ brokers: placesOf(server) });
  await createTopic(kafka, 3);
  await send(kafka, 'one');
  const [first] = server.nodes;
  await first?.kill();
  await send(kafka, 'two');
  await first?.start();
  await send(kafka, 'three');
  assert.equal(await end(kafka), '3');
});

test('clients log in by every mechanism, with and without TLS, and not with a wrong password', async (t) => {
  const { listeners } = await started(t, { users: USERS });
  assert.ok(listeners);
  const ssl = { ca: [readFileSync(listeners.ca)] };
  const topics = async (config: KafkaConfig): Promise<number> => {
    const admin = client({ retry: { retries: 1 }, ...config }).admin();
    try {
      await admin.connect();
      return (await admin.listTopics()).length;
    } finally {
      await admin.disconnect();
    }
  };
  const username = 'alice';
  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
    const sasl = (password: string) => ({ mechanism, username, password }) as KafkaConfig['sasl'] & object;
    assert.equal(await topics({ brokers: [...listeners.sasl], sasl: sasl(USERS.alice) }), 0);
    assert.equal(await topics({ brokers: [...listeners.saslSsl], ssl, sasl: sasl(USERS.alice) }), 0);
    await assert.rejects(topics({ brokers: [...listeners.sasl], sasl: sasl('wrong') }), /[Aa]uthentication/);
  }
  const sasl = { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: unsigned('alice') }) } as const;
  assert.equal(await topics({ brokers: [...listeners.saslSsl], ssl, sasl }), 0);
  assert.equal(await topics({ brokers: [...listeners.ssl], ssl }), 0);
  await assert.rejects(topics({ brokers: [...listeners.ssl], ssl: true }), /certificate/);
});

/** A JSON Web Token without a signature. */
function unsigned(sub: string): string {
  const seconds = Math.floor(Date.now() / 1000);
  const parts = [{ alg: 'none' }, { sub, iat: seconds - 1, exp: seconds + 600 }];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
}
