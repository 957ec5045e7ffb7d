/** The cache port on real Redis servers: a single one, a master with a replica and a Sentinel, and a cluster of three. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, startRedisCluster, startRedisSentinel } from '../../servers/redis.ts';
import type { Server } from '../../servers/server.ts';
import { type RedisCacheOptions, redisCache } from '../../sinks/cache/redis/cache.ts';
import { RECORD_LIMIT } from '../../sinks/cache/redis/request.ts';
import { cacheContract } from '../contracts/cache.ts';
import { recordingListener } from '../contracts/cache-live.ts';
import { counters, courses, first, inCourse } from '../contracts/cache-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-redis-'));
const started: Server[] = [];
after(async () => {
  await Promise.all(started.map((server) => server.kill()));
  rmSync(folder, { recursive: true, force: true });
});
async function starting<S extends Server>(starts: Promise<S>): Promise<S> {
  const server = await starts;
  started.push(server);
  return server;
}

const single = await starting(startRedis({ folder: join(folder, 'single') }));
const cluster = await starting(startRedisCluster({ folder: join(folder, 'cluster') }));
const sentinel = await starting(startRedisSentinel({ folder: join(folder, 'sentinel') }));
const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
const nobody = (): void => {};

for (const { name, url } of [single, sentinel, cluster]) {
  cacheContract(name, async (t) => {
    const options = { url, prefix: `${randomUUID()}:` };
    return {
      cache: opened(t, options),
      async reopen() {
        const cache = redisCache(options);
        await cache.close();
        return opened(t, options);
      },
    };
  });
}

describe('data in Redis', () => {
  test('an entry is a hash that any client can read', async (t) => {
    const { cache, redis, prefix } = around(t);
    await cache.apply(courses, [
      inCourse(['acme', 'a:nn', 'maths 1'], { token: 1, revision: 42 }, 7),
      inCourse(['acme', 'a:nn', 'gone'], { token: 2, revision: 1 }, undefined),
    ]);
    await cache.apply(counters, [{ key: ['acme', 'bob'], version: first, record: { user: 'bob', count: 1 } }]);
    const key = `${prefix}contract_courses:{acme:a%3Ann}`;
    assert.deepEqual(await redis.hgetall(key), { 'maths 1': '{"user":"a:nn","course":"maths 1","count":7}' });
    assert.deepEqual(await redis.hgetall(`${key}:versions`), { 'maths 1': '1.42', gone: '2.1' });
    assert.deepEqual(await redis.zrange(`${key}:removals`, '0', '-1'), ['gone']);
    assert.equal(await redis.hget(`${prefix}contract_counters:{acme:bob}`, 'record'), '{"user":"bob","count":1}');
  });

  test('a live change is published on the channel named like its entry', async (t) => {
    const { cache, redis, prefix } = around(t);
    const messages: string[] = [];
    const [second, subscriber] = [Promise.withResolvers<void>(), redis.duplicate()];
    t.after(() => subscriber.disconnect());
    subscriber.on('message', (_, message) => messages.push(message) === 2 && second.resolve());
    await subscriber.subscribe(`${prefix}contract_courses:{acme:ann}`);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'a/b'], first, 7)]);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'a/b'], { token: 1, revision: 2 }, undefined)]);
    await second.promise;
    assert.deepEqual(
      messages.map((message) => JSON.parse(message)),
      [
        { field: 'a/b', version: '1.1', record: { user: 'ann', course: 'a/b', count: 7 } },
        { field: 'a/b', version: '1.2', record: null },
      ],
    );
  });

  test('an entry without records is gone a day later, and one that came back is complete', async (t) => {
    const { cache, redis, prefix } = around(t);
    const keys = [`${prefix}contract_courses:{acme:ann}:versions`, `${prefix}contract_courses:{acme:ann}:removals`];
    const left = (): Promise<number[]> => Promise.all(keys.map((key) => redis.pttl(key)));
    const write = (revision: number, course: string, count: number | undefined) =>
      cache.apply(courses, [inCourse(['acme', 'ann', course], { token: 1, revision }, count)]);
    await write(1, 'a', 1);
    await write(2, 'a', undefined);
    for (const ms of await left()) assert.ok(ms > HOUR_MS && ms <= DAY_MS, `${ms} ms`);
    await write(1, 'b', 1);
    assert.deepEqual(await left(), [-1, -1]);
    assert.deepEqual(await write(1, 'a', 1), ['stale']);
    await write(3, 'a', 1);
    assert.equal(await redis.exists(keys[1] ?? ''), 0);
  });

  test('removals older than a day are forgotten at the next one, and later ones are not', async (t) => {
    const { cache, redis, prefix } = around(t);
    const key = `${prefix}contract_courses:{acme:ann}`;
    const remove = (course: string) => inCourse(['acme', 'ann', course], { token: 1, revision: 2 }, undefined);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'kept'], first, 1), remove('old'), remove('young')]);
    const now = Date.now();
    await redis.zadd(`${key}:removals`, now - DAY_MS - 60_000, 'old', now - HOUR_MS, 'young');
    await cache.apply(courses, [remove('new')]);
    assert.deepEqual((await redis.zrange(`${key}:removals`, '0', '-1')).sort(), ['new', 'young']);
    assert.deepEqual(Object.keys(await redis.hgetall(`${key}:versions`)).sort(), ['kept', 'new', 'young']);
  });

  test('records whose versions were lost are dropped at the next change of their entry', async (t) => {
    const { cache, redis, prefix } = around(t);
    const write = (course: string) => cache.apply(courses, [inCourse(['acme', 'ann', course], first, 1)]);
    await write('a');
    await redis.del(`${prefix}contract_courses:{acme:ann}:versions`);
    assert.deepEqual(await write('b'), ['written']);
    assert.deepEqual(await cache.read(courses, ['acme', 'ann']), [{ user: 'ann', course: 'b', count: 1 }]);
  });

  test('a Redis that was emptied accepts everything again', async (t) => {
    const { cache, redis, prefix } = around(t);
    const write = () => cache.apply(courses, [inCourse(['acme', 'ann', 'a'], first, 1)]);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'a'], { token: 2, revision: 1 }, 2)]);
    assert.deepEqual(await write(), ['stale']);
    await redis.del(await redis.keys(`${prefix}*`));
    await redis.script('FLUSH');
    assert.deepEqual(await cache.read(courses, ['acme', 'ann']), []);
    assert.deepEqual(await write(), ['written']);
  });

  test('databases and prefixes of one Redis do not see each other', async (t) => {
    const prefix = `${randomUUID()}:`;
    const caches = [
      opened(t, { url: single.url, prefix }),
      opened(t, { url: `${single.url}/3`, prefix }),
      opened(t, { url: single.url, prefix: `${prefix}2:` }),
    ];
    const recorder = caches.map(() => recordingListener());
    for (const [index, cache] of caches.entries()) {
      await cache.subscribe(courses, ['acme', 'ann'], (update) => recorder[index]?.listener(update));
    }
    for (const [index, cache] of caches.entries()) {
      assert.deepEqual(await cache.read(courses, ['acme', 'ann']), []);
      await cache.apply(courses, [inCourse(['acme', 'ann', 'a'], first, index)]);
    }
    for (const [index, each] of recorder.entries()) {
      await each.until('a', index);
      assert.equal(each.updates().length, 1);
    }
  });

  test('in a cluster all keys of an entry are in one slot', async (t) => {
    const prefix = `${randomUUID()}:`;
    const cache = opened(t, { url: cluster.url, prefix });
    const users = Array.from({ length: 300 }, (_, number) => `user-${number}`);
    const changes = users.map((user, number) => inCourse(['acme', user, 'a'], first, number));
    assert.deepEqual(
      await cache.apply(courses, changes),
      users.map(() => 'written'),
    );
    for (const [number, user] of users.entries()) {
      assert.deepEqual(await cache.read(courses, ['acme', user]), [{ user, course: 'a', count: number }]);
    }
    const node = connected(t, cluster.nodes[0]?.url ?? '');
    const slot = (suffix: string) => node.cluster('KEYSLOT', `${prefix}contract_courses:{acme:user-1}${suffix}`);
    assert.equal(await slot(':versions'), await slot(''));
    assert.equal(await slot(':removals'), await slot(''));
  });
});

describe('calls', () => {
  for (const { name, url } of [single, cluster]) {
    test(`every change of a large batch has its own result: ${name}`, async (t) => {
      const cache = opened(t, { url, prefix: `${randomUUID()}:` });
      const key = (number: number) => ['acme', `user-${number % 700}`, `course-${number}`];
      const numbers = Array.from({ length: 3000 }, (_, number) => number);
      const newer = numbers.filter((number) => number % 3 === 0);
      await cache.apply(
        courses,
        newer.map((number) => inCourse(key(number), { token: 2, revision: 1 }, number)),
      );
      const results = await cache.apply(
        courses,
        numbers.map((number) => inCourse(key(number), first, number)),
      );
      assert.deepEqual(
        results,
        numbers.map((number) => (number % 3 === 0 ? 'stale' : 'written')),
      );
      assert.equal((await cache.read(courses, ['acme', 'user-5'])).length, 5);
    });
  }

  test('a record that is too large is refused, and the others are written', async (t) => {
    const { cache } = around(t);
    const record = { user: 'ann', text: 'é'.repeat(RECORD_LIMIT / 2) };
    const [refused, written] = await cache.apply(counters, [
      { key: ['acme', 'ann'], version: first, record },
      { key: ['acme', 'bob'], version: first, record: { ...record, text: record.text.slice(20) } },
    ]);
    assert.match((refused as { refused: string }).refused, /too large for the cache contract_counters/);
    assert.equal(written, 'written');
    assert.deepEqual(await cache.read(counters, ['acme', 'ann']), []);
    assert.equal((await cache.read(counters, ['acme', 'bob'])).length, 1);
  });

  test('what others publish on a channel is not delivered', async (t) => {
    const { cache, redis, prefix } = around(t);
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    for (const message of ['', 'null', '[]', '{"field":1}', '{"field":"a","version":"1.1","record":7}']) {
      assert.equal(await redis.publish(`${prefix}contract_courses:{acme:ann}`, message), 1);
    }
    await cache.apply(courses, [inCourse(['acme', 'ann', 'a'], first, 1)]);
    await recorder.until('a', 1);
    assert.equal(recorder.updates().length, 1);
  });

  test('a record that others made unreadable is named in the error', async (t) => {
    const { cache, redis, prefix } = around(t);
    await redis.hset(`${prefix}contract_counters:{acme:ann}`, 'record', 'one');
    await assert.rejects(cache.read(counters, ['acme', 'ann']), {
      code: 'STORE_BROKEN',
      message: /\{acme:ann\} holds/,
    });
  });

  test('a closed cache refuses calls, and unsubscribing afterwards is no error', async (t) => {
    const { cache } = around(t);
    const leave = await cache.subscribe(courses, ['acme', 'ann'], nobody);
    await cache.close();
    await assert.rejects(cache.read(courses, ['acme', 'ann']), { code: 'CACHE_AWAY', message: /was closed/ });
    await assert.rejects(cache.subscribe(courses, ['acme', 'ann'], nobody), { message: /was closed/ });
    await leave();
  });
});

describe('access', () => {
  const RIGHTS =
    '~tributary:* &*tributary:* +@connection +@hash +@sortedset +eval +evalsha +exists +del +pexpire +persist +time ' +
    '+publish +subscribe +unsubscribe +info';

  test('the documented rights are sufficient, over an encrypted connection', async (t) => {
    const users = [`writer on >se%cret@ ${RIGHTS}`];
    const server = await startRedis({ folder: join(folder, 'tls'), tls: true, users });
    t.after(() => server.kill());
    const ca = readFileSync(join(folder, 'tls/tls/ca.crt'), 'utf8');
    const url = server.url.replace('//', `//writer:${encodeURIComponent('se%cret@')}@`);
    const cache = opened(t, { url, tls: { ca } });
    const recorder = recordingListener();
    await cache.subscribe(courses, ['acme', 'ann'], recorder.listener);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'a'], first, 1)]);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'a'], { token: 1, revision: 2 }, undefined)]);
    await cache.apply(courses, [inCourse(['acme', 'ann', 'a'], { token: 1, revision: 3 }, 2)]);
    await recorder.until('a', 2);
    assert.equal((await cache.read(courses, ['acme', 'ann'])).length, 1);

    const untrusting = opened(t, { url, patienceMs: 500 });
    await assert.rejects(untrusting.read(courses, ['acme', 'ann']), { code: 'ACCESS_REFUSED', message: /certificate/ });
    const elsewhere = opened(t, { url, tls: { ca }, prefix: 'other:' });
    await assert.rejects(elsewhere.read(courses, ['acme', 'ann']), {
      code: 'ACCESS_REFUSED',
      message: /NOPERM.*rights/,
    });
    await assert.rejects(elsewhere.subscribe(courses, ['acme', 'ann'], nobody), { code: 'ACCESS_REFUSED' });
  });

  test('a wrong or missing password stops at once, and is not in the message', async (t) => {
    const server = await startRedis({ folder: join(folder, 'users'), users: [`writer on >secret ${RIGHTS}`] });
    t.after(() => server.kill());
    const wrong = opened(t, { url: server.url, username: 'writer', password: 'geheim', patienceMs: 60_000 });
    const refused = { code: 'ACCESS_REFUSED', kind: 'fatal', message: /^(?!.*geheim).*WRONGPASS.*configure the right/ };
    await assert.rejects(wrong.read(courses, ['acme', 'ann']), refused);
    await assert.rejects(wrong.subscribe(courses, ['acme', 'ann'], nobody), { code: 'ACCESS_REFUSED' });
    const without = opened(t, { url: server.url, patienceMs: 60_000 });
    await assert.rejects(without.apply(courses, [inCourse(['acme', 'ann', 'a'], first, 1)]), { message: /NOAUTH/ });
  });

  test('an invalid URL is named in the error', async (t) => {
    const node = opened(t, { url: cluster.nodes[0]?.url ?? '', patienceMs: 60_000 });
    const changes = Array.from({ length: 20 }, (_, number) => inCourse(['acme', `user-${number}`, 'a'], first, 1));
    await assert.rejects(node.apply(courses, changes), { code: 'STORE_BROKEN', message: /redis\+cluster:/ });
    const none = opened(t, { url: single.url.replace('redis:', 'redis+cluster:'), patienceMs: 60_000 });
    await assert.rejects(none.apply(courses, changes), { code: 'STORE_BROKEN', message: /cluster support disabled/ });
  });

  test('a prefix that would affect the slots is refused', () => {
    assert.throws(() => redisCache({ url: single.url, prefix: '{a}:' }), { code: 'CONFIG_INVALID', message: /brace/ });
  });
});

test('a full Redis is waited for, and removals free memory meanwhile', async (t) => {
  const server = await startRedis({ folder: join(folder, 'full'), settings: [['maxmemory-policy', 'noeviction']] });
  t.after(() => server.kill());
  const cache = opened(t, { url: server.url, patienceMs: 60_000 });
  const redis = connected(t, server.url);
  const [before, other] = [inCourse(['acme', 'ann', 'a'], first, 1), inCourse(['acme', 'bob', 'a'], first, 1)];
  await cache.apply(courses, [before]);
  await redis.config('SET', 'maxmemory', '1mb');
  await assert.rejects(cache.apply(courses, [other]), {
    code: 'CACHE_AWAY',
    message: /memory is full: raise maxmemory/,
  });
  assert.deepEqual(await cache.read(courses, ['acme', 'bob']), []);
  assert.equal((await cache.read(courses, ['acme', 'ann'])).length, 1);
  assert.deepEqual(await cache.apply(courses, [{ ...before, record: undefined }]), ['written']);
  await redis.config('SET', 'maxmemory', '0');
  assert.deepEqual(await cache.apply(courses, [other]), ['written']);
});

function opened(t: TestContext, options: RedisCacheOptions) {
  const cache = redisCache(options);
  t.after(() => cache.close());
  return cache;
}

function connected(t: TestContext, url: string): Redis {
  const redis = new Redis(url);
  t.after(() => redis.disconnect());
  return redis;
}

/** A separate cache on the single server, and a plain client beside it. */
function around(t: TestContext) {
  const prefix = `${randomUUID()}:`;
  return { prefix, cache: opened(t, { url: single.url, prefix }), redis: connected(t, single.url) };
}
