/** Our own queries on every engine: days in all zones, finished sketches and merged rows, compared with direct computation. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Datasource } from '../../reports/define-datasource.ts';
import { GAMMA, KEY_OFFSET, MOST_HASHES } from '../../reports/rollup/sketches.ts';
import { type Question, summarySql, viewSql } from '../../reports/sql/finish.ts';
import { mergeSql } from '../../reports/sql/merge.ts';
import type { Value } from '../../sinks/query/port.ts';
import type { Cell } from '../../sinks/segments/columns.ts';
import { drained, foldOf, START, type Visit, visit, visits } from '../reports/visits.ts';
import type { QueryUnderTest } from './query.ts';
import { rowsOf } from './query-samples.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const STORED = 'visits__rollup';

type Row = Readonly<Record<string, Value>>;

/** For each zone, a time at which something is special about it. */
const STRETCHES = [
  ['Asia/Kolkata', Date.UTC(2026, 0, 30, 12), Date.UTC(2026, 1, 1, 12)],
  ['Asia/Kathmandu', Date.UTC(2026, 1, 27, 12), Date.UTC(2026, 2, 1, 12)],
  ['Europe/Berlin', Date.UTC(2026, 2, 28, 12), Date.UTC(2026, 2, 30, 12)],
  ['Europe/Berlin', Date.UTC(2026, 9, 24, 12), Date.UTC(2026, 9, 26, 12)],
] as const;

