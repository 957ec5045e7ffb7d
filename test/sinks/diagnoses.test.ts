/** What `doctor` concludes from the status of servers. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { TributaryError } from '../../core/errors.ts';
import type { Finding } from '../../core/finding.ts';
import { infoFindings, infoOf } from '../../sinks/cache/redis/diagnose.ts';
import { smtpFinding } from '../../sinks/channels/smtp/diagnose.ts';
import { bridgeFinding, diagnoseBridge } from '../../sinks/channels/webhook/diagnose.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { objectsFindings } from '../../sinks/objects/s3/diagnose.ts';
import { postgresFindings } from '../../sinks/requests/postgres/diagnose.ts';
import { healthFindings, rightsFinding, versionFound } from '../../sinks/search/elasticsearch/diagnose.ts';
import { copiesOf, durabilityFinding, tokensFinding } from '../../sinks/tables/cassandra/diagnose.ts';
import { MOST_TOKENS } from '../../sinks/tables/cassandra/version.ts';

const brief = ({ check, state, message }: Finding): string => `${state} ${check}: ${message}`;
const notOk = (findings: readonly Finding[]): string[] => findings.filter(({ state }) => state !== 'ok').map(brief);

test('Cassandra: a single replica needs a commit log that is synchronized before the answer', () => {
  const state = (copies: number, sync: string | undefined) => durabilityFinding(copies, sync).state;
  assert.deepEqual(
    [state(1, 'periodic'), state(1, undefined), state(1, 'batch'), state(1, 'group')],
    ['warning', 'warning', 'ok', 'ok'],
  );
  assert.deepEqual([state(3, 'periodic'), state(2, 'batch'), state(0, 'batch')], ['ok', 'warning', 'problem']);
  const strategy = (entries: Record<string, string>) => new Map(Object.entries(entries));
  assert.equal(copiesOf(strategy({ class: 'SimpleStrategy', replication_factor: '1' }), 'dc1'), 1);
  assert.equal(copiesOf(strategy({ class: 'NetworkTopologyStrategy', dc1: '3', dc2: '2' }), 'dc2'), 2);
  assert.equal(copiesOf(strategy({ class: 'NetworkTopologyStrategy', dc1: '3' }), 'dc2'), 0);
});

test('Cassandra: tokens that are running out are reported in time, with their job', () => {
  assert.deepEqual(
    [0, Math.floor(MOST_TOKENS * 0.79)].map((most) => tokensFinding(most, 'a of b').state),
    ['ok', 'ok'],
  );
  const finding = tokensFinding(Math.ceil(MOST_TOKENS * 0.8), 'track-progress of enrollment.events');
  assert.equal(finding.state, 'warning');
  assert.match(finding.message, /^track-progress of enrollment.events has used 33\d+ of 4192255 tokens/);
});

const GOOD_REDIS = {
  redis_version: '7.2.4',
  role: 'master',
  maxmemory: '100',
  used_memory: '90',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
};

test('Redis: its version, its role, its eviction and its persistence', () => {
  const found = (over: Record<string, string>, kind: 'single' | 'sentinel' = 'single') =>
    notOk(infoFindings({ ...GOOD_REDIS, ...over }, kind));
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({ redis_version: '6.2.1' }), ['problem cache: Redis 6.2.1 is too old']);
  assert.deepEqual(found({ valkey_version: '8.1.0' }), []);
  assert.deepEqual(found({ role: 'slave' }), ['problem cache: it is a replica, which takes no writes']);
  assert.deepEqual(found({ role: 'slave' }, 'sentinel'), [], 'which Sentinels will tell');
  assert.deepEqual(found({ maxmemory_policy: 'allkeys-lru' }), [
    'problem cache: memory: maxmemory-policy is allkeys-lru',
  ]);
  assert.match(found({ maxmemory_policy: 'allkeys-lru', maxmemory: '0' })[0] ?? '', /^warning cache: memory/);
  assert.deepEqual(found({ used_memory: '91' }), ['warning cache: memory: 91 % of maxmemory are used']);
  assert.deepEqual(found({ used_memory: '91', maxmemory: '0' }), []);
  assert.match(found({ aof_enabled: '0' })[0] ?? '', /^warning cache: persistence: appendonly is no/);
  assert.match(found({ aof_last_write_status: 'err' })[0] ?? '', /^problem cache: persistence/);
});

test('Redis: the lines of INFO are parsed', () => {
  const text = '# Server\r\nredis_version:7.2.4\r\nexecutable:/usr/bin/redis:7\r\n\r\n# Memory\r\nmaxmemory:0\r\n';
  assert.deepEqual(infoOf(text), { redis_version: '7.2.4', executable: '/usr/bin/redis:7', maxmemory: '0' });
});

test('Elasticsearch: the oldest node, the health and the rights', () => {
  assert.equal(brief(versionFound(['9.1.0', '9.0.2'])), 'ok search: Elasticsearch 9.1.0');
  assert.equal(brief(versionFound(['9.1.0', '7.17.0'])), 'problem search: Elasticsearch 7.17.0 is too old');
  assert.equal(versionFound([]).state, 'warning');
  const health = (status: 'green' | 'yellow' | 'red', nodes: number) =>
    healthFindings({ status, number_of_nodes: nodes, unassigned_shards: 2 }).map(({ state }) => state);
  assert.deepEqual(
    [health('green', 3), health('yellow', 3), health('yellow', 1), health('red', 1)],
    [['ok'], ['warning'], ['ok'], ['problem']],
  );
  const all = { read: true, write: true, maintenance: true, view_index_metadata: true, manage: true };
  assert.equal(rightsFinding('t-', all).state, 'ok');
  assert.equal(rightsFinding('t-', { ...all, manage: false }).state, 'warning');
  assert.equal(brief(rightsFinding('t-', { ...all, write: false })), 'problem search: rights: missing on t-*: write');
});

test('Postgres: its version, its durability and the rights', () => {
  const good = {
    version: '15.18 (Debian 15.18-1)',
    now: 0,
    isReadOnly: false,
    fsync: 'on',
    commit: 'on',
    mayMake: true,
    hasSchema: true,
    mayUse: true,
    refused: 0,
  };
  const found = (over: Partial<typeof good>) => notOk(postgresFindings('tributary', { ...good, ...over }));
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({ mayMake: false }), [], 'the schema is there');
  assert.deepEqual(found({ hasSchema: false }), []);
  assert.deepEqual(found({ version: '12.3' }), ['problem requests: Postgres 12.3 is too old']);
  assert.match(found({ fsync: 'off' })[0] ?? '', /^problem requests: durability/);
  assert.match(found({ commit: 'off' })[0] ?? '', /^warning requests: durability/);
  assert.deepEqual(found({ isReadOnly: true }), ['problem requests: rights: it takes no writes']);
  for (const over of [{ hasSchema: false, mayMake: false }, { mayUse: false }, { refused: 2 }]) {
    assert.match(found(over)[0] ?? '', /^problem requests: rights/, JSON.stringify(over));
  }
});

/** Objects in memory. `conditional: false` behaves like a server that does not know If-None-Match. */
function memoryObjects(conditional: boolean, hoursOff = 0): Objects & { readonly names: Set<string> } {
  const names = new Set<string>();
  const info = (name: string) => ({ name, bytes: 5, modifiedAt: Date.now() + hoursOff * 3_600_000 });
  async function* bytes() {
    yield Buffer.from('first');
  }
  return {
    names,
    put: async (name) => info(name),
    async create(name) {
      if (conditional && names.has(name)) throw new TributaryError('ALREADY_EXISTS', 'it is there');
      names.add(name);
      return info(name);
    },
    get: async () => bytes(),
    head: async (name) => info(name),
    async *list() {},
    async remove(name) {
      names.delete(name);
    },
    link: async () => '',
    close: async () => {},
  };
}

