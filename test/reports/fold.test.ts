import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rejection } from '../../jobs/define.ts';
import { defineDatasource } from '../../reports/define-datasource.ts';
import { RollupFold } from '../../reports/rollup/fold.ts';
import { drained, foldOf, left, START, type Visit, visit, visitEvents, visited, visits, visitsBy } from './visits.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** Some columns of every row. */
const columns = (fold: RollupFold, ...names: string[]) => drained(fold).map((row) => names.map((name) => row[name]));

/** The fold counts nothing of the event, and reports why. */
function assertRefused(fold: RollupFold, event: Visit, why: RegExp): void {
  const before = [fold.events, fold.rows];
  const answer = fold.add(event);
  assert.ok(answer instanceof Rejection);
  assert.equal(answer.code, 'DATA_INVALID');
  assert.match(answer.message, why);
  assert.deepEqual([fold.events, fold.rows], before);
}

test('events of one bucket and tuple become one row with all metrics', () => {
  const fold = foldOf(visits, [
    visit({ userId: 'ada', page: 'home', points: 3, seconds: 20 }, { time: START + 3 }),
    visit({ userId: 'bo', page: 'home', points: -1, seconds: 200.5 }, { time: START + 14 * MINUTE }),
    visit({ userId: 'ada', page: 'home' }, { time: START + 5 }),
  ]);
  assert.equal(fold.events, 3);
  assert.equal(fold.rows, 1);
  const [row] = drained(fold);
  assert.ok(row);
  const { visitors, duration, ...rest } = row;
  assert.deepEqual(rest, {
    date: '2026-01-05',
    bucket: START,
    tenant: 'default',
    page: 'home',
    mobile: null,
    grade: null,
    visits: 3,
    long_ones: 1,
    points: 2,
    seconds: 220.5,
    least: -1,
    most: 200.5,
    latest: START + 14 * MINUTE,
  });
  assert.equal((visitors as readonly bigint[]).length, 2);
  assert.deepEqual([...(duration as ReadonlyMap<number, number>).values()], [1, 1]);
});

test('bucket, tenant and every dimension separate rows', () => {
  const fold = foldOf(visits, [
    visit(),
    visit({}, { time: START - 1 }),
    visit({}, { tenant: 'other' }),
    visit({ page: 'home' }),
    visit({ mobile: false }),
    visit({ grade: 0 }),
    visit({ grade: 1 }),
    visit({ grade: 1 }),
  ]);
  assert.equal(fold.rows, 7);
  assert.deepEqual(
    drained(fold).map((row) => row['visits']),
    [1, 1, 1, 2, 1, 1, 1],
  );
});

test('an unknown value is null, and not an empty text or a word for it', () => {
  const fold = foldOf(visits, [visit(), visit({ page: '' }), visit({ page: 'unknown' }), visit({ page: null })]);
  assert.deepEqual(columns(fold, 'page', 'visits'), [
    [null, 2],
    ['', 1],
    ['unknown', 1],
  ]);
});

test('a text that is too long is truncated and marked, and its event counts', () => {
  const long = 'x'.repeat(255);
  const fold = foldOf(visits, [
    visit({ page: `${long}y` }),
    visit({ page: `${long}yz` }),
    visit({ page: `${long}zz` }),
  ]);
  assert.deepEqual(columns(fold, 'page', 'visits'), [
    [`${long}y`, 1],
    [`${long}…`, 2],
  ]);
});

test('a text is truncated between characters, and an invalid character is replaced', () => {
  const fold = foldOf(visits, [
    visit({ page: `${'x'.repeat(254)}😀😀` }),
    visit({ page: 'a\uD800' }),
    visit({ page: 'a\uFFFD' }),
    visit({ page: 'b\0' }),
  ]);
  assert.deepEqual(columns(fold, 'page', 'visits'), [
    ['a\uFFFD', 2],
    ['b\uFFFD', 1],
    [`${'x'.repeat(254)}…`, 1],
  ]);
});

