/** Each real server: its client reads what it wrote, even after a kill, and every option has its effect. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client as Elasticsearch } from '@elastic/elasticsearch';
import cassandra from 'cassandra-driver';
import { Cluster, Redis } from 'ioredis';
import { Client as Postgres } from 'pg';
import { startCassandra } from '../../servers/cassandra.ts';
import { startElasticsearch } from '../../servers/elasticsearch.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { isGone, processTree } from '../../servers/processes.ts';
import { startRedis, startRedisCluster, startRedisSentinel } from '../../servers/redis.ts';
import { startRegistry } from '../../servers/registry.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from '../../servers/s3.ts';
import { type Server, startServer } from '../../servers/server.ts';

/** What a client does on one connection. */
interface Sample {
  readonly write: (url: URL) => Promise<unknown>;
  readonly read: (url: URL) => Promise<unknown>;
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-servers-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function started<S extends Server>(t: TestContext, starting: Promise<S>): Promise<S> {
  const server = await starting;
  t.after(() => server.kill());
  return server;
}

const redis = async <T>(url: URL, use: (client: Redis) => Promise<T>): Promise<T> => {
  const client = new Redis(url.href);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
};
const postgres = async (url: URL, statement: string): Promise<unknown> => {
  const client = new Postgres(url.href);
  await client.connect();
  try {
    return (await client.query(statement)).rows[0]?.value;
  } finally {
    await client.end();
  }
};
const s3 = (url: URL): S3Client =>
  new S3Client({
    endpoint: url.href,
    region: S3_REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY },
  });
const cql = async (url: URL, statements: readonly string[], options = {}): Promise<unknown> => {
  const client = new cassandra.Client({ contactPoints: [url.host], localDataCenter: 'datacenter1', ...options });
  try {
    let last: cassandra.types.ResultSet | undefined;
    for (const statement of statements) last = await client.execute(statement);
    return last?.first()?.['value'];
  } finally {
    await client.shutdown();
  }
};
const registryCall = async (url: URL, path: string, body?: unknown): Promise<unknown> => {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
  const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  return (await fetch(`${url.href}${path}`, init)).json();
};

const SAMPLES: Readonly<Record<string, readonly [(options: { folder: string }) => Promise<Server>, Sample]>> = {
  Redis: [
    startRedis,
    {
      write: (url) => redis(url, (client) => client.set('kept', 'yes')),
      read: (url) => redis(url, (client) => client.get('kept')),
    },
  ],
  Postgres: [
    startPostgres,
    {
      write: (url) => postgres(url, "create table kept as select 'yes' as value"),
      read: (url) => postgres(url, 'select value from kept'),
    },
  ],
  S3: [
    startS3,
    {
      async write(url) {
        await s3(url).send(new CreateBucketCommand({ Bucket: 'kept' }));
        await s3(url).send(new PutObjectCommand({ Bucket: 'kept', Key: 'folder/file', Body: 'yes' }));
      },
      async read(url) {
        const object = await s3(url).send(new GetObjectCommand({ Bucket: 'kept', Key: 'folder/file' }));
        return object.Body?.transformToString();
      },
    },
  ],
  'The schema registry': [
    startRegistry,
    {
      write: (url) => registryCall(url, '/subjects/yes/versions', { schema: '"string"' }),
      read: async (url) => ((await registryCall(url, '/subjects')) as string[])[0],
    },
  ],
  Cassandra: [
    startCassandra,
    {
      write: (url) =>
        cql(url, [
          "create keyspace test with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
          'create table test.kept (id int primary key, value text)',
          "insert into test.kept (id, value) values (1, 'yes')",
        ]),
      read: (url) => cql(url, ['select value from test.kept']),
    },
  ],
  Elasticsearch: [
    startElasticsearch,
    {
      write: (url) =>
        new Elasticsearch({ node: url.href }).index({ index: 'test', id: '1', document: { value: 'yes' } }),
      async read(url) {
        const { _source } = await new Elasticsearch({ node: url.href }).get<{ value: string }>({
          index: 'test',
          id: '1',
        });
        return _source?.value;
      },
    },
  ],
};

for (const [name, [start, { write, read }]] of Object.entries(SAMPLES)) {
  test(`${name} keeps what it acknowledged, through a kill and through a stop`, async (t) => {
    const server = await started(t, start({ folder: temporaryFolder(t) }));
    const url = new URL(server.url);
    const tree = processTree(server.pid);
    await write(url);
    await server.kill();
    assert.equal(server.pid, undefined);
    assert.ok(tree.length > 0 && tree.every(isGone));
    await server.start();
    assert.equal(await read(url), 'yes');
    await server.stop();
    await server.start();
    assert.equal(await read(url), 'yes');
  });
}

test('a paused server answers when it is resumed', async (t) => {
  const server = await started(t, startRedis({ folder: temporaryFolder(t) }));
  const client = new Redis(server.url);
  t.after(() => client.disconnect());
  await client.ping();
  server.pause();
  let answered = false;
  const answer = client.ping().finally(() => {
    answered = true;
  });
  // A second server that was asked later answers before it.
  const other = await started(t, startRedis({ folder: temporaryFolder(t) }));
  await redis(new URL(other.url), (second) => second.ping());
  assert.equal(answered, false);
  server.resume();
  assert.equal(await answer, 'PONG');
});