/** The local day, by JavaScript's own time zones. */
function dayIn(zone: string, time: number): string {
  const parts = { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  return new Intl.DateTimeFormat('sv-SE', parts).format(time);
}

function mondayIn(zone: string, time: number): string {
  const day = Date.parse(`${dayIn(zone, time)}T00:00:00Z`);
  return new Date(day - ((new Date(day).getUTCDay() + 6) % 7) * DAY).toISOString().slice(0, 10);
}

/** A visit every eleven minutes, by one of five users, on one of three pages; one page has no name. */
function visitsBetween(from: number, until: number): Visit[] {
  const events: Visit[] = [];
  for (let time = from, n = 0; time < until; time += 11 * MINUTE, n += 1) {
    const page = ['home', "l'été", null][n % 3] as string | null;
    const data = { userId: `user-${n % 5}`, page, points: n, seconds: n % 4 === 0 ? null : (n % 50) / 2 };
    events.push(visit(data, { time, tenant: n % 7 === 0 ? 'süd' : 'north' }));
  }
  return events;
}

const countBy = (events: readonly Visit[], keyOf: (event: Visit) => string): [string, number, number][] => {
  const groups = Map.groupBy(events, keyOf);
  return Array.from(groups, ([key, all]): [string, number, number] => {
    return [key, all.length, new Set(all.map(({ data }) => data.userId)).size];
  }).sort();
};

const ask = (question: Omit<Question, 'from'>): string => summarySql(visits, { from: STORED, ...question });

export function queryReportsContract(
  queryTest: (title: string, body: (made: QueryUnderTest, t: TestContext) => Promise<void>) => void,
): void {
  queryTest(
    'quarters of an hour add up to the days of every zone, through both changes of the clocks',
    async (made) => {
      const { lake, engine } = made;
      const all = STRETCHES.map(([, from, until]) => visitsBetween(from, until));
      for (const events of all) await lake.count(visits, events);
      for (const [i, [zone]] of STRETCHES.entries()) {
        const events = all[i] as Visit[];
        const days = events.map(({ time }) => dayIn(zone, time)).sort();
        const dates = { first: days[0] as string, last: days.at(-1) as string };
        const rows = await rowsOf(engine, ask({ time: { every: 'day', zone }, by: ['page'], dates }));
        const found = rows.map((row) => [
          `${row['date']} ${row['tenant']} ${row['page']}`,
          Number(row['visits']),
          Number(row['visitors']),
        ]);
        const keyOf = ({ time, tenant, data }: Visit) => `${dayIn(zone, time)} ${tenant} ${data.page}`;
        assert.deepEqual(found.sort(), countBy(events, keyOf), zone);
      }
      const zone = 'Asia/Kolkata';
      const weeks = await rowsOf(engine, ask({ time: { every: 'week', zone }, by: [] }));
      assert.deepEqual(
        weeks.map((row) => [`${row['date']} ${row['tenant']}`, Number(row['visits']), Number(row['visitors'])]).sort(),
        countBy(all.flat(), ({ time, tenant }) => `${mondayIn(zone, time)} ${tenant}`),
      );
      const months = await rowsOf(engine, ask({ time: { every: 'month', zone }, by: [] }));
      assert.deepEqual(
        months.map((row) => [`${row['date']} ${row['tenant']}`, Number(row['visits']), Number(row['visitors'])]).sort(),
        countBy(all.flat(), ({ time, tenant }) => `${dayIn(zone, time).slice(0, 7)}-01 ${tenant}`),
      );
    },
  );

  queryTest(
    'finished sketches equal direct computation where they are small, and are close to it where they are not',
    async (made) => {
      const { lake, engine } = made;
      const users = 9000;
      const events = Array.from({ length: users }, (_, n) =>
        visit({ userId: `user-${n}`, seconds: ((n * 7919) % users) / 10 }),
      );
      // The two parts overlap: a user in both is one visitor with two visits.
      await lake.count(visits, events.slice(0, 6000));
      await lake.count(visits, events.slice(3000));
      const [row] = await rowsOf(engine, ask({ by: [] }));
      assert.equal(row?.['visits'], 12_000n);
      const [whole] = drained(foldOf(visits, events));
      assert.equal(row['visitors'], estimateOf(whole?.['visitors'] as readonly bigint[]));
      assert.ok(Math.abs(Number(row['visitors']) - users) < 0.08 * users, `${row['visitors']} of ${users}`);
      const seconds = [...events.slice(0, 6000), ...events.slice(3000)]
        .map(({ data }) => data.seconds ?? 0)
        .sort((a, b) => a - b);
      for (const point of [0.5, 0.95, 0.99]) {
        const exact = seconds[Math.ceil(point * seconds.length) - 1] as number;
        const found = row[`duration_p${point * 100}`] as number;
        assert.ok(Math.abs(found - exact) <= 0.0101 * exact, `${found} for ${exact} at ${point}`);
      }
    },
  );

  queryTest('the view has a row for each bucket and tuple, and merged rows are those of one fold', async (made) => {
    const { lake, engine } = made;
    const events = [
      ...visitsBetween(START, START + 12 * 60 * MINUTE),
      visit({ userId: 'max', points: Number.MAX_SAFE_INTEGER, mobile: true, grade: -3, seconds: -2.5 }),
      visit({ userId: 'max', points: Number.MAX_SAFE_INTEGER, mobile: true, grade: -3, seconds: 0 }),
      visit({ userId: 'min', points: -Number.MAX_SAFE_INTEGER, mobile: false, seconds: 1e9 }),
    ];
    for (const part of [0, 1, 2])
      await lake.count(
        visits,
        events.filter((_, n) => n % 3 === part),
      );
    const whole = drained(foldOf(visits, events));
    const merged = await rowsOf(engine, mergeSql(visits, STORED));
    assert.deepEqual(sorted(merged), sorted(whole.map(({ date: _, ...row }) => answered(row, visits))));
    for (const sql of [
      'select * from visits',
      viewSql(visits, STORED),
      `select * from (${viewSql(visits, STORED)}) v`,
    ]) {
      const rows = await rowsOf(engine, sql);
      assert.deepEqual(sorted(rows), sorted(whole.map(finished)));
    }
  });
}

/** The estimate as in `reports/sql/finish.ts`, which explains it. */
function estimateOf(hashes: readonly bigint[]): bigint {
  if (hashes.length < MOST_HASHES) return BigInt(hashes.length);
  return BigInt(Math.round(((MOST_HASHES - 1) * 2 ** 63) / Number(hashes[MOST_HASHES - 1])));
}

function quantileOf(buckets: ReadonlyMap<number, number>, point: number): number {
  const all = [...buckets.values()].reduce((sum, times) => sum + times, 0);
  let until = 0;
  for (const [key, times] of [...buckets].sort(([a], [b]) => a - b)) {
    until += times;
    if (until < point * all) continue;
    return key === 0 ? 0 : (Math.sign(key) * 2 * GAMMA ** (Math.abs(key) - KEY_OFFSET)) / (GAMMA + 1);
  }
  throw new Error('a sketch of nothing');
}

/** A folded row as the view returns it. */
function finished(row: Readonly<Record<string, Cell>>): Row {
  const { visitors, duration, ...others } = row;
  const buckets = duration as ReadonlyMap<number, number> | null;
  const points = [0.5, 0.95, 0.99].map((point) => [
    `duration_p${point * 100}`,
    buckets === null ? null : quantileOf(buckets, point),
  ]);
  return { ...answered(others, visits), visitors: estimateOf(visitors as bigint[]), ...Object.fromEntries(points) };
}

/** A folded row as a query returns it. */
function answered(row: Readonly<Record<string, Cell>>, { dimensions, metrics }: Datasource): Row {
  const isLong = (name: string): boolean =>
    [...dimensions, ...metrics].some(
      (each) =>
        each.name === name && (('type' in each && each.type === 'long') || ('kind' in each && each.kind === 'count')),
    );
  const cells = Object.entries(row).map(([name, cell]): [string, Value] => {
    if (cell === null || cell === undefined) return [name, null];
    if (cell instanceof Map)
      return [name, new Map(Array.from(cell as Map<number, number>, ([k, v]) => [BigInt(k), BigInt(v)]))];
    return [name, isLong(name) ? BigInt(cell as number) : (cell as Value)];
  });
  return Object.fromEntries(cells);
}

/** Sorted texts, since the order of rows is undefined. Doubles have twelve digits, since the order of sums is undefined, too. */
function sorted(rows: readonly Row[]): string[] {
  const plain = (value: unknown): unknown => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number') return Number(value.toPrecision(12)) + 0;
    if (value instanceof Map) return [...value].sort(([a], [b]) => (a < b ? -1 : 1)).map((each) => each.map(plain));
    return Array.isArray(value) ? value.map(plain) : value;
  };
  return rows
    .map((row) =>
      JSON.stringify(
        Object.keys(row)
          .sort()
          .map((name) => [name, plain(row[name])]),
      ),
    )
    .sort();
}
