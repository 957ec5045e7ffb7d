import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import { same } from '../../jobs/same.ts';

/** An object as a decoder makes it. */
class Decoded {
  constructor(fields: object) {
    Object.assign(this, fields);
  }
}

const entries = Entries.of([['a', 1]]);

const EQUAL: readonly (readonly [what: string, a: unknown, b: unknown])[] = [
  ['texts', 'a', 'a'],
  ['nothing', null, null],
  ['records whatever the order of their fields', { a: 1, b: 2 }, { b: 2, a: 1 }],
  ['records of different classes', new Decoded({ a: 1 }), { a: 1 }],
  ['records within records', { a: { b: [1, { c: null }] } }, { a: { b: [1, { c: null }] } }],
  ['lists', [1, 2], [1, 2]],
  ['empty lists', [], []],
  ['entries and themselves', { entries }, { entries }],
];

for (const [what, a, b] of EQUAL) {
  test(`${what} are the same`, () => {
    assert.equal(same(a, b), true);
    assert.equal(same(b, a), true);
  });
}

const DIFFERENT: readonly (readonly [what: string, a: unknown, b: unknown])[] = [
  ['a number and its text', 1, '1'],
  ['nothing and an empty record', null, {}],
  ['nothing and what is not there', null, undefined],
  ['a record and one with another value', { a: 1 }, { a: 2 }],
  ['a record and one with a field more', { a: 1 }, { a: 1, b: undefined }],
  ['a record and one with another field', { a: undefined }, { b: undefined }],
  ['a field and one that every object inherits', { toString: Object.prototype.toString }, {}],
  ['a record and one that differs far within', { a: { b: [1, { c: null }] } }, { a: { b: [1, { c: 0 }] } }],
  ['a list and one in another order', [1, 2], [2, 1]],
  ['a list and a longer one', [1], [1, 2]],
  ['a list and a record with its fields', [1], { 0: 1 }],
  ['an empty list and an empty record', [], {}],
  ['entries and others that hold the same', entries, Entries.of([['a', 1]])],
  ['entries and a record', Entries.empty(), {}],
];

for (const [what, a, b] of DIFFERENT) {
  test(`${what} are not the same`, () => {
    assert.equal(same(a, b), false);
    assert.equal(same(b, a), false);
  });
}
