/** The cache port while Redis is killed, stopped, cut off and replaced. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { kindOf } from '../../core/errors.ts';
import type { Group } from '../../servers/group.ts';
import { startRedis, startRedisCluster, startRedisSentinel } from '../../servers/redis.ts';
import type { Server } from '../../servers/server.ts';
import { redisCache } from '../../sinks/cache/redis/cache.ts';
import { recordingListener } from '../contracts/cache-live.ts';
import { courses, first, inCourse } from '../contracts/cache-samples.ts';
import { printed } from './ending.ts';

const PATIENT = 60_000;
const HASTY = 800;
const USERS = Array.from({ length: 200 }, (_, number) => `user-${number}`);
const DURABLE = [['appendfsync', 'always']] as const;
/** A cluster whose nodes soon give each other up. */
const clusterIn = (folder: string) => startRedisCluster({ folder, nodeTimeoutMs: 2000 });

/** A record in each of many entries, at one revision. Each contains `number`. */
const batch = (revision: number, number = revision) =>
  USERS.map((user) => inCourse(['acme', user, 'a'], { token: 1, revision }, number));
const one = (revision: number) => inCourse(['acme', 'ann', 'a'], { token: 1, revision }, revision);
const written = USERS.map(() => 'written');

describe('the cache while Redis is away', () => {
  test('nothing acknowledged is lost when Redis is killed during writes, and writing resumes', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder, settings: DURABLE }));
    const cache = opened(t, server, PATIENT);
    for (let round = 0; round < 3; round += 1) {
      let [acknowledged, isBack] = [0, false];
      const killing = Promise.withResolvers<void>();
      const restart = killing.promise.then(() => server.kill()).then(() => server.start());
      restart.then(
        () => (isBack = true),
        () => (isBack = true),
      );
      for (let revision = round * 1_000_000 + 1; !isBack; revision += 1) {
        const applying = cache.apply(courses, batch(revision));
        // The server is killed during the call.
        if (acknowledged === 20) killing.resolve();
        assert.deepEqual(await applying, written);
        acknowledged += 1;
        for (const user of [USERS[0], USERS[199]]) {
          const [record] = await cache.read(courses, ['acme', user ?? '']);
          assert.equal(record?.['count'], revision);
        }
      }
      await restart;
      assert.ok(acknowledged > 20);
    }
  });

  test('an acknowledged change is kept when Redis is killed right afterwards', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder, settings: DURABLE }));
    const cache = opened(t, server, PATIENT);
    await cache.apply(courses, batch(1));
    await cache.apply(courses, batch(2).slice(0, 100));
    await server.kill();
    await server.start();
    assert.deepEqual(
      await cache.apply(courses, batch(1, 7)),
      USERS.map((_, index) => (index < 100 ? 'stale' : 'written')),
    );
  });

  test('calls to a suspended Redis are given up after a while, and it is used again when it resumes', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder }));
    const cache = opened(t, server, HASTY);
    await cache.apply(courses, batch(1));
    server.pause();
    const away = { code: 'CACHE_AWAY', kind: 'retry' };
    await assert.rejects(cache.apply(courses, batch(2)), away);
    await assert.rejects(cache.read(courses, ['acme', 'user-1']), away);
    await assert.rejects(
      cache.subscribe(courses, ['acme', 'user-1'], () => {}),
      away,
    );
    server.resume();
    const patient = opened(t, server, PATIENT);
    await patient.apply(courses, batch(3));
    assert.deepEqual(await untilBack(() => cache.apply(courses, batch(3))), written);
  });

  test('what failed while Redis was away is not written when it is back', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder, settings: DURABLE }));
    const cache = opened(t, server, HASTY);
    await cache.apply(courses, batch(1));
    await server.kill();
    for (let tries = 0; tries < 3; tries += 1) {
      await assert.rejects(cache.apply(courses, batch(2)), { code: 'CACHE_AWAY', message: /ECONNREFUSED|ECONNRESET/ });
    }
    await server.start();
    const [record] = await untilBack(() => cache.read(courses, ['acme', 'user-1']));
    assert.equal(record?.['count'], 1);
  });

  test('a Redis that returns empty is no error', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder, settings: [['appendonly', 'no']] }));
    const cache = opened(t, server, PATIENT);
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    await cache.apply(courses, [one(5)]);
    await recorder.until('a', 5);
    await server.kill();
    await server.start();
    assert.deepEqual(await cache.read(courses, ['acme', 'ann']), []);
    assert.deepEqual(await cache.apply(courses, [one(4)]), ['written']);
    await recorder.until('a', 4);
  });

  test('scripts that the server lost are sent again', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder }));
    const cache = opened(t, server, PATIENT);
    const redis = connected(t, server);
    for (let revision = 1; revision <= 20; revision += 1) {
      const applying = cache.apply(courses, batch(revision));
      await redis.script('FLUSH');
      assert.deepEqual(await applying, written);
    }
  });
});

