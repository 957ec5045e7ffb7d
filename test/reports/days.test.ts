import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settings } from 'luxon';
import { bucketOf, type Granularity, localDay } from '../../reports/granularity.ts';
import { summarySql, viewSql } from '../../reports/sql/finish.ts';
import { duckdb } from './duckdb.ts';
import { drained, foldOf, type Visit, visit, visitsBy } from './visits.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The local day in the zone, by the time zone data of Node. */
function dayIn(zone: string, time: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    time,
  );
}

/** A visit every seven minutes, by one of three users, from `from` until `until`. */
function visitsBetween(from: number, until: number): Visit[] {
  const events: Visit[] = [];
  for (let time = from; time < until; time += 7 * MINUTE) {
    events.push(visit({ userId: `user-${(time / 7) % 3}`, page: 'home', points: 1 }, { time }));
  }
  return events;
}

interface Day {
  visits: number;
  readonly users: Set<string>;
}
function countedBy(events: readonly Visit[], dayOf: (time: number) => string): Map<string, Day> {
  const days = new Map<string, Day>();
  for (const { time, data } of events) {
    const day = days.get(dayOf(time)) ?? { visits: 0, users: new Set() };
    day.visits++;
    day.users.add(data.userId);
    days.set(dayOf(time), day);
  }
  return days;
}

const expectedOf = (days: ReadonlyMap<string, Day>) =>
  Array.from(days, ([date, { visits, users }]) => [date, visits, users.size]).sort();

/** A period in each zone, and what is special about it. */
const STRETCHES: readonly (readonly [zone: string, about: string, from: number, until: number])[] = [
  ['Asia/Kolkata', 'half an hour', Date.UTC(2026, 0, 30, 12), Date.UTC(2026, 1, 2, 12)],
  ['Asia/Kathmandu', 'three quarters of an hour', Date.UTC(2026, 1, 27, 12), Date.UTC(2026, 2, 2, 12)],
  ['Europe/Berlin', 'the day of 23 hours', Date.UTC(2026, 2, 28, 12), Date.UTC(2026, 2, 30, 12)],
  ['Europe/Berlin', 'the day of 25 hours', Date.UTC(2026, 9, 24, 12), Date.UTC(2026, 9, 26, 12)],
  ['America/Santiago', 'the day that begins at 1:00', Date.UTC(2026, 8, 5, 12), Date.UTC(2026, 8, 7, 12)],
  ['Australia/Lord_Howe', 'clocks that move by half an hour', Date.UTC(2026, 3, 4), Date.UTC(2026, 3, 6, 12)],
  ['Africa/Casablanca', 'Ramadan', Date.UTC(2026, 1, 14), Date.UTC(2026, 1, 16)],
];

for (const [zone, about, from, until] of STRETCHES) {
  test(`minutes and quarters of an hour, and days of ${zone}, add up to its days: ${about}`, async (t) => {
    const duck = await duckdb(t);
    const events = visitsBetween(from, until);
    const expected = expectedOf(countedBy(events, (time) => dayIn(zone, time)));
    assert.ok(expected.length >= 2);
    for (const granularity of ['minute', 'quarter-hour', localDay(zone)] satisfies Granularity[]) {
      const datasource = visitsBy(granularity);
      await duck.run('drop table if exists visits');
      await duck.load('visits', datasource, foldOf(datasource, events));
      const rows = await duck.rows(summarySql(datasource, { from: 'visits', time: { every: 'day', zone }, by: [] }));
      const answered = rows.map(({ date, visits, visitors }) => [isoDay(date), Number(visits), Number(visitors)]);
      assert.deepEqual(answered.sort(), expected, JSON.stringify(granularity));
    }
  });
}

const isoDay = (date: unknown): string => (date as Date).toISOString().slice(0, 10);

test('a local day begins and ends by the clocks of its zone, and DuckDB agrees on its date', async (t) => {
  const duck = await duckdb(t);
  for (const [zone, , from, until] of STRETCHES) {
    for (let time = from; time < until; time += 5 * HOUR) {
      const bucket = bucketOf(localDay(zone), time);
      assert.ok(bucket && bucket.start <= time && time < bucket.end);
      const { start, end, date } = bucket;
      assert.equal(date, dayIn(zone, time));
      assert.deepEqual([dayIn(zone, start - 1) === date, dayIn(zone, start) === date], [false, true]);
      assert.deepEqual([dayIn(zone, end - 1) === date, dayIn(zone, end) === date], [true, false]);
      const [row] = await duck.rows(
        `select cast(cast(make_timestamptz(${start * 1000}) at time zone '${zone}' as date) as varchar) as date`,
      );
      assert.equal(row?.['date'], date);
    }
  }
  const hours = (time: number) => {
    const { start, end } = bucketOf(localDay('Europe/Berlin'), time) ?? { start: 0, end: 0 };
    return (end - start) / HOUR;
  };
  assert.deepEqual(
    [Date.UTC(2026, 2, 29, 12), Date.UTC(2026, 9, 25, 12), Date.UTC(2026, 5, 1)].map(hours),
    [23, 25, 24],
  );
});

test('buckets in UTC include their first moment and exclude their end, before 1970, too', () => {
  for (const [granularity, width] of [
    ['minute', MINUTE],
    ['quarter-hour', 15 * MINUTE],
    ['hour', HOUR],
    ['day', 24 * HOUR],
  ] as const) {
    for (const start of [Date.UTC(2026, 1, 28), Date.UTC(1969, 11, 31), 0]) {
      const bucket = { start, end: start + width, date: new Date(start).toISOString().slice(0, 10) };
      assert.deepEqual(bucketOf(granularity, start), bucket);
      assert.deepEqual(bucketOf(granularity, start + width - 1), bucket);
      assert.notDeepEqual(bucketOf(granularity, start - 1), bucket);
    }
  }
});

