import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineEvent } from '../../core/event.ts';
import { unknownFields } from '../../core/unknown-fields.ts';
import { assessmentSubmitted, enrolled } from '../../schemas/enrollment.ts';

test('data with only the fields of its schema has no unknown field', () => {
  for (const def of [enrolled, assessmentSubmitted]) assert.deepEqual(unknownFields(def, def.example), []);
});

test('an unknown field is named by its path, at any depth', () => {
  const entry = { type: 'record', name: 'Entry', fields: [{ name: 'a', type: 'int', doc: 'A.' }] } as const;
  const def = defineEvent(
    'x.y',
    {
      type: 'record',
      name: 'X',
      fields: [
        { name: 'list', type: { type: 'array', items: entry }, doc: 'A list.' },
        { name: 'map', type: { type: 'map', values: entry }, doc: 'A map.' },
        { name: 'one', type: ['null', entry], doc: 'One.' },
        { name: 'names', type: { type: 'map', values: 'string' }, doc: 'Whatever names it has.' },
      ],
    },
    { list: [], map: {}, one: null, names: {} },
  );
  const wrong = { a: 1, b: 2 };
  const data = { list: [{ a: 1 }, wrong], map: { k: wrong }, one: wrong, names: { any: 'thing' }, on: 1 };
  assert.deepEqual(unknownFields(def, data), ['data.list[1].b', 'data.map.k.b', 'data.one.b', 'data.on']);
});

test('data that does not fit, or has very many fields, does no harm', () => {
  for (const data of [null, undefined, 7, 'text', [], { answers: 5 }, { answers: [null, 1] }]) {
    assert.deepEqual(unknownFields(assessmentSubmitted, data), []);
  }
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i]));
  assert.equal(unknownFields(enrolled, many).length, 20);
  assert.deepEqual(unknownFields(enrolled, JSON.parse('{"__proto__": 1, "toString": 2}')), [
    'data.__proto__',
    'data.toString',
  ]);
});