describe('a process that closed its cache', () => {
  for (const [name, start] of [
    ['a server', async (folder: string) => startRedis({ folder })],
    ['a cluster', clusterIn],
  ] as const) {
    test(`ends, whatever ${name} does`, async (t) => {
      const server = await running(t, start);
      const nodes: readonly Server[] = 'nodes' in server ? (server as Group).nodes : [server];
      const pids = nodes.map(({ pid }) => pid);
      assert.equal(await ended(server, ''), 'ended');
      assert.equal(
        await ended(server, `for (const pid of ${JSON.stringify(pids)}) process.kill(pid, 'SIGSTOP')`),
        'threw',
      );
      assert.equal(await ended(server, ''), 'threw');
      for (const node of nodes) node.resume();
      await server.kill();
      assert.equal(await ended(server, ''), 'threw');
    });
  }
});

describe('live updates after a break', () => {
  test('a subscription continues after Redis was killed', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder }));
    const [cache, writer] = [opened(t, server, PATIENT), opened(t, server, PATIENT)];
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    for (let revision = 1; revision <= 3; revision += 1) {
      await server.kill();
      await server.start();
      await writer.apply(courses, [one(revision)]);
      await recorder.until('a', revision);
    }
  });

  test('changes and removals while a subscriber was disconnected are delivered when it is back', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder }));
    const [cache, writer, redis] = [opened(t, server, PATIENT), opened(t, server, PATIENT), connected(t, server)];
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    for (let revision = 1; revision <= 40; revision += 2) {
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await writer.apply(courses, [one(revision), inCourse(['acme', 'ann', 'end'], { token: 1, revision }, revision)]);
      await writer.apply(courses, [{ ...one(revision + 1), record: undefined }]);
      await recorder.until('end', revision);
      await writer.apply(courses, [inCourse(['acme', 'ann', 'end'], { token: 1, revision: revision + 1 }, -revision)]);
      await recorder.until('end', -revision);
      const last = recorder.updates().findLast(({ key }) => key[2] === 'a');
      assert.equal(last?.record, undefined, 'the removal came before what was written after it');
    }
  });

  test('changes of one key stay in order through breaks', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder }));
    const [cache, writer, redis] = [opened(t, server, PATIENT), opened(t, server, PATIENT), connected(t, server)];
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    for (let revision = 1; revision <= 2000; revision += 1) {
      await writer.apply(courses, [one(revision)]);
      if (revision % 100 === 0) await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    await recorder.until('a', 2000);
    const counts = recorder.updates().map(({ record }) => Number(record?.['count']));
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    );
  });

  test('a subscriber notices that Redis no longer answers', async (t) => {
    const server = await running(t, (folder) => startRedis({ folder }));
    const cache = opened(t, server, HASTY);
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    const redis = connected(t, server);
    const subscriber = async () => /id=(\d+) /.exec(String(await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub')))?.[1];
    const before = await subscriber();
    server.pause();
    // The read fails once pings have gone unanswered for that long.
    await assert.rejects(cache.read(courses, ['acme', 'ann']), { code: 'CACHE_AWAY' });
    await assert.rejects(cache.read(courses, ['acme', 'ann']), { code: 'CACHE_AWAY' });
    server.resume();
    await untilBack(() => cache.apply(courses, [one(1)]));
    await recorder.until('a', 1);
    const now = await subscriber();
    assert.ok(before !== undefined && now !== undefined && now !== before, `${before}, then ${now}`);
  });
});

