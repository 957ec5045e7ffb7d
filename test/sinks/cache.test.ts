import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { defineCache } from '../../core/target.ts';
import { type Database, IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { embeddedCache } from '../../sinks/cache/embedded/cache.ts';
import { cacheContract } from '../contracts/cache.ts';

const counters = defineCache({
  name: 'counters',
  doc: 'One number of each learner.',
  key: ['user'],
  live: true,
  record: { type: 'record', name: 'Counter', fields: [{ name: 'user', type: 'string', doc: 'The learner.' }] },
});
const ann = { key: ['tenant', 'ann'], version: { token: 1, revision: 1 }, record: { user: 'ann' } };
const DAY_MS = 24 * 60 * 60 * 1000;

cacheContract('embedded, in memory', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const cache = embeddedCache(database);
  return {
    cache,
    async reopen() {
      await cache.close();
      return embeddedCache(database);
    },
  };
});

cacheContract('embedded, in a folder', async (t) => {
  const folder = temporaryFolder(t);
  let database = openDatabase(folder);
  t.after(() => database.close());
  const cache = embeddedCache(database);
  return {
    cache,
    async reopen() {
      await cache.close();
      database.close();
      database = openDatabase(folder);
      return embeddedCache(database);
    },
  };
});

test('a removal is deleted at the first use a day later, and not before', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: DAY_MS });
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const removal = { ...ann, version: { token: 1, revision: 2 }, record: undefined };
  assert.deepEqual(await embeddedCache(database).apply(counters, [removal]), ['written']);
  t.mock.timers.setTime(2 * DAY_MS);
  assert.deepEqual(await embeddedCache(database).apply(counters, [ann]), ['stale']);
  t.mock.timers.setTime(2 * DAY_MS + 1);
  assert.deepEqual(await embeddedCache(database).apply(counters, [ann]), ['written']);
});

test('a record that came back after its removal is not deleted with it', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: DAY_MS });
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const cache = embeddedCache(database);
  await cache.apply(counters, [{ ...ann, record: undefined }]);
  await cache.apply(counters, [{ ...ann, version: { token: 1, revision: 2 } }]);
  t.mock.timers.setTime(9 * DAY_MS);
  assert.deepEqual(await embeddedCache(database).read(counters, ann.key), [ann.record]);
});

test('a listener is notified when the transaction is over', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  let isOpen = false;
  const watched: Database = {
    ...database,
    transaction(work) {
      isOpen = true;
      try {
        return database.transaction(work);
      } finally {
        isOpen = false;
      }
    },
  };
  const cache = embeddedCache(watched);
  const received: boolean[] = [];
  await cache.subscribe(counters, ann.key, () => received.push(isOpen));
  await cache.apply(counters, [ann]);
  assert.deepEqual(received, [false]);
});

test('a listener that another one unsubscribes meanwhile is not notified', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const cache = embeddedCache(database);
  const received: string[] = [];
  let leave = async (): Promise<void> => {};
  await cache.subscribe(counters, ann.key, () => {
    received.push('first');
    leave().catch(assert.fail);
  });
  leave = await cache.subscribe(counters, ann.key, () => received.push('second'));
  await cache.apply(counters, [ann]);
  assert.deepEqual(received, ['first']);
});

test('nobody is notified after the cache was closed', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const cache = embeddedCache(database);
  const received: unknown[] = [];
  const leave = await cache.subscribe(counters, ann.key, (update) => received.push(update));
  await cache.close();
  await cache.apply(counters, [ann]);
  assert.deepEqual(received, []);
  await leave();
});

test('a record that is too large is refused, is not delivered, and the others are written', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const cache = embeddedCache(failing(database, 'bob', 18));
  const received: unknown[] = [];
  await cache.subscribe(counters, ['tenant', 'bob'], (update) => received.push(update));
  const bob = { ...ann, key: ['tenant', 'bob'], record: { user: 'bob' } };
  const [refused, written] = await cache.apply(counters, [bob, ann]);
  assert.match((refused as { refused: string }).refused, /too large for the cache counters/);
  assert.equal(written, 'written');
  assert.deepEqual(await cache.read(counters, bob.key), []);
  assert.deepEqual(await cache.read(counters, ann.key), [ann.record]);
  assert.deepEqual(received, []);
});

test('a full disk is waited for, and nothing of the call is written or delivered', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const cache = embeddedCache(failing(database, 'bob', 13));
  const received: unknown[] = [];
  await cache.subscribe(counters, ann.key, (update) => received.push(update));
  const bob = { ...ann, key: ['tenant', 'bob'] };
  await assert.rejects(cache.apply(counters, [ann, bob]), { code: 'CACHE_AWAY', kind: 'retry', message: /counters/ });
  assert.deepEqual(await cache.read(counters, ann.key), []);
  assert.deepEqual(received, []);
});

/** The same database, but `run` fails with this SQLite code if one of its parameters ends with `ending`. */
function failing(database: Database, ending: string, errcode: number): Database {
  return {
    ...database,
    statement(sql) {
      const statement = database.statement(sql);
      return new Proxy(statement, {
        get(target, name) {
          if (name !== 'run') return Reflect.get(target, name).bind(target);
          return (...parameters: (string | number | null)[]) => {
            const isIt = parameters.some((each) => typeof each === 'string' && each.endsWith(ending));
            if (isIt) throw Object.assign(new Error('SQLite said no'), { errcode });
            return target.run(...parameters);
          };
        },
      });
    },
  };
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-cache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
