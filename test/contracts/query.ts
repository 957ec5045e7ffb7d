/** The contract of the query port: see `sinks/query/port.ts`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Answer, QueryEngine, Value } from '../../sinks/query/port.ts';
import type { Cell } from '../../sinks/segments/columns.ts';
import { visit, visits } from '../reports/visits.ts';
import { LAYOUT, rowOf, rowsOf as samplesOf } from './delta-samples.ts';
import { queryReportsContract } from './query-reports.ts';
import { column, hourly, type Lake, rowsOf, samples } from './query-samples.ts';

export interface QueryUnderTest {
  readonly lake: Lake;
  readonly engine: QueryEngine;
}

/** `make` returns an engine over its own empty lake. */
export function queryContract(name: string, make: (t: TestContext) => Promise<QueryUnderTest>): void {
  const queryTest = (title: string, body: (made: QueryUnderTest, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t), t));
  };
  const invalid = (message: RegExp) => ({ code: 'QUERY_INVALID', message });

  queryTest('every type is answered as it was written', async ({ lake, engine }) => {
    const rows = [...samplesOf(0, 60), rowOf(1, '2026-03-29'), rowOf(2, '1969-12-31')];
    await lake.write(samples, rows);
    for (const relation of ['samples', 'samples__rollup']) {
      await using answer = await engine.query(`select * from ${relation} order by "at"`);
      assert.deepEqual(
        answer.columns,
        LAYOUT.columns.map(({ name, type }) => ({ name, type: type.replace('int', 'long') })),
      );
      const found = (await Array.fromAsync(answer.pages)).flat();
      assert.deepEqual(
        found,
        rows.map((row) => LAYOUT.columns.map((each) => answeredCell(row[each.name], each.type))).sort(byAt),
      );
    }
  });

  queryTest('literal numbers, times and texts have the same types everywhere', async ({ engine }) => {
    await using answer =
      await engine.query(`select 1 as a, 9223372036854775807 as b, 15e-1 as c, 1.50 as d, 'ü''s' as e,
      true as f, null as g, date '2026-03-29' as h, cast('2026-03-29 01:59:59.999 UTC' as timestamp with time zone) as i, 2 as "A b", 3 as "A b",
      cast(cast('2026-10-25 00:30:00 UTC' as timestamp with time zone) at time zone 'Europe/Berlin' as timestamp) as j,
      1e0 / 3e0 as k, -9223372036854775807 - 1 as l`);
    assert.deepEqual(
      answer.columns.map(({ name, type }) => `${name} ${type}`),
      [
        ...['a long', 'b long', 'c double', 'd decimal', 'e string', 'f boolean', 'g long', 'h date', 'i timestamp'],
        ...['A b long', 'A b long', 'j local timestamp', 'k double', 'l long'],
      ],
    );
    const [row] = (await Array.fromAsync(answer.pages)).flat();
    assert.deepEqual(row, [
      ...[
        1n,
        9223372036854775807n,
        1.5,
        '1.50',
        "ü's",
        true,
        null,
        '2026-03-29',
        Date.UTC(2026, 2, 29, 1, 59, 59, 999),
      ],
      ...[2n, 3n, '2026-10-25T02:30:00.000', 1 / 3, -9223372036854775808n],
    ]);
  });

  queryTest('NaN and infinity are numbers', async ({ engine }) => {
    const sql = `select cast('NaN' as double) as a, cast('Infinity' as double) as b, cast('-Infinity' as double) as c`;
    assert.deepEqual(await rowsOf(engine, sql), [{ a: Number.NaN, b: Infinity, c: -Infinity }]);
  });

  queryTest('sums of whole numbers are exact', async ({ lake, engine }) => {
    await lake.write(samples, samplesOf(1, 12));
    const sum = samplesOf(1, 12).reduce((total, { count }) => total + BigInt(count as bigint), 0n);
    assert.equal(sum > 2n ** 62n, true);
    assert.deepEqual(await column(engine, 'select cast(sum(count) as bigint) from samples'), [sum]);
  });

  queryTest('a result without rows has columns, whether the table exists or not', async ({ lake, engine }) => {
    const ask = async () => {
      await using answer = await engine.query('select * from visits where page is null');
      const [tables, rows] = [answer.read.length, (await Array.fromAsync(answer.pages)).flat()];
      return [answer.columns, rows, tables];
    };
    const [columns, , none] = await ask();
    assert.deepEqual(
      columns,
      engine.relations.find((each) => each.name === 'visits')?.columns.map(({ name, type }) => ({ name, type })),
    );
    assert.equal(none, 0);
    await lake.count(hourly, [visit()]);
    assert.deepEqual(await ask(), [columns, [], 0]);
    assert.deepEqual(await column(engine, 'select count(*) from visits__rollup'), [0n]);
    await lake.count(visits, [visit({ page: 'home' })]);
    assert.deepEqual(await ask(), [columns, [], 1]);
  });

  queryTest('a wrong text is refused, and the message shows the mistake', async ({ engine }) => {
    for (const [sql, message] of [
      ['select', /./],
      ['selekt 1', /one SELECT/],
      ['', /empty/],
      [' -- nothing\n ; ', /empty/],
      ['select 1; select 2', /one statement/],
      ['select page from visits where pge = 1', /pge/],
      ['select * from visit', /visit.* there are visits and visits__rollup, hourly_visits and/s],
      ['insert into visits values (1)', /one SELECT/],
      ['create table x as select 1 as a', /one SELECT/],
      ['drop view visits', /one SELECT/],
      ['with visits as (select 1 as a) select * from visits', /WITH gives the name of the table visits/],
      ["select interval '1' day as i", /the column i is of the type .*cast it/],
      ['select page, count(*) from visits', /page/],
      ["select cast('x' as bigint) from (values 1) t(a)", /x/],
    ] as const) {
      await assert.rejects(
        async () => {
          for await (const _ of (await engine.query(sql)).pages);
        },
        invalid(message),
        sql,
      );
    }
    assert.deepEqual(await column(engine, 'select 1'), [1n]);
  });

  queryTest('a failure while rows are read is an error, not the end of the rows', async ({ lake, engine }) => {
    await lake.write(samples, samplesOf(0, 40));
    const sql =
      "select cast(case when a.count = 39 then 'x' else '1' end as bigint) from samples a cross join samples b";
    await assert.rejects(column(engine, sql), { code: 'QUERY_INVALID' });
  });

  queryTest('a query can have a WITH, comments, texts and quotes of its own', async ({ lake, engine }) => {
    await lake.write(samples, samplesOf(0, 10));
    await lake.count(hourly, [visit({ points: 2 })]);
    for (const [sql, expected] of [
      ['WITH n AS (select count(*) as c from samples) select c from n', 10n],
      ['with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select max(i) from n', 5n],
      [
        'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3) select count(*) from samples cross join n',
        30n,
      ],
      [
        'with a as (select count(*) as c from samples), b as (select points from hourly_visits) select c + points from a cross join b',
        12n,
      ],
      ["select count(*) /* from visits; */ from samples where tenant <> 'visits; --' -- and more;", 10n],
      ['select count(*) from "samples";', 10n],
      ['(select count(*) from SAMPLES)', 10n],
      ['select count(*) from (with samples as (select 1 as a) select * from samples) s', 1n],
    ] as const) {
      assert.deepEqual(await column(engine, sql), [expected], sql);
    }
  });

  queryTest('a large answer comes in pages, and a reader that stops early ends it', async ({ lake, engine }) => {
    await lake.write(samples, samplesOf(0, 200));
    const sql = 'select a.count, b.tenant from samples a cross join samples b cross join samples c';
    let rows = 0;
    let largest = 0;
    await using answer = await engine.query(sql);
    for await (const page of answer.pages) {
      rows += page.length;
      largest = Math.max(largest, page.length);
      if (rows > 500_000) break;
    }
    assert.ok(largest < 400_000, `${largest} rows in one page`);
    await using second = await engine.query(sql);
    await second.close();
    await assert.rejects(Array.fromAsync(second.pages), { code: 'USAGE', message: /closed before all of it was read/ });
    await using third = await engine.query(sql);
    await assert.rejects(
      async () => {
        for await (const _ of third.pages) await third.close();
      },
      { code: 'USAGE' },
    );
    assert.deepEqual(await column(engine, 'select count(*) from samples'), [200n]);
  });

  queryTest('an answer that exceeds the limit of rows or time ends with an error', async ({ lake, engine }) => {
    await lake.write(samples, samplesOf(0, 200));
    const three = 'select a.count from samples a cross join samples b';
    assert.equal((await column(engine, three, { rows: 40_000 })).length, 40_000);
    await assert.rejects(column(engine, three, { rows: 39_999 }), { code: 'QUERY_LIMIT', message: /39999 rows/ });
    await assert.rejects(column(engine, endless, { ms: 300 }), { code: 'QUERY_LIMIT', message: /300 ms/ });
    assert.deepEqual(await column(engine, 'select count(*) from samples'), [200n]);
  });

  queryTest(
    'a query that is aborted before, while it runs or while it is read ends with the reason',
    async ({ lake, engine }) => {
      await lake.write(samples, samplesOf(0, 200));
      const reason = new Error('enough');
      const isReason = (error: unknown) => error === reason;
      await assert.rejects(engine.query('select 1', { signal: AbortSignal.abort(reason) }), isReason);
      const running = new AbortController();
      const asked = column(engine, endless, { signal: running.signal });
      await engine.query('select 1').then((answer) => answer.close());
      running.abort(reason);
      await assert.rejects(asked, isReason);
      const reading = new AbortController();
      const answer = await engine.query(`select a.count from samples a cross join samples b cross join samples c`, {
        signal: reading.signal,
      });
      await assert.rejects(async () => {
        for await (const _ of answer.pages) reading.abort(reason);
      }, isReason);
    },
  );

  queryTest(
    'an answer names the version and the positions that it reflects, and is consistent with them',
    async ({ lake, engine }) => {
      const txn = (version: number) => [{ txn: { appId: 'rollup/visits/0', version } }];
      const first = await lake.write(samples, samplesOf(0, 150), txn(150));
      await using answer = await engine.query('select a.count from samples__rollup a cross join samples b');
      assert.deepEqual(versionsOf(answer), [['samples', first, 150]]);
      assert.match(answer.read[0]?.table ?? '', /\/samples\/g1$/);
      const second = await lake.write(samples, samplesOf(150, 160), txn(160));
      assert.equal(second, first + 1);
      assert.equal((await Array.fromAsync(answer.pages)).flat().length, 150 * 150);
      await using later = await engine.query('select count(*) from samples');
      assert.deepEqual(versionsOf(later), [['samples', second, 160]]);
      assert.deepEqual((await Array.fromAsync(later.pages)).flat(), [[160n]]);
      lake.renew(samples);
      await lake.write(samples, samplesOf(0, 3), txn(3));
      await using renewed = await engine.query('select count(*) from samples');
      assert.match(renewed.read[0]?.table ?? '', /\/samples\/g2$/);
      assert.deepEqual((await Array.fromAsync(renewed.pages)).flat(), [[3n]]);
    },
  );

  queryTest('a column is null where the file or the table is older than it', async ({ lake, engine }) => {
    const older = { ...LAYOUT, columns: LAYOUT.columns.filter((each) => !['score', 'buckets'].includes(each.name)) };
    await lake.write(samples, samplesOf(0, 4), [], older);
    const sql = 'select count(score) + count(buckets) as a, count(*) as b from samples';
    assert.deepEqual(await rowsOf(engine, sql), [{ a: 0n, b: 4n }]);
    await lake.write(samples, samplesOf(4, 8));
    assert.deepEqual(await rowsOf(engine, sql), [{ a: 7n, b: 8n }]);
  });

  queryTest('days are selected by the partition, however a query names them', async ({ lake, engine }) => {
    const days = ['2026-03-28', '2026-03-29', '2026-03-30', '2026-04-01'];
    for (const [i, day] of days.entries()) await lake.write(samples, samplesOf(0, i + 1, day));
    for (const [where, expected] of [
      ["date = date '2026-03-29'", 2n],
      ["date >= date '2026-03-29' and date < date '2026-03-31'", 5n],
      ["date between date '2026-03-28' and date '2026-03-29'", 3n],
      ["samples.date > date '2026-03-30'", 4n],
      ["date '2026-03-30' <= date", 7n],
      ["date in (date '2026-03-28', date '2026-04-01')", 5n],
      ["date <> date '2026-03-28' or date = date '2026-03-28'", 10n],
      ["not (date >= date '2026-03-29')", 1n],
      ['date >= (select min(date) from samples)', 10n],
    ] as const) {
      assert.deepEqual(await column(engine, `select count(*) from samples where ${where}`), [expected], where);
    }
    const twice = `select (select count(*) from samples where date = date '2026-03-28') + (select count(*) from samples)`;
    assert.deepEqual(await column(engine, twice), [11n]);
  });

  queryReportsContract(queryTest);
}

/** A query that never ends and returns nothing. */
const endless = `select count(*) from samples a cross join samples b cross join samples c cross join samples d cross join samples e
  where a.score + b.score + c.score + d.score + e.score = -1e0`;

const versionsOf = ({ read }: Answer) =>
  read.map(({ relation, version, positions }) => [relation, version, positions.get('rollup/visits/0')]);

/** The cell as a query returns it. */
function answeredCell(cell: Cell, type: string): Value {
  if (cell === null || cell === undefined) return null;
  if (type === 'long') return BigInt(cell as number | bigint);
  if (type === 'list<long>') return (cell as readonly (number | bigint)[]).map(BigInt);
  if (cell instanceof Map) {
    const key = (each: unknown) => (type === 'map<int,long>' ? BigInt(each as number) : String(each));
    return new Map(Array.from(cell as Map<unknown, number | bigint>, ([k, value]) => [key(k), BigInt(value)]));
  }
  return cell as Value;
}

const AT = LAYOUT.columns.findIndex(({ name }) => name === 'at');
const byAt = (a: readonly Value[], b: readonly Value[]): number => Number(a[AT]) - Number(b[AT]);
