import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { isNullable, normalize, present, type Schema } from '../../core/avro.ts';
import { topics } from '../../topics/index.ts';

const colour = { type: 'enum', name: 'Colour', symbols: ['red', 'blue'] } as const;
const point = {
  type: 'record',
  name: 'Point',
  fields: [{ name: 'colour', type: colour, doc: 'Its colour.' }],
} as const;
const schema = {
  type: 'record',
  name: 'Drawing',
  namespace: 'org.example',
  fields: [
    { name: 'first', type: point, doc: 'A point.' },
    { name: 'second', type: ['null', point], doc: 'A point or none.', default: null },
    { name: 'list', type: { type: 'array', items: point }, doc: 'Points.' },
    { name: 'byName', type: { type: 'map', values: colour }, doc: 'Colours by name.' },
    { name: 'size', type: 'int', doc: 'How large.', unit: 'mm' },
  ],
} as const satisfies Schema;

test('a named type is spelled out where it is first used and is a name afterwards', () => {
  assert.deepEqual(normalize(schema), {
    ...schema,
    fields: [
      { name: 'first', type: point, doc: 'A point.' },
      { name: 'second', type: ['null', 'Point'], doc: 'A point or none.', default: null },
      { name: 'list', type: { type: 'array', items: 'Point' }, doc: 'Points.' },
      { name: 'byName', type: { type: 'map', values: 'Colour' }, doc: 'Colours by name.' },
      { name: 'size', type: 'int', doc: 'How large.', unit: 'mm' },
    ],
  });
});

test('normalizing leaves the literal unchanged, and normalizing twice gives the same text', () => {
  const before = JSON.stringify(schema);
  const once = JSON.stringify(normalize(schema));
  assert.equal(JSON.stringify(normalize(schema)), once);
  assert.equal(JSON.stringify(schema), before);
});

test('an Avro library accepts what was normalized, and would not accept the literal', () => {
  const compile = (text: unknown) => avro.Type.forSchema(text as avro.Schema, { wrapUnions: false });
  const drawing = { first: { colour: 'red' }, second: null, list: [{ colour: 'blue' }], byName: { a: 'red' }, size: 3 };
  const type = compile(normalize(schema));
  assert.equal(JSON.stringify(type.fromBuffer(type.toBuffer(drawing))), JSON.stringify(drawing));
  assert.throws(() => compile(structuredClone(schema)), /duplicate type name/);
});

test('an Avro library accepts every schema of every topic', () => {
  for (const topic of topics) {
    for (const event of [...topic.events, ...topic.broadcasts]) {
      const type = avro.Type.forSchema(normalize(event.schema) as avro.Schema, { wrapUnions: false });
      assert.ok(type.isValid({ ...event.example }), event.type);
    }
  }
});

test('a nullable schema is one with null as its first branch', () => {
  assert.equal(isNullable(['null', 'string']), true);
  assert.equal(isNullable('string'), false);
  assert.equal(isNullable(schema), false);
  assert.equal(present(['null', 'string']), 'string');
  assert.equal(present(colour), colour);
});
