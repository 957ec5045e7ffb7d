import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro, { type Schema } from 'avsc';
import { Random } from '../../../testing/random.ts';
import { checkBounds, needsBounds } from '../../../topics/codec/bounds.ts';

const typeOf = (schema: unknown) => avro.Type.forSchema(schema as Schema, { wrapUnions: 'auto' });
const record = (name: string, fields: Record<string, unknown>) => ({
  type: 'record',
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
});
const check = (schema: unknown, ...body: number[]) => checkBounds(typeOf(schema), Uint8Array.from(body));

const everything = record('Everything', {
  nothing: 'null',
  yes: 'boolean',
  int: 'int',
  long: 'long',
  float: 'float',
  double: 'double',
  text: 'string',
  raw: 'bytes',
  fixed: { type: 'fixed', name: 'Four', size: 4 },
  symbol: { type: 'enum', name: 'Symbol', symbols: ['a', 'b'] },
  maybe: ['null', 'string'],
  which: ['int', 'long'],
  list: { type: 'array', items: record('Item', { name: 'string', size: 'long' }) },
  map: { type: 'map', values: { type: 'array', items: 'double' } },
});

test('only a type that counts, or contains itself, needs a check', () => {
  assert.equal(needsBounds(typeOf(record('Flat', { a: 'string', b: ['null', 'long'] }))), false);
  assert.equal(needsBounds(typeOf({ type: 'array', items: 'int' })), true);
  assert.equal(needsBounds(typeOf(record('R', { a: ['null', { type: 'map', values: 'int' }] }))), true);
  assert.equal(needsBounds(typeOf(record('Node', { next: ['null', 'Node'] }))), true);
  const twice = record('Twice', { a: record('Point', { x: 'int' }), b: 'Point' });
  assert.equal(needsBounds(typeOf(twice)), false, 'the same record side by side is not one within itself');
});

test('everything that the library writes is within its bounds', () => {
  const type = typeOf(everything);
  for (let i = 0; i < 500; i++) checkBounds(type, type.toBuffer(type.random()));
});

test('a body that ends too early is refused, wherever it ends', () => {
  const type = typeOf(everything);
  for (let i = 0; i < 20; i++) {
    const body = type.toBuffer(type.random());
    for (let end = 0; end < body.length; end++) assert.throws(() => checkBounds(type, body.subarray(0, end)));
  }
});

test('a changed body is decoded or refused, and never takes long', () => {
  const type = typeOf(everything);
  const random = new Random(1);
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const body = Uint8Array.from(type.toBuffer(type.random()));
    body[random.below(body.length)] = random.below(256);
    try {
      checkBounds(type, body);
    } catch {
      refused += 1;
      continue;
    }
    try {
      type.fromBuffer(Buffer.from(body));
    } catch {}
  }
  assert.ok(refused > 100);
});

test('a count is refused when there are fewer bytes than items', () => {
  const list = { type: 'array', items: 'int' };
  check(list, 0);
  check(list, 4, 1, 1, 0);
  assert.throws(() => check(list, 0xfe, 0xff, 0xff, 0xff, 0x0f), /announces more items than it holds/);
  assert.throws(() => check(list, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), /announces more/);
  assert.throws(() => check(list, 4, 1), /announces more/);
});

test('the number of items without bytes is limited', () => {
  const nothings = { type: 'array', items: 'null' };
  check(nothings, 2, 2, 0);
  assert.throws(() => check(nothings, 6, 6, 6, 6, 0), /announces more items than it holds/);
});

test('a block with a size must have that size', () => {
  const list = { type: 'array', items: 'int' };
  check(list, 3, 4, 1, 1, 0);
  for (const size of [0, 2, 3, 5, 6, 100]) assert.throws(() => check(list, 3, size, 1, 1, 0), /not as long as it says/);
});

test('a length may not be negative, and a branch must exist', () => {
  assert.throws(() => check('string', 1), /announces more/);
  assert.throws(() => check(['null', 'string'], 4), /a branch that it does not have/);
  assert.throws(() => check(['null', 'string'], 1), /a branch that it does not have/);
});

test('the nesting of a record is limited', () => {
  const node = record('Node', { next: ['null', 'Node'] });
  check(node, ...Array<number>(20).fill(2), 0);
  const chain = new Uint8Array(1_000_000).fill(2);
  assert.throws(() => checkBounds(typeOf(node), chain), /nests deeper than 64 levels/);
});
