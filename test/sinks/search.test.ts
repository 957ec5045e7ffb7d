import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Field } from '../../core/avro.ts';
import { defineIndex, type IndexDef } from '../../core/target.ts';
import { type Database, IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import type { Change } from '../../sinks/port.ts';
import { REMOVALS_KEPT_MS } from '../../sinks/search/sqlite/request.ts';
import { sqliteSearch } from '../../sinks/search/sqlite/search.ts';
import { searchContract } from '../contracts/search.ts';

searchContract('SQLite, in memory', async (t) => {
  const database = inMemory(t);
  const search = sqliteSearch(database);
  return {
    search,
    async reopen() {
      await search.close();
      return sqliteSearch(database);
    },
  };
});

searchContract('SQLite, in a folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-search-'));
  let database = openDatabase(folder);
  t.after(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const search = sqliteSearch(database);
  return {
    search,
    async reopen() {
      await search.close();
      database.close();
      database = openDatabase(folder);
      return sqliteSearch(database);
    },
  };
});

const user: Field = { name: 'user', type: 'string', doc: 'The learner.' };
const title: Field = { name: 'title', type: 'string', doc: 'Words.' };
const count: Field = { name: 'count', type: 'int', doc: 'A number.' };

const declare = (fields: readonly Field[], text: readonly string[], key: readonly string[] = ['user']): IndexDef =>
  defineIndex({ name: 'things', doc: 'Things.', key, text, record: { type: 'record', name: 'Thing', fields } });
const things = declare([user, title, count], ['title']);
const put = (name: string, record: Record<string, unknown>, revision = 1): Change => ({
  key: ['tenant', name],
  version: { token: 1, revision },
  record: { user: name, ...record },
});
const all = { tenant: 'tenant', words: '', limit: 10 };

test('a change of numbers only leaves the full-text index unchanged', async (t) => {
  const database = inMemory(t);
  const search = sqliteSearch(database);
  await search.prepare([things]);
  const index = () =>
    database.statement('SELECT CAST(id AS TEXT), block FROM "search_things__text_data" ORDER BY id').all();
  await search.apply(things, [put('ann', { title: 'algebra', count: 1 })]);
  const before = index();
  await search.apply(things, [put('ann', { title: 'algebra', count: 2 }, 2)]);
  assert.deepEqual(index(), before);
  await search.apply(things, [put('ann', { title: 'biology', count: 2 }, 3)]);
  assert.notDeepEqual(index(), before);
});

test('a removed document leaves nothing in the full-text index, and neither does the removal of a missing one', async (t) => {
  const database = inMemory(t);
  const search = sqliteSearch(database);
  await search.prepare([things]);
  const indexed = () => database.statement('SELECT count(*) FROM "search_things__text_docsize"').get();
  await search.apply(things, [put('ann', { title: 'algebra' }), put('bob', { title: 'algebra' })]);
  const removals = ['bob', 'cem'].map((name) => ({ ...put(name, {}, 2), record: undefined }));
  await search.apply(things, removals);
  assert.deepEqual(indexed(), [1]);
  await search.apply(things, [put('bob', { title: 'biology' }, 3)]);
  assert.deepEqual(indexed(), [2]);
});

test('a removal is deleted after a week, unless the document was written again', async (t) => {
  const database = inMemory(t);
  let time = 1_000_000;
  const search = sqliteSearch(database, () => time);
  assert.equal(await search.sweep([things]), 0, 'of an index that was never made');
  await search.prepare([things]);
  const removals = ['ann', 'bob'].map((name) => ({ ...put(name, {}, 2), record: undefined }));
  await search.apply(things, [put('ann', { title: 'algebra' }), ...removals, put('bob', { title: 'biology' }, 3)]);
  time += REMOVALS_KEPT_MS;
  assert.equal(await search.sweep([things]), 0);
  assert.deepEqual(await search.apply(things, [put('ann', { title: 'algebra' })]), ['stale']);
  time += 1;
  assert.equal(await search.sweep([things]), 1);
  assert.deepEqual(await search.apply(things, [put('ann', { title: 'algebra' })]), ['written']);
  time += 2 * REMOVALS_KEPT_MS;
  assert.equal(await search.sweep([things]), 0);
  assert.equal((await search.search(things, all)).total, 2);
});

test('an index of an earlier version is prepared for sweeping, and its removals are kept for a week from then', async (t) => {
  const database = inMemory(t);
  let time = 1_000_000;
  const search = sqliteSearch(database, () => time);
  await search.prepare([things]);
  await search.apply(things, [put('ann', { title: 'algebra' }), { ...put('bob', {}), record: undefined }]);
  database.exec('DROP INDEX search_things__removed; ALTER TABLE search_things DROP COLUMN _removed');
  database.exec(`UPDATE declared_indexes SET declared = json_remove(declared, '$.own')`);
  assert.equal((await search.missing([things])).length, 3);
  await search.prepare([things]);
  assert.deepEqual(await search.missing([things]), []);
  assert.equal(await search.sweep([things]), 0);
  time += REMOVALS_KEPT_MS + 1;
  assert.equal(await search.sweep([things]), 1);
  assert.equal((await search.search(things, { ...all, words: 'algebra' })).total, 1);
});

