import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field, Schema } from '../../core/avro.ts';
import { defineIndex } from '../../core/target.ts';
import { columnsOf } from '../../sinks/search/sqlite/columns.ts';
import { type FoundRow, indexRequests, matchOf } from '../../sinks/search/sqlite/request.ts';

const field = (name: string, type: Schema): Field => ({ name, type, doc: 'A field.' });
const declare = (fields: readonly Field[], text: readonly string[] = [], key: readonly string[] = ['user']) =>
  defineIndex({ name: 'things', doc: 'Things.', key, text, record: { type: 'record', name: 'Thing', fields } });

const state: Schema = { type: 'enum', name: 'State', symbols: ['on', 'off'] };
const inner: Schema = { type: 'record', name: 'Inner', fields: [field('x', 'int')] };
const things = declare(
  [
    field('user', 'string'),
    field('course', 'string'),
    field('title', 'string'),
    field('tags', { type: 'array', items: 'string' }),
    field('note', ['null', 'string']),
    field('state', state),
    field('count', 'int'),
    field('time', ['null', 'long']),
    field('rate', 'double'),
    field('open', 'boolean'),
    field('batches', { type: 'array', items: ['null', 'string'] }),
    field('scores', ['null', { type: 'array', items: 'int' }]),
    field('grid', { type: 'array', items: { type: 'array', items: 'int' } }),
    field('inners', { type: 'array', items: inner }),
    field('inner', inner),
    field('sizes', { type: 'map', values: 'int' }),
    field('bytes', 'bytes'),
    field('nothing', 'null'),
  ],
  ['title', 'tags', 'note'],
  ['user', 'course'],
);
const requests = indexRequests(things);
const version = { token: 3, revision: 4 };
const all = { tenant: 't', words: '', limit: 2 };
const flat = (sql: string): string => sql.replace(/\s+/g, ' ').trim();
const pageAfter = (token: unknown): string => Buffer.from(JSON.stringify(token)).toString('base64url');

test('every plain field and every array of plain values that is not text has a column', () => {
  assert.deepEqual(
    [...requests.columns].map(([name, { type, kind, many }]) => `${name} ${type} ${kind}${many ? '[]' : ''}`),
    [
      'user TEXT string',
      'course TEXT string',
      'state TEXT string',
      'count INTEGER number',
      'time INTEGER number',
      'rate REAL number',
      'open INTEGER boolean',
      'batches TEXT string[]',
      'scores TEXT number[]',
    ],
  );
});

test('the table has the tenant and the key, the columns, the words, the document and its version', () => {
  const [table] = flat(requests.create).split(';');
  assert.equal(
    table,
    'CREATE TABLE "search_things" ( "_id" INTEGER PRIMARY KEY, "_tenant" TEXT NOT NULL, "user" TEXT NOT NULL, ' +
      '"course" TEXT NOT NULL, "state" TEXT, "count" INTEGER, "time" INTEGER, "rate" REAL, "open" INTEGER, ' +
      '"batches" TEXT, "scores" TEXT, "_text" TEXT, "_document" TEXT, "_token" INTEGER NOT NULL, ' +
      '"_revision" INTEGER NOT NULL, "_removed" INTEGER, UNIQUE ("_tenant", "user", "course") )',
  );
  assert.equal(requests.addColumn('count'), 'ALTER TABLE "search_things" ADD COLUMN "count" INTEGER');
});

