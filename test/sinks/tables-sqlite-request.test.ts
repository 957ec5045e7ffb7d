/** The SQL for a table in SQLite, and its results, without a database. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import { defineTable, type TableDef } from '../../core/target.ts';
import { quoted } from '../../sinks/tables/sqlite/columns.ts';
import { REMOVALS_KEPT_MS, tableRequest } from '../../sinks/tables/sqlite/request.ts';
import {
  afterToken,
  changeParameters,
  dueTimers,
  keyOf,
  pageToken,
  prefixOf,
  recordOf,
  rowParameters,
  storedRow,
  wholeKey,
} from '../../sinks/tables/sqlite/rows.ts';
import { creation, entriesCreation } from '../../sinks/tables/sqlite/shape.ts';

const marks = defineTable({
  name: 'marks',
  doc: '',
  key: ['userId'],
  sort: ['batchId'],
  indexed: ['region'],
  record: {
    type: 'record',
    name: 'Marks',
    fields: [
      { name: 'region', type: 'string', doc: '' },
      { name: 'batchId', type: 'string', doc: '' },
      { name: 'userId', type: 'string', doc: '' },
      { name: 'active', type: 'boolean', doc: '' },
      { name: 'parts', type: { type: 'map', values: 'int' }, doc: '' },
    ],
  },
});
const request = tableRequest(marks);
const KEY = ['acme', 'ada', 'b1'];
const version = { token: 2, revision: 3 };

test('a table has its key, one column a field, and the bookkeeping; its map entries are in a table beside it', () => {
  assert.deepEqual(
    [creation(request.shape), entriesCreation(request.shape)],
    [
      'CREATE TABLE "marks" (_id INTEGER PRIMARY KEY, "tenant" TEXT NOT NULL, "userId" TEXT NOT NULL, "batchId" TEXT NOT NULL, ' +
        '"region" TEXT, "active" INTEGER, "_token" INTEGER, "_revision" INTEGER, "_partition" INTEGER, "_at" TEXT, "_outbox" TEXT, ' +
        '"_timers" TEXT, "_due" INTEGER, "_erased" INTEGER, "_kept" INTEGER, UNIQUE ("tenant", "userId", "batchId"))',
      'CREATE TABLE IF NOT EXISTS "marks__entries" (_row INTEGER NOT NULL, _field TEXT NOT NULL, _entry TEXT NOT NULL, _value, ' +
        'PRIMARY KEY (_row, _field, _entry)) WITHOUT ROWID',
    ],
  );
  assert.equal(entriesCreation({ ...request.shape, elsewhere: [] }), '', 'and nothing where there are no map fields');
  assert.deepEqual(
    request.indexes.map(({ create }) => create),
    [
      'CREATE INDEX IF NOT EXISTS "marks#_due" ON "marks" (_partition, _due) WHERE _due IS NOT NULL',
      'CREATE INDEX IF NOT EXISTS "marks#_kept" ON "marks" (_kept) WHERE _kept IS NOT NULL',
      'CREATE INDEX IF NOT EXISTS "marks#region" ON "marks" (tenant, _partition, "region")',
    ],
  );
});

test('an index has the name that its statement creates', () => {
  for (const { name, create } of request.indexes)
    assert.ok(create.startsWith(`CREATE INDEX IF NOT EXISTS "${name}" ON`));
});

test('an upsert sets everything but the key, unless the stored version is newer, and keeps the indexed fields of deleted rows', () => {
  assert.equal(
    request.upsert,
    'INSERT INTO "marks" ("tenant", "userId", "batchId", "region", "active", "_token", "_revision", "_partition", ' +
      '"_at", "_outbox", "_timers", "_due", "_erased", "_kept") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO ' +
      'UPDATE SET "region" = CASE WHEN excluded._erased > 0 THEN "region" ELSE excluded."region" END, "active" = excluded."active", "_token" = excluded."_token", ' +
      '"_revision" = excluded."_revision", "_partition" = excluded."_partition", "_at" = excluded."_at", ' +
      '"_outbox" = excluded."_outbox", "_timers" = excluded."_timers", "_due" = excluded."_due", ' +
      '"_erased" = excluded."_erased", "_kept" = excluded."_kept" WHERE (excluded._token, excluded._revision) >= (_token, _revision) RETURNING _id',
  );
});

test('entries are written one by one or several together', () => {
  const entries = request.entries;
  const head = 'INSERT INTO "marks__entries" (_row, _field, _entry, _value) VALUES ';
  const tail = ' ON CONFLICT DO UPDATE SET _value = excluded._value';
  assert.equal(entries?.upserts.length, 4);
  assert.equal(entries?.upserts[0], `${head}(?1, ?2, ?3, ?4)${tail}`);
  assert.equal(entries?.upserts[2], `${head}(?1, ?2, ?3, ?4), (?1, ?5, ?6, ?7), (?1, ?8, ?9, ?10)${tail}`);
  assert.equal(entries?.remove, 'DELETE FROM "marks__entries" WHERE _row = ? AND _field = ? AND _entry = ?');
  assert.deepEqual([...(entries?.codecs.keys() ?? [])], ['parts']);
});

test('each length of a prefix has its own list', () => {
  const stored =
    '"tenant", "userId", "batchId", "region", "active", "_id", "_token", "_revision", "_at", "_outbox", "_timers", "_erased"';
  assert.deepEqual(request.under, [
    `SELECT ${stored} FROM "marks" WHERE "tenant" = ? ORDER BY "userId", "batchId"`,
    `SELECT ${stored} FROM "marks" WHERE "tenant" = ? AND "userId" = ? ORDER BY "batchId"`,
    `SELECT ${stored} FROM "marks" WHERE "tenant" = ? AND "userId" = ? AND "batchId" = ?`,
  ]);
  const record = '"tenant", "userId", "batchId", "region", "active", "_id"';
  assert.equal(
    request.first[0],
    `SELECT ${record} FROM "marks" WHERE "tenant" = ? AND _erased = 0 ORDER BY "userId", "batchId" LIMIT ?`,
  );
  assert.deepEqual(request.following, [
    `SELECT ${record} FROM "marks" WHERE "tenant" = ? AND ("userId", "batchId") > (?, ?) AND _erased = 0 ORDER BY "userId", "batchId" LIMIT ?`,
    `SELECT ${record} FROM "marks" WHERE "tenant" = ? AND "userId" = ? AND ("batchId") > (?) AND _erased = 0 ORDER BY "batchId" LIMIT ?`,
  ]);
});

test('a name can contain anything within its quotes', () => {
  assert.equal(quoted('a"b'), '"a""b"');
});

test('a field may not have the name of a column of the store', () => {
  for (const name of ['_token', '_mine', 'tenant', 'Tenant']) {
    const table: TableDef = { ...marks, record: { ...marks.record, fields: [{ name, type: 'string', doc: '' }] } };
    assert.throws(() => tableRequest(table), { code: 'DECLARATION_INVALID' }, name);
  }
});

test('a row becomes parameters, with the earliest of its timers', () => {
  const row = { key: KEY, version, at: 'at', outbox: 'out', timers: {}, partition: 4, whole: false };
  const data = { region: 'Wales', batchId: 'b1', userId: 'ada', active: true, parts: Entries.empty() };
  const fields = [...KEY, 'Wales', 1, 2, 3, 4, 'at', 'out'];
  assert.deepEqual(rowParameters(request, { ...row, data }, 77), [...fields, null, null, 0, null]);
  const timers = { later: 9, soon: 5, 'at last': 7 };
  assert.deepEqual(rowParameters(request, { ...row, timers, data }, 77), [
    ...fields,
    JSON.stringify(timers),
    5,
    0,
    null,
  ]);
  const gone = [...KEY, null, null, 2, 3, 4, 'at', 'out', null, null, 77];
  assert.deepEqual(rowParameters(request, { ...row, data: undefined }, 77), [...gone, null], 'kept for ever');
  assert.deepEqual(rowParameters(request, { ...row, data: undefined, keepMs: 5 }, 77), [...gone, 82]);
  assert.deepEqual(rowParameters(request, { ...row, data, keepMs: 5 }, 77).at(-1), null, 'it is there');
});

test('a record of a view becomes parameters without position', () => {
  const record = { region: 'Wales', active: false };
  const rest = [2, 3, null, null, null, null, null];
  assert.deepEqual(changeParameters(request, { key: KEY, version, record }, 77), [
    ...KEY,
    'Wales',
    0,
    ...rest,
    0,
    null,
  ]);
  const removal = { key: KEY, version, record: undefined };
  assert.deepEqual(changeParameters(request, removal, 77), [...KEY, null, null, ...rest, 77, 77 + REMOVALS_KEPT_MS]);
});

test('a selected line becomes a row, and one of a view has no position', () => {
  const parts = Entries.stored([['n', 1]]);
  const maps = (id: number) => {
    assert.equal(id, 41);
    return { parts };
  };
  const data = { userId: 'ada', batchId: 'b1', region: 'Wales', active: true, parts };
  const values = [...KEY, 'Wales', 1, 41, 2, 3];
  assert.deepEqual(storedRow(request, marks, [...values, 'at', 'out', '{"soon":5}', 0], maps), {
    key: KEY,
    version,
    at: 'at',
    outbox: 'out',
    timers: { soon: 5 },
    data,
  });
  const view = { key: KEY, version, at: '', outbox: '', timers: {} };
  assert.deepEqual(storedRow(request, marks, [...values, null, null, null, 0], maps), { ...view, data });
  const gone = [...KEY, null, null, 41, 2, 3, null, null, null, 77];
  assert.deepEqual(storedRow(request, marks, gone, maps), { ...view, data: undefined });
  assert.deepEqual(keyOf(request, values), KEY);
  assert.deepEqual(Object.keys(recordOf(request, marks, values)), ['userId', 'batchId', 'region', 'active']);
});

test('the due timers of a row are those whose time has come', () => {
  const due = dueTimers(request, 7, [...KEY, '{"a":1,"later":9,"d":4}'], 4);
  assert.deepEqual(due, [
    { partition: 7, key: KEY, name: 'a', due: 1 },
    { partition: 7, key: KEY, name: 'd', due: 4 },
  ]);
});

test('a key has all of its parts, and a prefix some', () => {
  assert.equal(wholeKey(request, KEY), KEY);
  for (const key of [[], KEY.slice(1), [...KEY, 'x']]) assert.throws(() => wholeKey(request, key), { code: 'USAGE' });
  for (const length of [1, 2, 3]) assert.equal(prefixOf(request, KEY.slice(0, length)).length, length);
  for (const prefix of [[], [...KEY, 'x']]) assert.throws(() => prefixOf(request, prefix), { code: 'USAGE' });
});

test('the token of a page is what follows the prefix, and every other token is refused', () => {
  const key = ['acme', '__proto__"\n', '🎓'];
  for (const prefix of [key.slice(0, 1), key.slice(0, 2)]) {
    const token = pageToken(prefix, key);
    assert.match(token, /^[A-Za-z0-9_-]+$/);
    assert.deepEqual(afterToken(request, prefix, token), key.slice(prefix.length));
  }
  const wrong = ['', '{', pageToken(['acme', 'ada'], KEY), Buffer.from('[1,2]').toString('base64url'), 'bnVsbA'];
  for (const token of wrong) assert.throws(() => afterToken(request, ['acme'], token), { code: 'USAGE' }, token);
  assert.throws(() => afterToken(request, KEY, Buffer.from('[]').toString('base64url')), { code: 'USAGE' });
});
