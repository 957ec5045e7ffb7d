import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Field, isNullable, type RecordSchema, type Schema } from '../../core/avro.ts';
import { callAnswered, defineEvent, timerFired } from '../../core/event.ts';
import { compileJson } from '../../core/json.ts';
import { topics } from '../../topics/index.ts';

const events = topics.flatMap((topic) => [...topic.events, ...topic.broadcasts]);
const all = [...events, timerFired, callAnswered];

/** Every record within the schema, including the schema itself. */
function recordsIn(schema: Schema): RecordSchema[] {
  if (isNullable(schema)) return recordsIn(schema[1]);
  if (typeof schema === 'string' || schema.type === 'enum') return [];
  if (schema.type === 'array') return recordsIn(schema.items);
  if (schema.type === 'map') return recordsIn(schema.values);
  return [schema, ...schema.fields.flatMap((field) => recordsIn(field.type))];
}

/** Properties of the value that the schema does not have. */
function strangers(schema: Schema, value: unknown): string[] {
  if (value === null || typeof schema === 'string') return [];
  if (isNullable(schema)) return strangers(schema[1], value);
  if (schema.type === 'array') return (value as unknown[]).flatMap((item) => strangers(schema.items, item));
  if (schema.type !== 'record') return [];
  return Object.entries(value as object).flatMap(([name, each]) => {
    const field = schema.fields.find((field) => field.name === name);
    return field === undefined ? [name] : strangers(field.type, each);
  });
}

test('a declaration is returned as it was declared', () => {
  const schema = { type: 'record', name: 'R', fields: [{ name: 'a', type: 'int', doc: 'A.' }] } as const;
  assert.deepEqual(defineEvent('thing.happened', schema, { a: 1 }), {
    type: 'thing.happened',
    schema,
    example: { a: 1 },
  });
});

test('every topic has its events, each type once', () => {
  assert.equal(topics.length, 9);
  assert.equal(new Set(all.map(({ type }) => type)).size, all.length);
});

test('no two events have the same record name: subjects of the registry are distinguished by it', () => {
  const names = all.map(({ schema }) => `${schema.namespace}.${schema.name}`);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test('the example of every event fits its schema, and has only declared fields', () => {
  for (const { type, schema, example } of all) {
    const checked = compileJson(schema)(example, 'data');
    assert.ok(checked.ok, `${type}: ${checked.ok || checked.problem}`);
    assert.deepEqual(strangers(schema, example), [], type);
  }
});

test('everything is described: every record and every field has a sentence', () => {
  for (const { type, schema } of all) {
    for (const record of recordsIn(schema)) {
      assert.match(record.doc ?? '', /^.+\.$/, `${type}: ${record.name}`);
      for (const field of record.fields) assert.match(field.doc, /^.+\.$/, `${type}: ${record.name}.${field.name}`);
    }
  }
});

test('every point in time has a unit', () => {
  for (const { type, schema } of all) {
    for (const { fields } of recordsIn(schema)) {
      for (const field of fields.filter(({ name }) => /(?:At|Ms)$/.test(name) || name === 'due')) {
        assert.match(field.unit ?? '', /^ms/, `${type}.${field.name}`);
      }
    }
  }
});

test('every lenient field of an event has a default', () => {
  for (const { type, schema } of all) {
    for (const field of schema.fields as readonly Field[])
      assert.ok(!field.lenient || 'default' in field, `${type}.${field.name}`);
  }
});
