import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineCache, defineIndex, defineTable, keyFields, mapFields } from '../../core/target.ts';

const record = {
  type: 'record',
  name: 'Learner',
  fields: [
    { name: 'userId', type: 'string', doc: 'The learner.' },
    { name: 'courseId', type: 'string', doc: 'The course.' },
    { name: 'nickname', type: ['null', 'string'], doc: 'A name.' },
    { name: 'progress', type: 'int', doc: 'How far.' },
    { name: 'contents', type: { type: 'map', values: 'int' }, doc: 'Views by content.' },
    { name: 'badges', type: { type: 'array', items: 'string' }, doc: 'Badges.' },
  ],
} as const;

const declared = { name: 'learners', doc: 'Learners.', key: ['userId'], record } as const;
const invalid = (message: RegExp) => ({ code: 'DECLARATION_INVALID', message });

test('a table has no sorting and no indexes by default', () => {
  assert.deepEqual(defineTable(declared), { ...declared, kind: 'table', sort: [], indexed: [] });
  assert.deepEqual(defineTable({ ...declared, sort: ['courseId'], indexed: ['courseId'] }), {
    ...declared,
    kind: 'table',
    sort: ['courseId'],
    indexed: ['courseId'],
  });
});

test('an index declares which fields are text, and a cache whether it is live', () => {
  assert.deepEqual(defineIndex({ ...declared, text: ['userId'] }), {
    ...declared,
    kind: 'index',
    sort: [],
    text: ['userId'],
  });
  assert.deepEqual(defineCache(declared), { ...declared, kind: 'cache', sort: [], live: false });
  assert.equal(defineCache({ ...declared, live: true }).live, true);
});

test('the fields of a key are those of the key and then those of the sorting', () => {
  assert.deepEqual(keyFields(defineTable({ ...declared, sort: ['courseId'] })), ['userId', 'courseId']);
});

test('a key consists of string fields of the record', () => {
  assert.throws(
    () => defineTable({ ...declared, key: ['progress'] }),
    invalid(/^learners: the key field progress is not a string field/),
  );
  assert.throws(() => defineIndex({ ...declared, sort: ['nickname'], text: [] }), invalid(/the key field nickname/));
  assert.throws(
    () => defineCache({ ...declared, key: ['absent'] as unknown as ['userId'] }),
    invalid(/the key field absent/),
  );
});

test('the map fields are those stored entry by entry', () => {
  assert.deepEqual(
    mapFields(record).map(({ name }) => name),
    ['contents'],
  );
});
