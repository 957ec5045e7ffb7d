import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashOf } from '../../reports/rollup/hash.ts';
import { ACCURACY, keyOf, LEAST, MOST, MOST_HASHES, middleOf } from '../../reports/rollup/sketches.ts';
import { summarySql } from '../../reports/sql/finish.ts';
import { duckdb } from './duckdb.ts';
import { drained, foldOf, visit, visits } from './visits.ts';

test('the hash of a text is the same as in DuckDB', async (t) => {
  const duck = await duckdb(t);
  const texts = fc.sample(fc.string({ unit: 'grapheme', maxLength: 100 }), 500);
  await duck.run('create table texts (place integer, text varchar)');
  for (const [i, text] of [...texts, '', 'Zoë', '😀'.repeat(40)].entries()) {
    await duck.run(`insert into texts values (${i}, '${text.replaceAll("'", "''")}')`);
  }
  const rows = await duck.rows(
    'select text, cast(md5_number_lower(text) >> 1 as bigint) as hash from texts order by place',
  );
  assert.deepEqual(
    rows.map(({ hash }) => hash),
    rows.map(({ text }) => hashOf(text as string)),
  );
});

test('the hash never changes, because tables contain it', () => {
  assert.deepEqual(['', 'learner-1', 'Zoë'].map(hashOf), [
    4549053946144276596n,
    632906442965864417n,
    747742397844463233n,
  ]);
});

test('a key represents its value within one percent, and keys are in the order of values', () => {
  const value = fc
    .tuple(
      fc.double({ min: LEAST, max: MOST, noNaN: true }),
      fc.double({ min: -9, max: 18, noNaN: true }),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([linear, power, isLinear, isNegative]) => (isLinear ? linear : 10 ** power) * (isNegative ? -1 : 1));
  fc.assert(
    fc.property(value, value, (a, b) => {
      const key = keyOf(a);
      assert.ok(Math.abs(middleOf(key) - a) <= Math.abs(a) * ACCURACY * (1 + 1e-9), `${a}: ${middleOf(key)}`);
      assert.equal(Math.sign(key), Math.sign(a));
      if (a < b) assert.ok(key <= keyOf(b));
      assert.equal(key | 0, key);
    }),
  );
  for (const zero of [0, -0, LEAST / 2, -LEAST / 2]) assert.equal(middleOf(keyOf(zero)), 0);
  assert.ok(keyOf(MOST) - keyOf(LEAST) < 3110);
});

test('a count of different values is exact below 4,096 and off by a few percent beyond', async (t) => {
  const duck = await duckdb(t);
  const off: number[] = [];
  const groups = [1, 100, MOST_HASHES - 1, MOST_HASHES, 2 * MOST_HASHES + 1, 12_000, 30_000, 30_001, 30_002, 30_003];
  const events = groups.flatMap((n, group) =>
    Array.from({ length: n }, (_, i) => visit({ page: `${group}`, userId: `${group}/learner-${i}` })),
  );
  // Repeated values are not counted again.
  await duck.load('parts', visits, foldOf(visits, [...events, ...events.slice(0, 5000)]));
  const rows = await duck.rows(`${summarySql(visits, { from: 'parts', by: ['page'] })} order by cast(page as integer)`);
  rows.forEach(({ visitors }, group) => {
    const n = groups[group] as number;
    if (n < MOST_HASHES) assert.equal(visitors, BigInt(n));
    else off.push(Math.abs(Number(visitors) - n) / n);
  });
  assert.equal(off.length, 7);
  // Three times the standard deviation of 1.6 percent; these values are the same in every run.
  assert.ok(Math.max(...off) < 0.047, off.join(', '));
});

test('a sketch keeps the smallest hashes, whatever the order of events', () => {
  const users = Array.from({ length: 20_000 }, (_, i) => `learner-${i}`);
  const smallest = [...new Set(users.map(hashOf))].sort((a, b) => (a < b ? -1 : 1)).slice(0, MOST_HASHES);
  const backwards = users.toReversed();
  const worst = users.toSorted((a, b) => (hashOf(a) < hashOf(b) ? 1 : -1));
  for (const order of [users, backwards, worst, [...users, ...users]]) {
    const [row] = drained(
      foldOf(
        visits,
        order.map((userId) => visit({ userId })),
      ),
    );
    assert.deepEqual(row?.['visitors'], smallest);
  }
});

test('a quantile has exactly its rank, and its value is within one percent', async (t) => {
  const duck = await duckdb(t);
  const seconds = fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.constantFrom(0, -1, 1, 60, 1e-12),
    fc.nat(100),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(seconds, { minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 3 }),
      async (parts) => {
        await duck.run('drop table if exists parts');
        await duck.load(
          'parts',
          visits,
          ...parts.map((part) =>
            foldOf(
              visits,
              part.map((each) => visit({ seconds: each })),
            ),
          ),
        );
        const [row] = await duck.rows(summarySql(visits, { from: 'parts', by: [] }));
        const sorted = parts.flat().sort((a, b) => a - b);
        for (const [name, point] of Object.entries({ duration_p50: 0.5, duration_p95: 0.95, duration_p99: 0.99 })) {
          const exact = sorted.find((_, i) => i + 1 >= point * sorted.length) as number;
          const found = row?.[name] as number;
          const most = Math.abs(exact) < LEAST ? LEAST : Math.abs(exact) * ACCURACY * (1 + 1e-9);
          assert.ok(Math.abs(found - exact) <= most, `${name} of ${sorted.length}: ${found}, exactly ${exact}`);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('without values a quantile is null, and the number of different values is zero', async (t) => {
  const duck = await duckdb(t);
  await duck.load('parts', visits, foldOf(visits, [visit()]));
  await duck.run('update parts set visitors = null');
  const [row] = await duck.rows(summarySql(visits, { from: 'parts', by: [] }));
  assert.deepEqual([row?.['visits'], row?.['visitors'], row?.['duration_p50']], [1n, null, null]);
});
