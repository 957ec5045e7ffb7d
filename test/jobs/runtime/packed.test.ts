/** Rows that are kept as text are unchanged after unpacking. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entries } from '../../../core/entries.ts';
import { packingOf } from '../../../jobs/runtime/rows/packed.ts';
import type { StoredRow } from '../../../sinks/tables/port.ts';
import { type Learner, learner, learners, shown, v } from '../../contracts/tables-samples.ts';

const { pack, unpack } = packingOf(learners);
const key = ['tenant', 'ada', 'b1'];

function packed(row: StoredRow): StoredRow {
  return unpack(key, pack(row) as string);
}

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const long = fc.maxSafeInteger();
const map = <T>(values: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor')), values), {
    selector: ([name]) => name,
    maxLength: 5,
  });
const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Uint8Array.from(each));
const fields: fc.Arbitrary<Partial<Learner>> = fc.record({
  region: orNull(fc.string({ unit: 'binary' })),
  state: fc.constantFrom('open', 'done'),
  disability: orNull(fc.boolean()),
  joinedAt: long,
  completedAt: orNull(long),
  score: fc.double({ noNaN: true, noDefaultInfinity: true }).map((score) => score + 0),
  digest: bytes,
  tags: fc.array(fc.string()),
  last: orNull(
    fc.record({ at: long, sign: orNull(bytes), by: map(fc.string()).map((each) => Object.fromEntries(each)) }),
  ),
  contents: map(fc.record({ at: long, score: fc.constantFrom(null, 0.1, -7) })).map((each) => Entries.stored(each)),
  counts: map(long).map((each) => Entries.stored(each)),
});

test('a row is the same after unpacking', () => {
  fc.assert(
    fc.property(fields, fc.dictionary(fc.string(), long), (over, timers) => {
      const row = {
        key,
        version: v(3, 17),
        at: '4:17',
        outbox: '4:17[]',
        timers: { ...timers },
        data: learner(key, over),
      };
      const back = packed(row);
      assert.deepEqual(shown(back.data), shown(row.data));
      assert.deepEqual({ ...back, data: 0 }, { ...row, data: 0 });
      const { contents, counts } = back.data as Learner;
      assert.deepEqual([...contents.changes(), ...counts.changes()], []);
    }),
  );
});

test('a deleted row is a deleted row after unpacking', () => {
  const row = { key, version: v(1, 2), at: '0:1', outbox: '', timers: {}, data: undefined };
  assert.deepEqual(packed(row), row);
});

test('what JSON would change is not packed', () => {
  for (const score of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const row = { key, version: v(1, 1), at: '', outbox: '', timers: {}, data: learner(key, { score }) };
    assert.equal(pack(row), undefined);
  }
});
