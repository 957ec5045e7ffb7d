/** The CQL for a table in Cassandra: names, columns, reads, writes, and what is added to existing tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field } from '../../core/avro.ts';
import { defineTable, type TableDef } from '../../core/target.ts';
import { codecOf, columnName, columnOf, mapColumnOf } from '../../sinks/tables/cassandra/columns.ts';
import { afterToken, listing, pageToken, prefixOf } from '../../sinks/tables/cassandra/pages.ts';
import { claimRequest, generationsRequest, tableRequest } from '../../sinks/tables/cassandra/request.ts';
import {
  addition,
  additions,
  checkAddable,
  type FoundColumn,
  keyspaceCreation,
  tablesCql,
} from '../../sinks/tables/cassandra/schema.ts';
import { board, learners } from '../contracts/tables-samples.ts';

const text = (name: string): Field => ({ name, type: 'string', doc: '' });
const declare = (over: Partial<TableDef>, ...fields: Field[]): TableDef => ({
  ...defineTable({ name: 'r', doc: '', key: ['id'], record: { type: 'record', name: 'R', fields: [id] } }),
  record: { type: 'record', name: 'R', fields: [id, ...fields] },
  ...over,
});
const id = { name: 'id', type: 'string', doc: '' } as const;

test('a field is a column whose name needs no quotes', () => {
  for (const [field, column] of [
    ['userId', 'user_id'],
    ['completionSaid', 'completion_said'],
    ['left', 'left'],
    ['HTMLPage2Url', 'html_page2_url'],
  ] as const) {
    assert.equal(columnName(field), column);
  }
});

test('a field has a column of its own type, and a JSON column if it is nested', () => {
  const types = Object.fromEntries(tableRequest(learners, 'k').declared.map(({ name, type }) => [name, type]));
  assert.deepEqual(types, {
    tenant: 'text',
    user_id: 'text',
    batch_id: 'text',
    course_id: 'text',
    region: 'text',
    state: 'text',
    active: 'boolean',
    disability: 'boolean',
    progress: 'int',
    joined_at: 'bigint',
    completed_at: 'bigint',
    score: 'double',
    digest: 'blob',
    tags: 'frozen<list<text>>',
    last: 'text',
    contents: 'map<text, text>',
    counts: 'map<text, bigint>',
    _token: 'bigint',
    _revision: 'bigint',
    _partition: 'int',
    _at: 'text',
    _outbox: 'text',
    _timers: 'text',
    _due: 'bigint',
    _erased: 'boolean',
  });
  const nested = { type: 'array', items: { type: 'array', items: 'int' } } as const;
  assert.equal(codecOf(nested).type, 'text');
  const entries = { name: 'm', doc: '', type: { type: 'map', values: ['null', 'int'] } } as const;
  assert.equal(mapColumnOf(entries).column.codec.type, 'map<text, text>');
});

test('bytes within JSON are read back, wherever they are', () => {
  const record = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'all', type: { type: 'array', items: 'bytes' }, doc: '' },
      { name: 'by', type: { type: 'map', values: ['null', 'bytes'] }, doc: '' },
      { name: 'plain', type: { type: 'enum', name: 'E', symbols: ['a'] }, doc: '' },
      { name: 'names', type: { type: 'array', items: 'string' }, doc: '' },
    ],
  } as const;
  const value = { all: [Uint8Array.of(0, 255)], by: { a: Uint8Array.of(1), b: null }, plain: 'a', names: ['x'] };
  const codec = codecOf(['null', record]);
  assert.deepEqual(codec.decode(codec.encode(value)), value);
  assert.deepEqual([codec.encode(null), codec.encode(undefined), codec.decode(null)], [null, null, null]);
});

test('in rows written before a field was added it has its default', () => {
  const column = (type: Field['type'], value?: unknown) => columnOf({ ...text('f'), type, default: value });
  assert.deepEqual(column('bytes', '\u0000\u00ff').missing, Uint8Array.of(0, 255));
  assert.deepEqual([column('int', 3).missing, column('int', 3).addable], [3, true]);
  assert.deepEqual([column(['null', 'int'], null).missing, column(['null', 'int']).addable], [null, true]);
  assert.deepEqual([column('int').missing, column('int').addable], [null, false]);
});

test('names that Cassandra does not allow are refused with the declaration', () => {
  const refused = (table: TableDef, message: RegExp) =>
    assert.throws(() => tableRequest(table, 'k'), { code: 'DECLARATION_INVALID', message });
  refused(declare({}, text('_token')), /is taken/);
  refused(declare({}, text('tenant')), /is taken/);
  refused(declare({}, text('a'.repeat(49))), /more than 48/);
  refused(declare({}, text('aB'), text('a_b')), /both the column a_b/);
  refused(declare({ name: '1st' }), /is named by/);
  refused(declare({ name: 't'.repeat(49) }), /is named by/);
  refused(declare({ indexed: ['none'] }), /indexed field none/);
  refused(declare({ indexed: ['n'] }, { ...text('n'), type: 'int' }), /indexed field n/);
});

test('a table is read by its partition key, through an index, or as a whole', () => {
  const request = tableRequest(board, 'k');
  const where = (sql: string | undefined) => sql?.split(' WHERE ')[1];
  assert.deepEqual(request.within.map(where), [
    '"tenant" = ? AND "course_id" = ?',
    '"tenant" = ? AND "course_id" = ? AND "rank" = ?',
    '"tenant" = ? AND "course_id" = ? AND "rank" = ? AND "user_id" = ?',
  ]);
  assert.deepEqual(request.withinAfter.map(where), [
    '"tenant" = ? AND "course_id" = ? AND ("rank", "user_id") > (?, ?)',
    '"tenant" = ? AND "course_id" = ? AND "rank" = ? AND ("user_id") > (?)',
  ]);
  assert.deepEqual([request.all, request.allAfter].map(where), [
    undefined,
    'token("tenant", "course_id") > token(?, ?)',
  ]);
  assert.equal(where(request.several), '"tenant" = ? AND "course_id" = ? AND "rank" = ? AND "user_id" IN ?');
  const wide = tableRequest(declare({ key: ['id', 'b'] }, text('b')), 'k');
  assert.deepEqual(wide.withinAfter, []);
  assert.deepEqual(tableRequest(learners, 'k').indexes, ['_due', 'course_id', 'region']);
  const keyed = tableRequest(declare({ indexed: ['id', 'b'], sort: ['b'] }, text('b')), 'k');
  assert.deepEqual([keyed.indexedKeys, keyed.indexedFields], [[1, 2], []]);
});

test('a list continues within its partition key, and then after it', () => {
  const request = tableRequest(board, 'k');
  const after = ['t', 'c', '1', 'ada'];
  assert.deepEqual(listing(request, ['t', 'c'], undefined), [[request.within[0], ['t', 'c']]]);
  assert.deepEqual(listing(request, ['t', 'c', '1'], after), [[request.withinAfter[1], after]]);
  assert.deepEqual(listing(request, ['t'], undefined), [[request.all, []]]);
  assert.deepEqual(listing(request, ['t'], after), [
    [request.withinAfter[0], after],
    [request.allAfter, ['t', 'c']],
  ]);
  const single = tableRequest(declare({}), 'k');
  assert.deepEqual(listing(single, ['t'], ['t', 'x']), [[single.allAfter, ['t', 'x']]]);
  assert.deepEqual(afterToken(request, ['t'], pageToken(['t'], after)), after);
  for (const token of ['', '%', Buffer.from('[1,2,3]').toString('base64url'), pageToken(['t', 'c'], after)]) {
    assert.throws(() => afterToken(request, ['t'], token), { code: 'USAGE' });
  }
  assert.throws(() => afterToken(request, after, pageToken(after, after)), { code: 'USAGE' });
  assert.throws(() => prefixOf(request, [], 1), { code: 'USAGE' });
  assert.throws(() => prefixOf(request, [...after, 'x'], 1), { code: 'USAGE' });
});

test('all statements that make the tables can be shown', () => {
  const table = declare({ sort: ['b'], indexed: ['b'] }, text('b'), {
    ...text('m'),
    type: { type: 'map', values: 'int' },
  });
  const bookkeeping =
    '"_token" bigint, "_revision" bigint, "_partition" int, "_at" text, "_outbox" text, "_timers" text, "_due" bigint, "_erased" boolean';
  assert.deepEqual(
    tablesCql(
      [table],
      'k',
      new Map([
        ['dc1', 3],
        ["d'c", 2],
      ]),
    ),
    [
      `CREATE KEYSPACE IF NOT EXISTS "k" WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'd''c': 2}`,
      claimRequest('k').create,
      generationsRequest('k').create,
      `CREATE TABLE IF NOT EXISTS "k"."r" ("tenant" text, "id" text, "b" text, "m" map<text, int>, ${bookkeeping}, PRIMARY KEY (("tenant", "id"), "b")) WITH compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L4'}`,
      `CREATE INDEX IF NOT EXISTS ON "k"."r" ("_due") USING 'sai'`,
      `CREATE INDEX IF NOT EXISTS ON "k"."r" ("b") USING 'sai'`,
    ],
  );
  assert.match(keyspaceCreation('k', undefined), /'SimpleStrategy', 'replication_factor': 1/);
  assert.match(tablesCql([declare({})], 'k')[3] as string, /PRIMARY KEY \(\("tenant", "id"\)\)/);
});

test('columns are added, and a table with another definition is reported', () => {
  const before = tableRequest(declare({ sort: ['b'] }, text('b')), 'k');
  const found: FoundColumn[] = before.declared
    .map(({ name, type, kind }, i) => ({ name, type, kind, position: i }))
    .reverse();
  assert.deepEqual(additions(before, found), []);
  const more = tableRequest(
    declare({ sort: ['b'] }, text('b'), text('new'), { ...text('n'), type: ['null', 'int'] }),
    'k',
  );
  const added = additions(more, found);
  assert.equal(addition(more, 'k', added), 'ALTER TABLE "k"."r" ADD IF NOT EXISTS ("new" text, "n" int)');
  assert.throws(() => checkAddable(more, added), { code: 'TABLE_DRIFTED', message: /column new/ });
  checkAddable(more, added.slice(1));
  const drifted = { code: 'TABLE_DRIFTED' };
  assert.throws(() => additions(tableRequest(declare({}, text('b')), 'k'), found), drifted);
  const retyped = found.map((column) => (column.name === '_at' ? { ...column, type: 'int' } : column));
  assert.throws(() => additions(before, retyped), { ...drifted, message: /_at as int, but it is declared as text/ });
});