test('a name cannot escape its quotes', () => {
  const { create } = indexRequests({ ...things, name: 'a"; DROP TABLE b; --' });
  assert.match(create, /CREATE TABLE "search_a""; DROP TABLE b; --" \(/);
});

test('a document becomes parameters in the order of the upsert', () => {
  const record = {
    user: 'u',
    course: 'c',
    title: 'E\u0301cole',
    tags: ['a', 'b'],
    note: null,
    state: 'on',
    count: 1,
    time: null,
    rate: 0.5,
    open: true,
    batches: ['x'],
    scores: [1],
    inner: { x: 1 },
  };
  const parameters = requests.parameters({ key: ['t', 'u', 'c'], version, record }, 77);
  const names =
    /INSERT INTO "search_things" \((.*?)\)/.exec(requests.upsert)?.[1]?.replaceAll('"', '').split(', ') ?? [];
  assert.deepEqual(Object.fromEntries(names.map((name, index) => [name, parameters[index]])), {
    _tenant: 't',
    user: 'u',
    course: 'c',
    state: 'on',
    count: 1,
    time: null,
    rate: 0.5,
    open: 1,
    batches: '["x"]',
    scores: '[1]',
    _text: 'ecole a b',
    _document: JSON.stringify(record),
    _token: 3,
    _revision: 4,
    _removed: null,
  });
  assert.equal(parameters.length, names.length);
  assert.equal(requests.parameters({ key: [], version, record: { open: false } }, 77)[4], 0);
});

test('a removal keeps the key, the version and its time, and nothing of the document', () => {
  const parameters = requests.parameters({ key: ['t', 'u', 'c'], version, record: undefined }, 77);
  assert.deepEqual(parameters, ['t', 'u', 'c', ...Array(9).fill(null), 3, 4, 77]);
});

test('what the tables depend on is in `declared`, and descriptions are not', () => {
  const described = { ...things, doc: 'Other words.' };
  assert.equal(indexRequests(described).declared, requests.declared);
  assert.notEqual(indexRequests({ ...things, text: ['title'] }).declared, requests.declared);
  assert.notEqual(indexRequests({ ...things, sort: ['title'] }).declared, requests.declared);
});

test('without words a page is a range of the key', () => {
  const page = requests.page(all);
  const columns = 'd."user", d."course"';
  const from = `SELECT d."_document", ${columns} FROM "search_things" AS d WHERE d."_tenant" = ?`;
  assert.equal(flat(page.sql), `${from} AND d."_document" IS NOT NULL ORDER BY ${columns} LIMIT ?`);
  assert.deepEqual(page.parameters, ['t', 3]);
  const rows: FoundRow[] = ['a', 'b', 'c'].map((course) => ['{}', 'u', course]);
  const token = page.next(rows);
  assert.equal(token, pageAfter(['u', 'b']));
  assert.equal(page.next(rows.slice(1)), undefined);
  const next = requests.page({ ...all, after: token });
  assert.match(next.sql, /AND \(d\."user", d\."course"\) > \(\?, \?\) +ORDER BY/);
  assert.deepEqual(next.parameters, ['t', 'u', 'b', 3]);
});

test('with words a page is a range of the ranked matches', () => {
  const page = requests.page({ ...all, words: 'red' });
  assert.match(
    page.sql,
    /"search_things__text" MATCH \? .* ORDER BY bm25\("search_things__text"\), d\."user", d\."course"/,
  );
  assert.deepEqual(page.parameters, ['"red"', 't', 3, 0]);
  const rows: FoundRow[] = [1, 2, 3].map(() => ['{}', 'u', 'c']);
  const token = page.next(rows);
  assert.equal(token, pageAfter(2));
  assert.equal(page.next(rows.slice(1)), undefined);
  const next = requests.page({ ...all, words: 'red', after: token });
  assert.deepEqual(next.parameters, ['"red"', 't', 3, 2]);
  assert.equal(next.next(rows), pageAfter(4));
});

test('the total is the number of documents on all pages', () => {
  const without = requests.total(all);
  const count = 'SELECT count(*) FROM "search_things" AS d WHERE d."_tenant" = ? AND d."_document" IS NOT NULL';
  assert.equal(flat(without.sql), count);
  assert.deepEqual(without.parameters, ['t']);
  const withWords = requests.total({ ...all, words: 'red', filter: { count: 7 } });
  assert.match(withWords.sql, /MATCH \? AND d\."_tenant" = \? AND d\."count" = \?/);
  assert.deepEqual(withWords.parameters, ['"red"', 't', 7]);
});

test('a filter compares a column, or searches the items of an array', () => {
  const filter = { open: false, batches: 'x', state: 'on' };
  const { sql, parameters } = requests.page({ ...all, filter });
  const items = String.raw`EXISTS \(SELECT 1 FROM json_each\(d\."batches"\) AS item WHERE item\.value = \?\)`;
  assert.match(sql, new RegExp(String.raw`d\."open" = \? AND ${items} AND d\."state" = \? AND`));
  assert.deepEqual(parameters, ['t', 0, 'x', 'on', 3]);
});

test('a filter by a field without a column is refused, and the message lists those that have one', () => {
  for (const name of ['title', 'inner', 'bytes', 'constructor', 'user"']) {
    assert.throws(() => requests.total({ ...all, filter: { [name]: 'x' } }), {
      code: 'USAGE',
      message:
        `the search index things has no field "${name}" to filter by; ` +
        'it has user, course, state, count, time, rate, open, batches, scores',
    });
  }
});

test('a filter value of another type than the field is refused', () => {
  assert.throws(() => requests.page({ ...all, filter: { count: '1' } }), {
    code: 'USAGE',
    message: 'the field count of the search index things is filtered by a number, not by a string',
  });
});

test('a paging token of another search, or an invalid one, is refused', () => {
  const forKeys = [2, null, ['u'], ['u', 'c', 'd'], ['u', 1], { 0: 'u', 1: 'c', length: 2 }].map(pageAfter);
  for (const after of [...forKeys, '', '%', 'W', '🎓']) {
    assert.throws(() => requests.page({ ...all, after }), { code: 'USAGE', message: /begin with the first page/ });
  }
  for (const after of [...[['u', 'c'], 0, -1, 1.5, '2', null, 2 ** 60].map(pageAfter), '']) {
    assert.throws(() => requests.page({ ...all, words: 'red', after }), { code: 'USAGE' });
  }
  const long = 'x'.repeat(100_000);
  assert.throws(
    () => requests.page({ ...all, after: long }),
    (error: Error) => error.message.length < 200,
  );
});

test('an invalid limit is refused', () => {
  for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => requests.page({ ...all, limit }), { code: 'USAGE', message: new RegExp(`${limit} documents`) });
  }
});

