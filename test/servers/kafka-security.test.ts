/** Encrypted listeners and logins of every kind. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { startKafka } from '../../servers/kafka.ts';
import { diagnoseKafka } from '../../topics/kafka/admin/diagnose.ts';
import type { KafkaOptions } from '../../topics/kafka/cluster/options.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import { claimOf, keysOf, record, take } from '../contracts/transport-members.ts';
import { FOR_EVER } from '../harness/retention.ts';

const PASSWORD = 'p@ss/w:rd';
const folder = mkdtempSync(join(tmpdir(), 'tributary-kafka-'));
const server = await startKafka({ folder, users: { alice: PASSWORD } });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});
assert.ok(server.listeners);
const { sasl, ssl, saslSsl, ca: caPath } = server.listeners;
const ca = readFileSync(caPath, 'utf8');
const login = `alice:${encodeURIComponent(PASSWORD)}`;

/** Uses every kind of connection: topics, records, a group, a transaction. */
async function works(t: TestContext, options: KafkaOptions): Promise<void> {
  const transport = kafkaTransport({ heartbeatMs: 200, ...options });
  t.after(() => transport.close());
  const topic = `orders-${randomUUID()}`;
  await transport.createTopics([{ name: topic, partitions: 2, retentionMs: FOR_EVER }]);
  await transport.produce([record(topic, 0, { key: 'a' }), record(topic, 1)]);
  const claim = await claimOf(transport, `count-${randomUUID()}`, topic, 0);
  assert.deepEqual(keysOf(await take(claim, 1)), ['a']);
  await claim.commit({ records: [record(topic, 1)], offset: 1, metadata: '' });
}

test('TLS, with a given authority', (t) => works(t, { url: `kafkas://${ssl}`, tls: { ca } }));

for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
  test(`${mechanism}, by the URL`, (t) => works(t, { url: `kafka://${login}@${sasl}?sasl=${mechanism}` }));
  test(`${mechanism} over TLS`, (t) =>
    works(t, { url: `kafkas://${login}@${saslSsl}?sasl=${mechanism}`, tls: { ca } }));
}

test('OAUTHBEARER, with a token function of one’s own', async (t) => {
  const token = async () => unsigned(3600);
  await works(t, { url: `kafkas://${saslSsl}`, tls: { ca }, sasl: { mechanism: 'OAUTHBEARER', token } });
});

test('OAUTHBEARER, with tokens by client credentials, each requested once while it is valid', async (t) => {
  const asked: string[] = [];
  const tokens = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(`${request.headers.authorization} ${Buffer.concat(chunks)}`);
      response.end(JSON.stringify({ access_token: unsigned(3600), expires_in: 3600, token_type: 'bearer' }));
    });
  });
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
  t.after(() => tokens.close());
  const tokenUrl = `http://127.0.0.1:${(tokens.address() as { port: number }).port}/token`;
  const credentials = { tokenUrl, clientId: 'tributary', clientSecret: 's:cret', scope: 'kafka' };
  await works(t, { url: `kafka://${sasl}`, sasl: { mechanism: 'OAUTHBEARER', ...credentials } });
  const basic = Buffer.from('tributary:s%3Acret').toString('base64');
  assert.deepEqual(asked, [`Basic ${basic} grant_type=client_credentials&scope=kafka`]);
});

test('a missing token is a temporary failure, since its issuer may be away', async (t) => {
  const sources = { tokenUrl: 'http://127.0.0.1:1/token', clientId: 'tributary', clientSecret: 'secret' };
  const options = { url: `kafka://${sasl}`, sasl: { mechanism: 'OAUTHBEARER', ...sources }, patienceMs: 300 } as const;
  const transport = kafkaTransport(options);
  t.after(() => transport.close());
  await assert.rejects(
    transport.describe(),
    (error: Error & { code: string }) => error.code === 'LOG_AWAY' && !error.message.includes('secret'),
  );
});

test('a wrong password is refused at once, without the password in the message', async (t) => {
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-512']) {
    const transport = kafkaTransport({ url: `kafka://alice:guessed@${sasl}?sasl=${mechanism}` });
    t.after(() => transport.close());
    await assert.rejects(
      transport.describe(),
      (error: Error & { code: string }) => error.code === 'ACCESS_REFUSED' && !error.message.includes('guessed'),
    );
  }
});

test('an untrusted certificate is refused, with the option to set', async (t) => {
  const transport = kafkaTransport({ url: `kafkas://${ssl}`, patienceMs: 300 });
  t.after(() => transport.close());
  await assert.rejects(transport.describe(), {
    code: 'ACCESS_REFUSED',
    message: /certificate is not trusted .* tlsCa/,
  });
});

const plain = server.url.replace('kafka://', '');
const MIX_UPS: readonly (readonly [url: string, because: RegExp])[] = [
  [`kafkas://${plain}`, /does not speak TLS, but the URL says kafkas:\/\/: write kafka:\/\//],
  [`kafkas://${login}@${sasl}`, /does not speak TLS/],
  [`kafka://${ssl}`, /speaks TLS, but the URL says kafka:\/\/: write kafkas:\/\//],
  [`kafka://${login}@${saslSsl}`, /speaks TLS/],
  [`kafka://${login}@${plain}`, /does not accept a user: leave user:password@ out/],
  [`kafkas://${login}@${ssl}`, /does not accept a user/],
  [`kafka://${sasl}`, /requires a user: .* \?sasl= one of .*SCRAM-SHA-512/],
  [`kafkas://${saslSsl}`, /requires a user/],
];

for (const [url, because] of MIX_UPS) {
  test(`a mix-up of listeners is named, with the remedy: ${url.replace(/\/\/.*@/, '//user@').replace(/:\d+/, '')} ${because.source}`, async (t) => {
    const tls = url.startsWith('kafkas') ? { tls: { ca } } : {};
    const transport = kafkaTransport({ url, ...tls, patienceMs: 2000, requestMs: 1000 });
    t.after(() => transport.close());
    await assert.rejects(transport.describe(), (error: Error & { code: string }) => {
      assert.equal(error.code, 'CONFIG_INVALID', error.message);
      assert.match(error.message, because);
      assert.ok(!error.message.includes(PASSWORD) && !error.message.includes(login));
      return true;
    });
    await assert.rejects(diagnoseKafka({ url, ...tls, patienceMs: 2000, requestMs: 1000 }, []), {
      code: 'CONFIG_INVALID',
      message: because,
    });
  });
}

/** A token that the test brokers accept. */
function unsigned(seconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: 'alice', iat: now, exp: now + seconds })}.`;
}
