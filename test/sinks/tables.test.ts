/** The embedded tables: the contract of the port, and what only SQLite has. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQLInputValue } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import { defineTable } from '../../core/target.ts';
import { type Database, IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { REMOVALS_KEPT_MS, tableRequest } from '../../sinks/tables/sqlite/request.ts';
import { sqliteTables } from '../../sinks/tables/sqlite/tables.ts';
import { keysWhere } from '../contracts/keys-where.ts';
import { tablesContract } from '../contracts/tables.ts';
import { assertHolds, board, learners, place, removal, v, write } from '../contracts/tables-samples.ts';
import { countOf } from '../harness/count.ts';

tablesContract('in memory', async (t) => {
  const database = inMemory(t);
  const tables = sqliteTables(database);
  return {
    tables,
    async reopen() {
      await tables.close();
      return sqliteTables(database);
    },
    limited: (largest) => sqliteTables(database, Date.now, largest),
  };
});

tablesContract('in a folder', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-tables-'));
  let database = openDatabase(folder);
  t.after(async () => {
    database.close();
    await rm(folder, { recursive: true });
  });
  const tables = sqliteTables(database);
  return {
    tables,
    async reopen() {
      await tables.close();
      database.close();
      database = openDatabase(folder);
      return sqliteTables(database);
    },
    limited: (largest) => sqliteTables(database, Date.now, largest),
  };
});

const KEY = ['acme', 'ada', 'b1'];

test('people read projections with plain SQL', async (t) => {
  const database = inMemory(t);
  const tables = sqliteTables(database);
  await tables.prepare([learners]);
  const counts = Entries.of([['n', 5]]);
  await tables.write(learners, [write(KEY, v(1, 1), { data: { region: 'Wales', tags: ['x'], score: 2.5, counts } })]);
  assert.deepEqual(
    database
      .statement(
        'SELECT tenant, "userId", region, active, score, tags, json_type(tags), _revision FROM contract_learners',
      )
      .all(),
    [['acme', 'ada', 'Wales', 1, 2.5, '["x"]', 'array', 1]],
  );
  assert.deepEqual(database.statement('SELECT * FROM contract_learners__entries').all(), [[1, 'counts', 'n', 5]]);
});

test('lists, timers and indexed fields are read without reading the whole table', async (t) => {
  const database = inMemory(t);
  await sqliteTables(database).prepare([learners, board]);
  const request = tableRequest(learners);
  const statements = [
    ...request.under,
    ...request.first,
    ...request.following,
    ...request.matching.values(),
    request.due,
    request.purge,
    ...(request.entries === undefined ? [] : [request.entries.read, request.entries.clear, request.entries.remove]),
  ];
  assert.ok(statements.length > 12);
  for (const sql of statements) {
    const plan = database.statement(`EXPLAIN QUERY PLAN ${sql}`).all().join('\n');
    assert.match(plan, /SEARCH/, sql);
    assert.doesNotMatch(plan, /SCAN|TEMP B-TREE/, sql);
  }
});

test('what SQLite never accepts is refused alone, and leaves nothing behind', async (t) => {
  const database = inMemory(t);
  const tables = sqliteTables(failing(database, 'entry too big', 18));
  await tables.prepare([learners, board]);
  const rows = ['ada', 'bob', 'cid'].map((user) => {
    const name = user === 'bob' ? 'entry too big' : 'entry';
    return write(['acme', user, 'b1'], v(1, 1), { data: { counts: Entries.of([[name, 1]]) } });
  });
  const results = await tables.write(learners, rows);
  assert.deepEqual(results, ['written', { refused: 'as the test wants it' }, 'written']);
  assert.deepEqual(
    (
      await tables.read(
        learners,
        rows.map((row) => row.key),
      )
    ).map((row) => row?.key[1]),
    ['ada', undefined, 'cid'],
  );
  const changes = ['entry', 'entry too big'].map((name, i) =>
    place(['acme', 'c1', '1', `user-${i}`], v(1, 1), { parts: { [name]: 1 } }),
  );
  assert.deepEqual(await tables.apply(board, changes), ['written', { refused: 'as the test wants it' }]);
  assert.equal(await countOf(tables, board, 'acme'), 1);
});

test('a store that is away throws, and nothing of the call is written', async (t) => {
  const database = inMemory(t);
  const tables = sqliteTables(failing(database, 'entry', 13));
  await tables.prepare([learners]);
  const rows = ['ada', 'bob'].map((user) => write(['acme', user, 'b1'], v(1, 1)));
  const full = write(['acme', 'cid', 'b1'], v(1, 1), { data: { counts: Entries.of([['entry', 1]]) } });
  await assert.rejects(tables.write(learners, [...rows, full]), { code: 'TABLES_AWAY' });
  assert.equal(await countOf(tables, learners, 'acme'), 0);
});

test('a disk that is full while a refused call is written again is waited for', async (t) => {
  const database = inMemory(t);
  const tables = sqliteTables(failing(failing(database, 'entry too big', 18), 'later', 13, 1));
  await tables.prepare([learners]);
  const rows = ['entry', 'later', 'entry too big'].map((name) =>
    write(['acme', `user of ${name}`, 'b1'], v(1, 1), { data: { counts: Entries.of([[name, 1]]) } }),
  );
  await assert.rejects(tables.write(learners, rows), { code: 'TABLES_AWAY' });
  assert.equal(await countOf(tables, learners, 'acme'), 0);
});

test('removals of views are deleted after a week, and rows that are kept for ever are not', async (t) => {
  let time = 1_000_000;
  const tables = sqliteTables(inMemory(t), () => time);
  await tables.prepare([learners, board]);
  const [ada, bob] = [removal(['acme', 'c1', '1', 'ada'], v(1, 2)), place(['acme', 'c1', '1', 'bob'], v(1, 2))];
  await tables.apply(board, [ada, bob]);
  const gone = write(KEY, v(1, 1), { data: undefined });
  await tables.write(learners, [gone]);
  time += REMOVALS_KEPT_MS;
  assert.equal(await tables.sweep([learners, board]), 0);
  const older = [ada, bob].map(({ key }) => place(key, v(1, 1)));
  assert.deepEqual(await tables.apply(board, older), ['stale', 'stale']);
  time += 1;
  assert.equal(await tables.sweep([learners, board]), 1);
  assert.deepEqual(await tables.apply(board, older), ['written', 'stale']);
  await assertHolds(tables, gone);
});

test('a deleted row is purged after its retention, unless it came back', async (t) => {
  let time = 1_000_000;
  const database = inMemory(t);
  const tables = sqliteTables(database, () => time);
  await tables.prepare([learners]);
  const users = ['ada', 'bob', 'cid', 'dan'];
  const [ada, bob, cid, dan] = users.map((user) => ['acme', user, 'b1']) as [string[], string[], string[], string[]];
  const counts = Entries.of([['n', 1]]);
  await tables.write(
    learners,
    [ada, bob, cid, dan].map((key) => write(key, v(1, 1), { data: { counts } })),
  );
  const gone = (key: string[], keepMs: number) => write(key, v(1, 2), { keepMs, outbox: 'bye', data: undefined });
  await tables.write(learners, [gone(ada, 500), gone(bob, 600), gone(cid, 500), gone(dan, 500)]);
  const back = write(cid, v(1, 3), { data: { counts: Entries.of([['m', 2]]) } });
  // From now on, the next owner keeps the deleted row.
  const taken = write(dan, v(2, 2), { whole: true, taken: { from: v(1, 2) }, keepMs: 501, data: undefined });
  await tables.write(learners, [back, taken]);
  time += 500;
  assert.equal(await tables.sweep([learners]), 0);
  time += 1;
  assert.equal(await tables.sweep([learners]), 1);
  assert.deepEqual(await tables.read(learners, [ada]), [undefined]);
  await assertHolds(tables, gone(bob, 600));
  await assertHolds(tables, back);
  await assertHolds(tables, taken);
  time += 1_000_000;
  // A process that did not run for hours deletes these rows when it starts.
  await tables.prepare([learners]);
  assert.equal(await tables.sweep([learners]), 0);
  assert.deepEqual(database.statement('SELECT "userId" FROM contract_learners').all(), [['cid']]);
  assert.deepEqual(database.statement('SELECT _entry FROM contract_learners__entries').all(), [['m']]);
});

test('a file of an earlier version keeps its deleted rows', async (t) => {
  const database = inMemory(t);
  const tables = sqliteTables(database);
  await tables.prepare([learners]);
  const gone = write(KEY, v(1, 2), { outbox: 'bye', keepMs: 0, data: undefined });
  await tables.write(learners, [gone]);
  database.exec('DROP INDEX "contract_learners#_kept"');
  database.exec('ALTER TABLE contract_learners DROP COLUMN _kept');
  await tables.prepare([learners]);
  assert.equal(await tables.sweep([learners]), 0);
  await assertHolds(tables, gone);
});

test('a row that is taken over is written without its data', async (t) => {
  const database = inMemory(t);
  const tables = sqliteTables(failing(database, 'entry', 18));
  await tables.prepare([learners]);
  const counts = Entries.stored([['entry', 1]]);
  await sqliteTables(database).write(learners, [write(KEY, v(1, 1), { whole: true, data: { counts } })]);
  const taken = write(KEY, v(2, 1), { whole: true, taken: { from: v(1, 1) }, data: { counts } });
  assert.deepEqual(await tables.write(learners, [taken]), ['written'], 'nothing writes the entry');
  await assertHolds(tables, taken);
});

test('a table with columns of another type is left unchanged', async (t) => {
  const tables = sqliteTables(inMemory(t));
  const declare = (type: 'string' | 'int') =>
    defineTable({
      name: 'drifting',
      doc: '',
      key: ['id'],
      record: {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'id', type: 'string', doc: '' },
          { name: 'level', type, doc: '' },
        ],
      },
    });
  await tables.prepare([declare('string')]);
  await assert.rejects(tables.prepare([declare('int')]), {
    code: 'TABLE_DRIFTED',
    message: /drifting has the column level as TEXT, but it is declared as INTEGER/,
  });
  await tables.prepare([declare('string')]);
});

test('a wrong call is reported as such', async (t) => {
  const tables = sqliteTables(inMemory(t));
  await tables.prepare([learners]);
  const wrong = { code: 'USAGE' };
  await assert.rejects(tables.read(learners, [['acme', 'ada']]), wrong);
  await assert.rejects(tables.write(learners, [write(['acme', 'ada', 'b1', 'x'], v(1, 1))]), wrong);
  await assert.rejects(tables.under(learners, []), wrong);
  await assert.rejects(tables.select(learners, ['acme', 'ada', 'b1', 'x'], { limit: 1 }), wrong);
  await assert.rejects(keysWhere(tables, learners, 0, 'acme', 'state', 'open'), wrong);
});

function inMemory(t: TestContext): Database {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  return database;
}

/** The same database, but `run` with this parameter fails with this SQLite code, after succeeding `times` times. */
function failing(database: Database, parameter: string, errcode: number, times = 0): Database {
  let left = times;
  return {
    ...database,
    statement(sql) {
      const statement = database.statement(sql);
      return new Proxy(statement, {
        get(target, name) {
          if (name !== 'run') return Reflect.get(target, name).bind(target);
          return (...parameters: SQLInputValue[]) => {
            if (parameters.includes(parameter) && left-- <= 0) {
              throw Object.assign(new Error('as the test wants it'), { errcode });
            }
            return target.run(...parameters);
          };
        },
      });
    },
  };
}
