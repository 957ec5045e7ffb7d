import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Cell } from '../../reports/rollup/metrics.ts';
import { mergeSql } from '../../reports/sql/merge.ts';
import { duckdb } from './duckdb.ts';
import { drained, foldOf, START, visit, visits, visitsBy } from './visits.ts';

const MINUTE = 60_000;

/** A row as DuckDB answers it: longs are bigints, times are Dates, maps are lists. */
function asAnswered(row: Readonly<Record<string, Cell>>): Record<string, unknown> {
  const longs = ['grade', 'visits', 'long_ones', 'points', 'least'];
  const answered = (name: string, cell: Cell): unknown => {
    if (cell instanceof Map) return Array.from(cell, ([key, value]) => ({ key, value: BigInt(value) }));
    if (cell !== null && longs.includes(name)) return BigInt(cell as number);
    return ['bucket', 'latest'].includes(name) ? new Date(cell as number) : cell;
  };
  const cells = Object.entries(row).filter(([name]) => name !== 'date');
  return Object.fromEntries(cells.map(([name, cell]) => [name, answered(name, cell)]));
}

// Few tuples, so that most of them are in several segments.
const text = fc.option(fc.constantFrom('Über uns', 'x'.repeat(300)));
const someVisit = fc.record({
  at: fc.constantFrom(0, 3, 14, 15, 2000),
  tenant: fc.constantFrom('a', 'b'),
  data: fc.record({
    userId: fc.integer({ min: 0, max: 40 }).map((n) => `user-${n}`),
    page: text,
    mobile: fc.constantFrom(null, true),
    grade: fc.constantFrom(null, -1),
    points: fc.option(fc.oneof(fc.integer(), fc.maxSafeInteger())),
    // Sums of doubles depend on the order, except sums of halves.
    seconds: fc.option(
      fc.oneof(
        fc.constantFrom(0, 60, -2.5),
        fc.integer({ min: -4000, max: 4000 }).map((n) => n / 2),
      ),
    ),
  }),
});

test('merged segments equal one fold of all their events', async (t) => {
  const duck = await duckdb(t);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), someVisit), { maxLength: 120 }), async (placed) => {
      const events = placed.map(([segment, { at, tenant, data }]) => {
        return { segment, event: visit(data, { tenant, time: START + at * MINUTE }) };
      });
      const whole = foldOf(
        visits,
        events.map(({ event }) => event),
      );
      const parts = [0, 1, 2, 3].map((n) =>
        foldOf(
          visits,
          events.flatMap((each) => (each.segment === n ? [each.event] : [])),
        ),
      );
      await duck.run('drop table if exists parts');
      await duck.load('parts', visits, ...parts);
      const expected = drained(whole).map(asAnswered);
      const merged = await duck.rows(mergeSql(visits, 'parts'));
      const order = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row, replaced)).sort();
      assert.deepEqual(order(merged), order(expected));
    }),
    { numRuns: 40 },
  );
});
const replaced = (_: string, value: unknown) =>
  typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? 0 : value;

test('sketches merge to the smallest hashes of all, however many there are', async (t) => {
  const duck = await duckdb(t);
  const users = Array.from({ length: 20_000 }, (_, n) => visit({ userId: `user-${n}`, seconds: n }));
  const parts = [0, 1, 2, 3, 4].map((n) => foldOf(visits, users.slice(n * 3000, n * 3000 + 8000)));
  await duck.load('parts', visits, ...parts);
  const [merged] = await duck.rows(mergeSql(visits, 'parts'));
  const [whole] = drained(foldOf(visits, users));
  assert.deepEqual(merged?.['visitors'], whole?.['visitors']);
  assert.ok(Array.isArray(merged?.['visitors']));
  assert.equal(merged['visitors'].length, 4096);
});

test('a merged sum that exceeds a long is refused, not rounded', async (t) => {
  const duck = await duckdb(t);
  const most = Array.from({ length: 1023 }, () => visit({ points: Number.MAX_SAFE_INTEGER }));
  await duck.load('parts', visits, foldOf(visits, most), foldOf(visits, most));
  await assert.rejects(
    duck.rows(mergeSql(visits, 'parts')),
    /18428729675200067\d+ can't be cast because the value is out of range for the destination type INT64/,
  );
});

test('a column that is newer than a segment reads as null there, and merges', async (t) => {
  const duck = await duckdb(t);
  await duck.load('parts', visitsBy('day'), foldOf(visitsBy('day'), [visit({ points: 3, seconds: 7 })]));
  await duck.run(
    "insert into parts (date, bucket, tenant, visits) values ('2026-01-05', '2026-01-05 00:00:00+00', 'default', 2)",
  );
  await duck.run(
    "insert into parts (date, bucket, tenant, visits) values ('2026-01-06', '2026-01-06 00:00:00+00', 'default', 5)",
  );
  const rows = await duck.rows(mergeSql(visits, 'parts'));
  assert.deepEqual(
    rows.map((row) => [row['visits'], row['points'], Array.isArray(row['visitors']) ? row['visitors'].length : null]),
    [
      [3n, 3n, 1],
      [5n, null, null],
    ],
  );
});
