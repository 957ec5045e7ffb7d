import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordSchema } from '../../../core/avro.ts';
import { wrongId } from '../../../topics/codec/ids.ts';

const part = {
  type: 'record',
  name: 'Part',
  fields: [
    { name: 'partId', type: 'string', doc: '' },
    { name: 'label', type: 'string', doc: '' },
    { name: 'unitIds', type: { type: 'array', items: 'string' }, doc: '' },
  ],
} as const satisfies RecordSchema;
const schema: RecordSchema = {
  type: 'record',
  name: 'Thing',
  fields: [
    { name: 'thing', type: 'string', doc: '' },
    { name: 'ownerId', type: ['null', 'string'], doc: '' },
    { name: 'countId', type: 'long', doc: '' },
    { name: 'labels', type: { type: 'array', items: 'string' }, doc: '' },
    { name: 'otherIds', type: ['null', { type: 'array', items: 'string' }], doc: '' },
    { name: 'first', type: ['null', part], doc: '' },
    { name: 'parts', type: { type: 'array', items: part }, doc: '' },
    { name: 'counts', type: { type: 'map', values: 'int' }, doc: '' },
    { name: 'numbers', type: { type: 'array', items: 'int' }, doc: '' },
  ],
};
const right = {
  thing: 't',
  ownerId: null,
  countId: 0,
  labels: [''],
  otherIds: null,
  first: null,
  parts: [],
  counts: {},
  numbers: [0],
};
const aPart = { partId: 'p', label: '', unitIds: ['u'] };

test('the first invalid id is named by its path, at any depth', () => {
  const find = wrongId(schema, 'thing');
  const cases: [object, string | undefined][] = [
    [{}, undefined],
    [{ thing: '' }, '.thing'],
    [{ ownerId: 'o' }, undefined],
    [{ ownerId: '' }, '.ownerId'],
    [{ ownerId: 'x'.repeat(513) }, '.ownerId'],
    [{ otherIds: ['a', 'b'] }, undefined],
    [{ otherIds: ['a', ''] }, '.otherIds[1]'],
    [{ first: aPart }, undefined],
    [{ first: { ...aPart, unitIds: ['u', 'v', '\0'] } }, '.first.unitIds[2]'],
    [{ parts: [aPart, aPart] }, undefined],
    [{ parts: [aPart, { ...aPart, partId: '' }] }, '.parts[1].partId'],
    [{ parts: [{ ...aPart, unitIds: [''] }] }, '.parts[0].unitIds[0]'],
  ];
  for (const [data, path] of cases) assert.equal(find({ ...right, ...data }), path, JSON.stringify(data));
});

test('without a key, and without ids, everything is valid', () => {
  assert.equal(wrongId(schema)({ ...right, thing: '' }), undefined);
  const plain = { ...schema, fields: schema.fields.filter(({ name }) => name === 'thing' || name === 'numbers') };
  assert.equal(wrongId(plain)({ thing: '' }), undefined);
  const boxed = { ...schema, fields: [{ name: 'box', type: { ...plain, name: 'Box' }, doc: '' }] };
  assert.equal(wrongId(boxed)({ box: {} }), undefined);
});