describe('failover', () => {
  test('the replica that Sentinel promotes takes over writes, reads and subscriptions', async (t) => {
    const group = await running(t, (folder) => startRedisSentinel({ folder }));
    const cache = opened(t, group, PATIENT);
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    await cache.apply(courses, batch(1));
    const old = connected(t, group.master);
    await old.wait(1, 0);
    await group.master.kill();
    assert.deepEqual(await cache.apply(courses, batch(2)), written);
    await cache.apply(courses, [one(1)]);
    await recorder.until('a', 1);
    const replica = connected(t, group.replica);
    assert.match(await replica.info('replication'), /role:master/);
    assert.deepEqual(await cache.read(courses, ['acme', 'user-1']), [{ user: 'user-1', course: 'a', count: 2 }]);
  });

  test('a master that becomes a replica is left for the new one', async (t) => {
    const group = await running(t, (folder) => startRedisSentinel({ folder }));
    const cache = opened(t, group, PATIENT);
    await cache.apply(courses, batch(1));
    const sentinel = connected(t, group.sentinel);
    // The Sentinel may have to look at the replica once more before it agrees.
    const isAgreed = () =>
      sentinel.call('SENTINEL', 'FAILOVER', 'tributary').then(
        () => true,
        () => false,
      );
    for (let revision = 2; !(await isAgreed()); revision += 1) await cache.apply(courses, batch(revision));
    const [master, replica] = [connected(t, group.master), connected(t, group.replica)];
    for (let revision = 100_000; !/role:slave/.test(await master.info('replication')); revision += 1) {
      assert.deepEqual(await cache.apply(courses, batch(revision)), written);
    }
    assert.deepEqual(await cache.apply(courses, batch(9_999_999)), written);
    const record = await replica.hget('tributary:contract_courses:{acme:user-1}', 'a');
    assert.equal(JSON.parse(record ?? '').count, 9_999_999);
  });

  test('a killed node of a cluster is waited for, and the others continue', async (t) => {
    const cluster = await running(t, clusterIn);
    const cache = opened(t, cluster, PATIENT);
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    assert.deepEqual(await cache.apply(courses, batch(1)), written);
    for (const [index, node] of cluster.nodes.entries()) {
      await node.kill();
      const applying = cache.apply(courses, [...batch(index + 2), one(index + 2)]);
      await node.start();
      assert.deepEqual(await applying, [...written, 'written']);
      await recorder.until('a', index + 2);
    }
    for (const user of USERS) {
      assert.deepEqual(await cache.read(courses, ['acme', user]), [{ user, course: 'a', count: 4 }]);
    }
  });

  test('calls to a suspended node of a cluster are given up after a while, and it is used again when it resumes', async (t) => {
    const cluster = await running(t, clusterIn);
    const cache = opened(t, cluster, HASTY);
    await cache.apply(courses, batch(1));
    cluster.nodes[1]?.pause();
    await assert.rejects(cache.apply(courses, batch(2)), { code: 'CACHE_AWAY', kind: 'retry' });
    cluster.nodes[1]?.resume();
    assert.deepEqual(await untilBack(() => cache.apply(courses, batch(3))), written);
  });

  test('a node of a cluster that hangs until the others drop it delays no live update', async (t) => {
    const cluster = await running(t, clusterIn);
    const [cache, writer] = [opened(t, cluster, PATIENT), opened(t, cluster, PATIENT)];
    let isOver = false;
    const writing = USERS.slice(0, 12).map(async (user) => {
      const recorder = recordingListener();
      await cache.subscribe(courses, ['acme', user], recorder.listener);
      const counts: number[] = [];
      while (!isOver) {
        const count = counts.push(counts.length + 1);
        await writer.apply(courses, [inCourse(['acme', user, 'a'], { token: 1, revision: count }, count)]);
      }
      await recorder.until('a', counts.length);
      const received = recorder.updates().map(({ record }) => Number(record?.['count']));
      assert.deepEqual(received, counts, `what ${user} received`);
    });
    for (const [index, node] of cluster.nodes.entries()) {
      const other = connected(t, cluster.nodes[(index + 1) % cluster.nodes.length] ?? node);
      const port = new URL(node.url).port;
      const linkedSince = async (): Promise<unknown> => {
        const [, id] = new RegExp(`^(\\w+) \\S+:${port}@`, 'm').exec(String(await other.cluster('NODES'))) ?? [];
        const links = (await other.cluster('LINKS')) as unknown[][];
        return links.find((link) => link.includes(id) && link.includes('to'))?.[5];
      };
      const before = await linkedSince();
      node.pause();
      while (((await linkedSince()) ?? before) === before);
      node.resume();
    }
    isOver = true;
    await Promise.all(writing);
  });

  test('slots that move to another node are followed', async (t) => {
    const cluster = await running(t, clusterIn);
    const cache = opened(t, cluster, PATIENT);
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'kept'], first, 1)]);
    const nodes = cluster.nodes.map((node) => connected(t, node));
    const slot = Number(await nodes[0]?.cluster('KEYSLOT', 'tributary:contract_courses:{acme:ann}'));
    const counts = await Promise.all(nodes.map((node) => node.cluster('COUNTKEYSINSLOT', slot)));
    const from = counts.findIndex((count) => Number(count) > 0);
    const to = (from + 1) % nodes.length;
    const ids = await Promise.all(nodes.map(async (node) => String(await node.cluster('MYID'))));
    await nodes[to]?.cluster('SETSLOT', slot, 'IMPORTING', ids[from] ?? '');
    await nodes[from]?.cluster('SETSLOT', slot, 'MIGRATING', ids[to] ?? '');
    // While half of the entry is on each node, calls wait for it.
    const [name] = (await nodes[from]?.cluster('GETKEYSINSLOT', slot, 10))?.map(String) ?? [];
    const migrate = async (keys: readonly string[]) => {
      const port = new URL(cluster.nodes[to]?.url ?? '').port;
      await nodes[from]?.call('MIGRATE', '127.0.0.1', port, '', 0, 5000, 'KEYS', ...keys);
    };
    await migrate([name ?? '']);
    const applying = cache.apply(courses, [one(1)]);
    await migrate(((await nodes[from]?.cluster('GETKEYSINSLOT', slot, 10)) ?? []).map(String));
    for (const node of nodes) await node.cluster('SETSLOT', slot, 'NODE', ids[to] ?? '');
    assert.deepEqual(await applying, ['written']);
    assert.equal((await cache.read(courses, ['acme', 'ann'])).length, 2);
    await recorder.until('a', 1);
    const channels = async (node: number) => String(await nodes[node]?.call('PUBSUB', 'CHANNELS', '*ann*'));
    while ((await channels(from)) !== '' || (await channels(to)) === '');
    await cache.apply(courses, [one(2)]);
    await recorder.until('a', 2);
  });
});