test('events of other types, and events that are filtered out, count nothing', () => {
  const some = defineDatasource({
    name: 'some',
    title: 'Some',
    about: 'Some.',
    from: visitEvents,
    on: [visited],
    granularity: 'day',
    where: ({ data }) => data.page !== 'bot',
    dimensions: {},
    metrics: { visits: { kind: 'count', doc: 'Visits.', unit: 'visits' } },
  });
  const fold = foldOf(some, [visit({ page: 'bot' }), visit()]);
  assert.equal(fold.add({ ...visit(), type: left.type }), undefined);
  assert.deepEqual(columns(fold, 'bucket', 'visits'), [[START - 9 * 60 * MINUTE, 1]]);
});

test('sums of longs are exact beyond 2^53, in any order', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const up = foldOf(
    visits,
    [most, most, most, 2, -1].map((points) => visit({ points })),
  );
  assert.deepEqual(columns(up, 'points'), [[3n * BigInt(most) + 1n]]);
  const down = foldOf(
    visits,
    [most, 1, -most, -most, -3].map((points) => visit({ points })),
  );
  assert.deepEqual(columns(down, 'points'), [[-BigInt(most) - 2n]]);
});

test('an event whose sum exceeds a long is refused, and the next one counts', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const fold = foldOf(
    visits,
    Array.from({ length: 1024 }, () => visit({ points: most })),
  );
  assertRefused(
    fold,
    visit({ points: most }),
    /^the datasource visits cannot count it: points: the sum would be 9232\d+/,
  );
  assert.equal(fold.add(visit({ points: 1023 })), undefined);
  assertRefused(fold, visit({ points: 1 + 1 }), /the sum would be 9223372036854775\d+, and 2\^63 - 1 is the most/);
  assert.deepEqual(columns(fold, 'visits', 'points'), [[1025, 1024n * BigInt(most) + 1023n]]);
});

test('an event with an invalid value for a metric counts in none of them', () => {
  const fold = foldOf(visits, [visit({ points: 1, seconds: 1 })]);
  assertRefused(fold, visit({ points: 0.5 }), /points: 0\.5 is not a whole number up to 2\^53/);
  assertRefused(fold, visit({ points: 2 ** 53 }), /points: 9007199254740992 is not a whole number/);
  assertRefused(fold, visit({ seconds: Number.NaN }), /seconds: NaN is not a number/);
  assertRefused(fold, visit({ grade: 1.5 }), /grade is 1\.5, which is not a whole number/);
  assertRefused(fold, visit({ seconds: 2e18 }), /duration: 2000000000000000000 is not a number between/);
  assert.deepEqual(columns(fold, 'visits', 'points', 'seconds', 'most'), [[1, 1, 1, 1]]);
});

test('an event for which the declaration throws counts in none of the metrics', () => {
  const fragile = defineDatasource({
    name: 'fragile',
    title: 'Fragile',
    about: 'Fragile.',
    from: visitEvents,
    on: [visited],
    granularity: 'day',
    dimensions: {},
    metrics: {
      visits: { kind: 'count', doc: 'Visits.', unit: 'visits' },
      pages: { kind: 'distinct', doc: 'Pages.', unit: 'pages', of: ({ data }) => (data.page as string).trim() },
    },
  });
  const fold = foldOf(fragile, [visit({ page: 'a' })]);
  assert.throws(() => fold.add(visit()), TypeError);
  assert.deepEqual(columns(fold, 'visits'), [[1]]);
});

test('least and most are null where no event has a value, and include zero and less', () => {
  const fold = foldOf(visits, [
    visit({ page: 'a' }),
    ...[-2, -5, 0].map((n) => visit({ page: 'b', points: n, seconds: n })),
  ]);
  assert.deepEqual(
    columns(fold, 'page', 'least', 'most', 'points', 'duration', 'visitors').map((row) => row.slice(0, 5)),
    [
      ['a', null, null, 0, null],
      [
        'b',
        -5,
        0,
        -7,
        new Map([
          [-10_081, 1],
          [-10_035, 1],
          [0, 1],
        ]),
      ],
    ],
  );
});