test('a paused server can be stopped', async (t) => {
  const server = await started(t, startRedis({ folder: temporaryFolder(t) }));
  server.pause();
  await server.stop();
  assert.equal(server.pid, undefined);
});

test('a server that ends during its start reports why', async (t) => {
  const { listening, port } = await taken();
  t.after(() => listening.close());
  await assert.rejects(startRedis({ folder: temporaryFolder(t), port }), /ended while it started.*bind/is);
});

/** A port whose listener is none of our servers. */
async function taken(): Promise<{ listening: ReturnType<typeof createServer>; port: number }> {
  const listening = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return { listening, port: (listening.address() as { port: number }).port };
}

test('a server ends with the process that started it, even after a kill', async (t) => {
  const folder = temporaryFolder(t);
  const program = `
    import { startPostgres } from ${JSON.stringify(new URL('../../servers/postgres.ts', import.meta.url).href)};
    console.log((await startPostgres({ folder: ${JSON.stringify(folder)} })).pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  assert.equal(isGone(pid), false);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  while (!isGone(pid)) await new Promise((resolve) => setImmediate(resolve));
});

test('a server that does not answer in time is ended', async (t) => {
  const folder = temporaryFolder(t);
  const recipe = { name: 'silent', url: '', folder, command: 'sleep', args: ['1000'], readyMs: 1 };
  await assert.rejects(startServer({ ...recipe, ready: async () => false }), /silent did not answer within 1 ms/);
});

test('Redis with TLS and users gives each user its rights, and refuses others', async (t) => {
  const folder = temporaryFolder(t);
  const users = ['alice on >alice-secret ~orders:* +@all'];
  const server = await started(t, startRedis({ folder, tls: true, users }));
  const address = { host: '127.0.0.1', port: Number(new URL(server.url).port) };
  const tls = { ca: readFileSync(join(folder, 'tls/ca.crt')) };
  const alice = new Redis({ ...address, tls, username: 'alice', password: 'alice-secret' });
  const nobody = new Redis({ ...address, tls, enableReadyCheck: false });
  t.after(() => [alice, nobody].map((client) => client.disconnect()));
  nobody.on('error', () => undefined);
  assert.equal(await alice.set('orders:1', 'x'), 'OK');
  await assert.rejects(alice.set('others:1', 'x'), /NOPERM/);
  await assert.rejects(nobody.get('orders:1'), /NOAUTH/);
});

test('a cluster of Redis keeps keys on three nodes, even after all were killed', async (t) => {
  const server = await started(t, startRedisCluster({ folder: temporaryFolder(t), nodeTimeoutMs: 2000 }));
  const addresses = server.nodes.map(({ url }) => ({ host: '127.0.0.1', port: Number(new URL(url).port) }));
  const client = new Cluster(addresses);
  t.after(() => client.disconnect());
  const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
  for (const key of keys) await client.set(key, key);
  for (const { url } of server.nodes) assert.notEqual(await redis(new URL(url), (node) => node.dbsize()), 0);
  await server.kill();
  await server.start();
  for (const key of keys) assert.equal(await client.get(key), key);
});

test('the Sentinel of Redis has the replica take over', async (t) => {
  const server = await started(t, startRedisSentinel({ folder: temporaryFolder(t) }));
  const sentinels = [{ host: '127.0.0.1', port: Number(new URL(server.sentinel.url).port) }];
  const client = new Redis({ sentinels, name: 'tributary', maxRetriesPerRequest: null, retryStrategy: () => 50 });
  t.after(() => client.disconnect());
  client.on('error', () => undefined);
  await client.set('kept', 'yes');
  assert.equal(await client.wait(1, 5000), 1);
  await server.master.kill();
  assert.equal(await client.get('kept'), 'yes');
  assert.equal(await redis(new URL(server.replica.url), async (node) => (await node.role())[0]), 'master');
});

test('Postgres with a password refuses a wrong one', async (t) => {
  const server = await started(t, startPostgres({ folder: temporaryFolder(t), password: 'a/b c' }));
  assert.equal(await postgres(new URL(server.url), "select 'yes' as value"), 'yes');
  const wrong = new URL(server.url);
  wrong.password = 'other';
  await assert.rejects(postgres(wrong, 'select 1'), /password authentication failed/);
});

test('Cassandra with TLS and a login refuses a wrong one', async (t) => {
  const folder = temporaryFolder(t);
  const server = await started(t, startCassandra({ folder, login: true, tls: true }));
  const sslOptions = { ca: [readFileSync(join(folder, 'tls/ca.crt'))] };
  const login = (password: string) => ({ sslOptions, credentials: { username: 'cassandra', password } });
  const query = ['select release_version as value from system.local'];
  assert.equal(await cql(new URL(server.url), query, login('cassandra')), '5.0.9');
  await assert.rejects(cql(new URL(server.url), query, login('wrong')), /incorrect/);
  await assert.rejects(cql(new URL(server.url), query, { credentials: login('cassandra').credentials }));
});