async function running<S extends Server>(t: TestContext, start: (folder: string) => Promise<S>): Promise<S> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-redis-'));
  const server = await start(folder);
  t.after(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return server;
}

/** The output of a process that subscribes and reads, with something done in between, and then closes its cache. */
function ended({ url }: Server, between: string): Promise<string> {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  return printed(`
    import { redisCache } from ${at('../../sinks/cache/redis/cache.ts')};
    import { courses } from ${at('../contracts/cache-samples.ts')};
    const cache = redisCache({ url: '${url}', patienceMs: ${HASTY} });
    let outcome = 'ended';
    try {
      await cache.subscribe(courses, ['acme', 'ann'], () => {});
      ${between};
      await cache.read(courses, ['acme', 'ann']);
    } catch { outcome = 'threw'; }
    await cache.close();
    console.log(outcome);`);
}

function opened(t: TestContext, { url }: Server, patienceMs: number) {
  const cache = redisCache({ url, patienceMs });
  t.after(() => cache.close());
  return cache;
}

function connected(t: TestContext, { url }: Server): Redis {
  const redis = new Redis(url, { retryStrategy: () => 50 });
  redis.on('error', () => {});
  t.after(() => redis.disconnect());
  return redis;
}

/** Repeats calls that fail for now, as the runtime does. */
async function untilBack<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      assert.equal(kindOf(error), 'retry', String(error));
    }
  }
}