test('a sketch of quantiles has its buckets in the order of values', () => {
  const [row] = drained(
    foldOf(
      visits,
      [5, -3, 0, 700, -80, 5].map((seconds) => visit({ seconds })),
    ),
  );
  assert.ok(row?.['duration'] instanceof Map);
  const [keys, times] = [[...row['duration'].keys()], [...row['duration'].values()]];
  assert.deepEqual(
    keys,
    keys.toSorted((a, b) => a - b),
  );
  assert.deepEqual(times, [1, 1, 1, 2, 1]);
});

test('a time before the year 1 or after the last date is refused', () => {
  const fold = new RollupFold(visitsBy('day'));
  assertRefused(
    fold,
    visit({}, { time: Date.UTC(0, 0, 1) - 2000 * 366 * DAY }),
    /its time is not between the years 1 and 9999/,
  );
  assertRefused(fold, visit({}, { time: Number.NaN }), /its time is not between/);
  assert.equal(fold.add(visit({}, { time: -62_135_596_800_000 })), undefined);
  assert.deepEqual(columns(fold, 'date'), [['0001-01-01']]);
});

test('a datasource may set an earlier time of an event, but not one later than the event', () => {
  const fold = new RollupFold(
    defineDatasource({
      name: 'told',
      title: 'Told',
      about: 'Told.',
      from: visitEvents,
      on: [visited],
      granularity: 'day',
      time: ({ data, time }) => time + (data.points ?? 0) * DAY,
      dimensions: {},
      metrics: { visits: { kind: 'count', doc: 'Visits.', unit: 'visits' } },
    }),
  );
  for (const points of [-1, 0, 1]) fold.add(visit({ points }));
  assert.deepEqual(columns(fold, 'date', 'visits'), [
    ['2026-01-04', 1],
    ['2026-01-05', 2],
  ]);
});

test('rows are sorted by date, and within one by tenant, dimensions and bucket', () => {
  const at = (n: number, page: string, tenant: string) => visit({ page }, { tenant, time: START + n * 15 * MINUTE });
  const fold = foldOf(visits, [
    at(1000, 'a', 'a'),
    at(2, 'b', 'b'),
    at(1, 'b', 'b'),
    at(3, 'b', 'a'),
    at(4, 'a', 'b'),
    at(5, 'a', 'a'),
  ]);
  const rows = drained(fold).map(({ date, tenant, page, bucket }) => [
    date,
    tenant,
    page,
    bucket === START + 15 * MINUTE,
  ]);
  assert.deepEqual(rows, [
    ['2026-01-05', 'a', 'a', false],
    ['2026-01-05', 'a', 'b', false],
    ['2026-01-05', 'b', 'a', false],
    ['2026-01-05', 'b', 'b', true],
    ['2026-01-05', 'b', 'b', false],
    ['2026-01-15', 'a', 'a', false],
  ]);
});

test('a drained fold is empty, and later counts do not include what was drained', () => {
  const fold = foldOf(visits, [visit({ page: 'a' })]);
  const segments = fold.drain();
  assert.deepEqual([fold.events, fold.rows], [0, 0]);
  fold.add(visit({ page: 'b' }));
  assert.deepEqual(
    Array.from(segments).flatMap(({ rows, count }) => [count, ...Array.from(rows, ({ page }) => page)]),
    [1, 'a'],
  );
  assert.deepEqual(columns(fold, 'page', 'visits'), [['b', 1]]);
  assert.deepEqual(Array.from(fold.drain()), []);
});

test('as many different tuples as events are all kept, and the size shows it', () => {
  const fold = new RollupFold(visits);
  const empty = fold.bytes;
  assert.ok(empty < 50_000, `${empty}`);
  const n = 100_000;
  for (let i = 0; i < n; i++) fold.add(visit({ page: `page-${i}`, userId: `user-${i}` }));
  assert.equal(fold.rows, n);
  assert.ok(fold.bytes > n * 200, `${fold.bytes}`);
  const [{ count, rows } = { count: 0, rows: [] }] = fold.drain();
  assert.equal(count, n);
  assert.equal(new Set(Array.from(rows, ({ page }) => page)).size, n);
  assert.equal(fold.bytes, empty);
});