test('preparing an index that matches its declaration writes nothing', async (t) => {
  const database = inMemory(t);
  const search = sqliteSearch(database);
  await search.prepare([things]);
  await search.apply(things, [put('ann', { title: 'algebra' })]);
  const written = () => database.statement('SELECT total_changes()').get();
  const before = written();
  await search.prepare([things, { ...things, doc: 'Described in other words.' }]);
  assert.deepEqual(written(), before);
});

test('an index whose words were made differently gets new ones when it is prepared', async (t) => {
  const database = inMemory(t);
  const search = sqliteSearch(database);
  await search.prepare([things]);
  await search.apply(things, [put('ann', { title: '線形代数 algebra' }), put('bob', { title: 'gone' })]);
  await search.apply(things, [{ ...put('bob', {}, 2), record: undefined }]);
  // The words that an earlier release would have stored.
  database.exec(`UPDATE "search_things" SET "_text" = '線形代数 algebra' WHERE "user" = 'ann'`);
  database.exec(`UPDATE declared_indexes SET declared = json_remove(declared, '$.words')`);
  const found = async (words: string) => (await search.search(things, { ...all, words })).items.map(({ user }) => user);
  assert.deepEqual(await found('代数'), []);
  assert.equal((await search.missing([things])).length, 1);
  await search.prepare([things]);
  assert.deepEqual(await search.missing([things]), []);
  for (const words of ['代数', '線形代数', 'algebra', '']) assert.deepEqual(await found(words), ['ann']);
  assert.deepEqual(await found('gone'), []);
});

test('a field that becomes text or a filter is so for existing documents too', async (t) => {
  const search = sqliteSearch(inMemory(t));
  await search.prepare([things]);
  // More documents than are written at once.
  const changes = Array.from({ length: 2_345 }, (_, number) =>
    put(`user-${number}`, { title: `t${number}`, count: 1 }),
  );
  await search.apply(things, changes);
  await search.apply(things, [{ ...put('user-7', {}, 2), record: undefined }]);
  const turned = declare([user, title, count], ['user']);
  await search.prepare([turned]);
  const find = async (words: string, filter = {}) => (await search.search(turned, { ...all, words, filter })).total;
  assert.equal(await find('t2344'), 0);
  assert.equal(await find('2344'), 1);
  assert.equal(await find('', { title: 't2344' }), 1);
  assert.equal(await find('', { title: 't7' }), 0);
  assert.equal(await find('user'), 2_344);
  assert.deepEqual(await search.apply(turned, [put('user-7', {}, 1), put('user-8', {}, 0)]), ['stale', 'stale']);
});

test('a field that was removed and returns shows no earlier values', async (t) => {
  const search = sqliteSearch(inMemory(t));
  await search.prepare([things]);
  await search.apply(things, [put('ann', { title: 'algebra', count: 1 })]);
  const without = declare([user, title], ['title']);
  await search.prepare([without]);
  await search.apply(without, [put('ann', { title: 'algebra' }, 2)]);
  await search.prepare([things]);
  assert.equal((await search.search(things, { ...all, filter: { count: 1 } })).total, 0);
  assert.equal((await search.search(things, all)).total, 1);
});

test('another key or another type of a field is refused', async (t) => {
  const search = sqliteSearch(inMemory(t));
  await search.prepare([things]);
  const otherKey = declare([user, title, count], ['title'], ['user', 'title']);
  await assert.rejects(search.prepare([otherKey]), {
    code: 'TABLE_DRIFTED',
    message:
      'the search index things was made with the key (user) and is declared with the key (user,title); renew it with `tributary indexes renew things`, then `tributary rebuild-views --only search`',
  });
  const otherType = declare([user, title, { ...count, type: 'string' }], ['title']);
  await assert.rejects(search.prepare([otherType]), {
    code: 'TABLE_DRIFTED',
    message: /count as INTEGER .* count as TEXT/,
  });
});

test('a document that is too large is refused, and the others are written', async (t) => {
  const search = sqliteSearch(failing(inMemory(t), 'bob', 18));
  await search.prepare([things]);
  const [refused, written] = await search.apply(things, [put('bob', { title: 'a' }), put('ann', { title: 'a' })]);
  assert.match((refused as { refused: string }).refused, /too large for the search index things/);
  assert.equal(written, 'written');
  assert.deepEqual((await search.search(things, { ...all, words: 'a' })).items, [{ user: 'ann', title: 'a' }]);
});

test('a full disk is waited for, and nothing of the call is written', async (t) => {
  const search = sqliteSearch(failing(inMemory(t), 'bob', 13));
  await search.prepare([things]);
  const changes = [put('ann', { title: 'a' }), put('bob', { title: 'a' })];
  await assert.rejects(search.apply(things, changes), { code: 'SEARCH_AWAY', kind: 'retry', message: /things/ });
  assert.equal((await search.search(things, { ...all, words: 'a' })).total, 0);
  assert.equal((await search.search(things, all)).total, 0);
});

function inMemory(t: TestContext): Database {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  return database;
}

/** The same database, but `run` fails with this SQLite code if `text` is one of its parameters. */
function failing(database: Database, text: string, errcode: number): Database {
  return {
    ...database,
    statement(sql) {
      return new Proxy(database.statement(sql), {
        get(target, name) {
          if (name !== 'run') return Reflect.get(target, name).bind(target);
          return (...parameters: (string | number | null)[]) => {
            if (parameters.includes(text)) throw Object.assign(new Error('SQLite said no'), { errcode });
            return target.run(...parameters);
          };
        },
      });
    },
  };
}
