import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import type { Schema } from '../../../core/avro.ts';
import { numberCheck } from '../../../topics/codec/numbers.ts';

const problem = (schema: Schema, value: unknown) => numberCheck(schema)?.(value);

test('a schema without such numbers needs no check', () => {
  const colour = { type: 'enum', name: 'Colour', symbols: ['red'] } as const;
  for (const schema of ['string', 'boolean', 'bytes', 'null', colour] as const) {
    assert.equal(numberCheck(schema), undefined);
    assert.equal(numberCheck(['null', schema]), undefined);
    assert.equal(numberCheck({ type: 'array', items: schema }), undefined);
    assert.equal(numberCheck({ type: 'map', values: schema }), undefined);
    assert.equal(
      numberCheck({ type: 'record', name: 'R', fields: [{ name: 'a', type: schema, doc: 'A.' }] }),
      undefined,
    );
  }
});

test('an int has 32 bits, a double is a number', () => {
  for (const good of [0, -(2 ** 31), 2 ** 31 - 1]) assert.equal(problem('int', good), undefined);
  for (const bad of [2 ** 31, -(2 ** 31) - 1, 2 ** 60]) {
    assert.equal(problem('int', bad), `: a whole number is expected, not ${bad}`);
  }
  assert.equal(problem('double', 0.5), undefined);
  assert.equal(problem('double', Number.NEGATIVE_INFINITY), ': a number is expected, not -Infinity');
});

test('a long is valid if it is read as it was written', () => {
  const type = avro.Type.forSchema('long');
  for (const good of [0, 2 ** 52 - 1, -(2 ** 52) + 1]) {
    assert.equal(type.fromBuffer(type.toBuffer(good)), good);
    assert.equal(problem('long', good), undefined);
  }
  // If these were read as they were written, the check would be unnecessary.
  for (const bad of [-(2 ** 52) - 1, -(2 ** 52) - 2, -(2 ** 53) + 2]) {
    const read = type.fromBuffer(type.toBuffer(bad));
    assert.ok(read > 0);
    assert.equal(problem('long', read), `: a whole number is expected, not one near ${read}`);
  }
});

test('a number must be within the bounds of its field', () => {
  const of = (bounds: object, type: Schema = 'int') =>
    problem({ type: 'record', name: 'R', fields: [{ name: 'a', type, doc: 'A.', ...bounds }] }, { a: -5 });
  assert.equal(of({ minimum: -5, maximum: -5 }), undefined);
  assert.equal(of({ minimum: 0 }), '.a: a number of at least 0 is expected, not -5');
  assert.equal(of({ minimum: 0 }, ['null', 'double']), '.a: a number of at least 0 is expected, not -5');
  assert.equal(of({ maximum: -6, unit: 'points' }), '.a: a number of at most -6 (points) is expected, not -5');
});

test('a number that does not fit is detected at any depth', () => {
  const schema = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'name', type: 'string', doc: 'A name.' },
      { name: 'size', type: ['null', 'int'], doc: 'A size.' },
      { name: 'list', type: { type: 'array', items: 'double' }, doc: 'A list.' },
      { name: 'marks', type: { type: 'map', values: 'int' }, doc: 'Marks.' },
    ],
  } as const;
  const good = { name: 'n', size: null, list: [1, 2], marks: { a: 1 } };
  assert.equal(problem(schema, good), undefined);
  assert.equal(problem(schema, { ...good, size: 2 ** 31 }), '.size: a whole number is expected, not 2147483648');
  assert.equal(problem(schema, { ...good, list: [1, Number.NaN] }), '.list[1]: a number is expected, not NaN');
  assert.equal(
    problem(schema, { ...good, marks: { a: 1, b: 2 ** 31 } }),
    '.marks.b: a whole number is expected, not 2147483648',
  );
});