test('S3: an ineffective conditional write is a problem, and nothing is left behind', async () => {
  const good = memoryObjects(true);
  assert.deepEqual(notOk(await objectsFindings(good, 'doctor/1')), []);
  const bad = memoryObjects(false);
  assert.match(notOk(await objectsFindings(bad, 'doctor/1')).join(), /^problem objects: conditional writes/);
  assert.match(
    notOk(await objectsFindings(memoryObjects(true, -2), 'doctor/1')).join(),
    /^problem objects: clock: .* behind/,
  );
  assert.deepEqual([good.names.size, bad.names.size], [0, 0]);
  const broken = { ...memoryObjects(true), head: () => Promise.reject(new Error('no rights')), names: new Set() };
  const removed: string[] = [];
  const remove = async (name: string) => void removed.push(name);
  await assert.rejects(objectsFindings({ ...broken, remove }, 'doctor/1'), /no rights/);
  assert.deepEqual(removed, ['doctor/1']);
});

test('mail: the advice depends on what failed', () => {
  const todo = (code: string) => smtpFinding(Object.assign(new Error('it\nfailed'), { code })).todo ?? '';
  assert.match(todo('EAUTH'), /user and password/);
  assert.match(todo('ETLS'), /tlsCa/);
  assert.match(todo('ECONNECTION'), /reached/);
  assert.equal(smtpFinding(new Error('it\nfailed')).message, 'the server cannot be used: it failed');
});

test('any answer of a bridge except a server error is healthy', async (t: TestContext) => {
  assert.deepEqual([bridgeFinding('sms', 401).state, bridgeFinding('sms', 503).state], ['ok', 'warning']);
  const server = createServer((_, response) => response.writeHead(405).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}/send`;
  assert.deepEqual((await diagnoseBridge('sms', url, undefined)).map(brief), [
    'ok sms: the bridge answers (405 to HEAD)',
  ]);
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(
    (await diagnoseBridge('push', url, undefined)).map(({ state }) => state),
    ['problem'],
  );
  await assert.rejects(diagnoseBridge('sms', 'http://', undefined), { code: 'CONFIG_INVALID' });
});
