/** The search port on an Elasticsearch with authentication, over HTTPS. */
import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { certificates } from '../../servers/certificates.ts';
import { startElasticsearch } from '../../servers/elasticsearch.ts';
import { type ElasticsearchOptions, elasticsearchSearch } from '../../sinks/search/elasticsearch/search.ts';
import { courses, found, put } from '../contracts/search-samples.ts';

const PASSWORD = 'p@ss:w/rd,%';
const PRIVILEGES = 'read, write, maintenance, view_index_metadata, manage';
const ROUNDS = 1000;

const folder = mkdtempSync(join(tmpdir(), 'tributary-elasticsearch-security-'));
const { ca: caFile, cert, key } = certificates(join(folder, 'certificates'));
mkdirSync(join(folder, 'config'));
const config = (name: string, ...lines: string[]) =>
  writeFileSync(join(folder, 'config', name), `${lines.join('\n')}\n`);
config('users', `worker:${hashOf(PASSWORD)}`, `reader:${hashOf(PASSWORD)}`);
config('users_roles', 'worker:worker', 'reader:reader');
config(
  'roles.yml',
  `worker: { indices: [ { names: [ "tributary-*" ], privileges: [ ${PRIVILEGES} ] } ] }`,
  'reader: { indices: [ { names: [ "tributary-*" ], privileges: [ read ] } ] }',
  // Lets the test ask the server whether it is ready.
  'probe: { cluster: [ monitor ] }',
);
const server = await startElasticsearch({
  folder,
  settings: {
    'xpack.security.enabled': 'true',
    'xpack.security.authc.password_hashing.algorithm': `pbkdf2_${ROUNDS}`,
    'xpack.security.authc.anonymous.roles': 'probe',
    'xpack.security.authc.anonymous.authz_exception': 'false',
  },
});
const secured = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (client) => {
  const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
  client.pipe(upstream).pipe(client);
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const)
    one.on('error', () => other.destroy());
});
secured.listen(0, '127.0.0.1');
await once(secured, 'listening');
const host = `127.0.0.1:${(secured.address() as AddressInfo).port}`;
after(async () => {
  secured.close();
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** A password hash as in Elasticsearch's file of users. */
function hashOf(password: string): string {
  const salt = randomBytes(32);
  const hash = pbkdf2Sync(password, salt, ROUNDS, 32, 'sha512');
  return `{PBKDF2}${ROUNDS}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function opened(t: TestContext, options: ElasticsearchOptions) {
  const search = elasticsearchSearch({ patienceMs: 60_000, ...options });
  t.after(() => search.close());
  return search;
}

/** Asserts that the call is rejected at once, with a message that does not contain the password. */
async function refused(act: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(act, (error: Error & { code?: string }) => {
    assert.equal(error.code, 'ACCESS_REFUSED', error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /p@ss|p%40ss|wrong/);
    return true;
  });
}

const login = `:${encodeURIComponent(PASSWORD)}@${host}`;

test('with a user, a password and the authority of its certificate it works', async (t) => {
  const search = opened(t, { url: `elasticsearch+https://worker${login}`, caFile });
  await search.prepare([courses]);
  assert.deepEqual(await search.apply(courses, [put('t', 'a', { title: 'algebra' })]), ['written']);
  assert.deepEqual(await found(search, { tenant: 't', words: 'algebra' }), ['a']);
  await search.renew(courses);
  assert.equal(await search.sweep([courses]), 0);
  assert.deepEqual(await found(search, { tenant: 't' }), []);
});

test('without a user or with a wrong password the error names what to set', async (t) => {
  for (const who of ['', 'worker:wrong@', 'nobody:wrong@']) {
    const search = opened(t, { url: `https://${who}${host}`, caFile });
    const message = /refuses the login \((action .* requires authentication|unable to authenticate user \[\w+\])\)/;
    await refused(search.prepare([courses]), message);
    await refused(search.apply(courses, [put('t', 'a', {})]), message);
    await refused(search.search(courses, { tenant: 't', words: '', limit: 1 }), message);
  }
});

test('without the rights the error names them', async (t) => {
  const search = opened(t, { url: `https://reader${login}`, caFile });
  const message = /does not allow it .*needs the privileges read, write, maintenance, view_index_metadata and manage/;
  await refused(search.prepare([courses]), message);
  await refused(search.apply(courses, [put('t', 'a', {})]), message);
  await refused(search.search(courses, { tenant: 't', words: '', limit: 1 }), message);
  const other = opened(t, { url: `https://worker${login}`, caFile, prefix: 'other-' });
  await refused(other.prepare([courses]), /unauthorized for user \[worker\]/);
});

test('an untrusted certificate is refused without waiting', async (t) => {
  const search = opened(t, { url: `https://worker${login}` });
  await refused(search.prepare([courses]), /the certificate of Elasticsearch is not trusted \(unable to verify/);
});

test('HTTP on an HTTPS port is reported as such, with the remedy', async (t) => {
  const search = opened(t, { url: `elasticsearch://worker${login}`, patienceMs: 1000 });
  await assert.rejects(search.prepare([courses]), {
    code: 'CONFIG_INVALID',
    message: /speaks TLS.*write elasticsearch\+https:/,
  });
});