test('dates have ISO 8601 digits in every language of the machine', (t) => {
  const before = Settings.defaultLocale;
  t.after(() => {
    Settings.defaultLocale = before;
  });
  Settings.defaultLocale = 'ar-EG';
  const time = Date.UTC(2026, 0, 5, 20);
  assert.equal(bucketOf('day', time)?.date, '2026-01-05');
  assert.equal(bucketOf(localDay('Asia/Kolkata'), time)?.date, '2026-01-06');
  const dates = { first: '2026-01-05', last: '2026-01-06' };
  assert.match(
    summarySql(visitsBy('day'), { from: 'visits', by: [], dates }),
    /between date '2026-01-04' and date '2026-01-07'/,
  );
});

test('weeks begin on Monday and months on the first, and everybody counts once', async (t) => {
  const duck = await duckdb(t);
  const datasource = visitsBy('quarter-hour');
  const zone = 'Asia/Kolkata';
  const events = visitsBetween(Date.UTC(2026, 0, 20), Date.UTC(2026, 1, 10));
  await duck.load('visits', datasource, foldOf(datasource, events));
  const monday = (time: number): string => {
    const day = Date.parse(`${dayIn(zone, time)}T00:00:00Z`);
    return isoDay(new Date(day - ((new Date(day).getUTCDay() + 6) % 7) * 24 * HOUR));
  };
  for (const [every, dayOf] of [
    ['week', monday],
    ['month', (time: number) => `${dayIn(zone, time).slice(0, 7)}-01`],
  ] as const) {
    const rows = await duck.rows(summarySql(datasource, { from: 'visits', time: { every, zone }, by: [] }));
    const answered = rows.map(({ date, visits, visitors }) => [isoDay(date), Number(visits), Number(visitors)]);
    assert.deepEqual(answered.sort(), expectedOf(countedBy(events, dayOf)));
  }
});

test('a range of days includes its first and its last, as the zone has them', async (t) => {
  const duck = await duckdb(t);
  for (const zone of ['Asia/Kolkata', 'America/Los_Angeles', 'Pacific/Kiritimati']) {
    const datasource = visitsBy('quarter-hour');
    const events = visitsBetween(Date.UTC(2026, 2, 1), Date.UTC(2026, 2, 6));
    await duck.run('drop table if exists visits');
    await duck.load('visits', datasource, foldOf(datasource, events));
    const dates = { first: '2026-03-03', last: '2026-03-04' };
    const question = { from: 'visits', time: { every: 'day', zone }, by: ['page'], dates } as const;
    const rows = await duck.rows(summarySql(datasource, question));
    const days = countedBy(events, (time) => dayIn(zone, time));
    const expected = ['2026-03-03', '2026-03-04'].map((day) => [day, days.get(day)?.visits]);
    assert.deepEqual(rows.map(({ date, visits }) => [isoDay(date), Number(visits)]).sort(), expected, zone);
  }
});

test('buckets that do not add up to the days of a zone are refused', () => {
  const ask = (granularity: Granularity, zone: string) => () =>
    summarySql(visitsBy(granularity), { from: 'visits', time: { every: 'day', zone }, by: [] });
  assert.throws(
    ask('hour', 'Asia/Kolkata'),
    /^TributaryError: the buckets of visits add up to days of UTC, and not to those of/,
  );
  assert.throws(ask('day', 'Europe/Berlin'), /days of UTC/);
  assert.throws(ask(localDay('Asia/Kolkata'), 'UTC'), /add up to days of Asia\/Kolkata, and not to those of UTC/);
  for (const zone of ["x' or 1=1", '+05:30', 'Mars/Olympus', '']) {
    assert.throws(ask('minute', zone), /is not a time zone: give one of IANA/, zone);
  }
  const by = () => summarySql(visitsBy('day'), { from: 'visits', by: ['region'] });
  assert.throws(by, /visits has no dimension region: take some of page, mobile, grade/);
  const dates = () =>
    summarySql(visitsBy('day'), { from: 'visits', by: [], dates: { first: 'today', last: '2026-01-01' } });
  assert.throws(dates, /today is not a day/);
  ask('hour', 'UTC')();
});

test('the everyday view has a row for each bucket and tuple, with finished sketches', async (t) => {
  const duck = await duckdb(t);
  const datasource = visitsBy('hour');
  const events = visitsBetween(Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2));
  const [one, other] = [events.filter((_, i) => i % 2 === 0), events.filter((_, i) => i % 2 === 1)];
  await duck.load('visits', datasource, foldOf(datasource, one), foldOf(datasource, other));
  const rows = await duck.rows(`select * from (${viewSql(datasource, 'visits')}) v order by bucket`);
  const whole = drained(foldOf(datasource, events));
  assert.deepEqual(
    rows.map(({ date, bucket, visits, visitors }) => [isoDay(date), Number(bucket), Number(visits), Number(visitors)]),
    whole.map(({ date, bucket, visits, visitors }) => [date, bucket, visits, (visitors as readonly bigint[]).length]),
  );
  assert.deepEqual(Object.keys(rows[0] ?? {}).slice(-4), ['visitors', 'duration_p50', 'duration_p95', 'duration_p99']);
});