test('the words of a query are quoted one by one', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    '': undefined,
    ' \t ': undefined,
    '- * "" 🎓': undefined,
    red: '"red"',
    'red  green': '"red" AND "green"',
    'red red green': '"red" AND "green"',
    'user-17': '"user" AND "17"',
    'say "red" AND NOT (green)': '"say" AND "red" AND "and" AND "not" AND "green"',
    'title:red': '"title" AND "red"',
    'E\u0301cole': '"ecole"',
    हिन्दी: '"हिन्दी"',
    'a\u0000b': '"a" AND "b"',
    '\uD800x': '"x"',
    'red*': '"red"*',
    'red* ': '"red"*',
    'red gre*': '"red" AND "gre"*',
    'red red*': '"red" AND "red"*',
    'red *': '"red"',
    'red**': '"red"',
    '*red': '"red"',
    're*d': '"re" AND "d"',
    'red* green': '"red" AND "green"',
    'red*!': '"red"',
  };
  for (const [query, expected] of Object.entries(cases)) assert.equal(matchOf(query), expected, query);
});

test('a query of very many words uses the first ones and the last prefix', () => {
  const words = Array.from({ length: 1_000 }, (_, number) => `w${number}`).join(' ');
  const terms = matchOf(`${words}*`)?.split(' AND ') ?? [];
  assert.equal(terms.length, 201);
  assert.equal(terms[0], '"w0"');
  assert.equal(terms[199], '"w199"');
  assert.equal(terms[200], '"w999"*');
});

test('a text field must be a string or an array of strings', () => {
  for (const [name, type] of Object.entries({ count: 'int', inner, map: { type: 'map', values: 'string' } } as const)) {
    assert.throws(() => columnsOf(declare([field('user', 'string'), field(name, type)], [name])), {
      code: 'DECLARATION_INVALID',
      message: new RegExp(`things: the text field ${name}`),
    });
  }
  assert.throws(() => columnsOf({ ...things, text: ['missing'] }), { message: /the text field missing/ });
});

test('a field with the name of another column is refused', () => {
  for (const name of ['_token', '_Document', 'USER']) {
    assert.throws(() => columnsOf(declare([field('user', 'string'), field(name, 'string')])), {
      code: 'DECLARATION_INVALID',
      message: new RegExp(`things: the field ${name} cannot be told`),
    });
  }
});
