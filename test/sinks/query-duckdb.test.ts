/** Queries by DuckDB, over segments in a folder. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { daysOf } from '../../sinks/query/duckdb/days.ts';
import { duckQueryEngine } from '../../sinks/query/duckdb/engine.ts';
import { rowsOf as samplesOf, temporaryFolder } from '../contracts/delta-samples.ts';
import { queryContract } from '../contracts/query.ts';
import { column, hourly, lakeOf, samples } from '../contracts/query-samples.ts';
import { visit } from '../reports/visits.ts';

async function made(t: TestContext, wrap: (objects: Objects) => Objects = (objects) => objects) {
  const folder = await temporaryFolder(t);
  const lake = await lakeOf(t, directoryObjects(join(folder, 'objects')));
  const engine = await duckQueryEngine({
    ...lake,
    objects: wrap(lake.objects),
    folder: join(folder, 'query'),
    location: join(folder, 'objects'),
    cacheBytes: 100_000_000,
    memoryBytes: 200_000_000,
    threads: 1,
  });
  t.after(() => engine.close());
  return { lake, engine, folder };
}

queryContract('DuckDB', made);

test('only the segments of the days and tables that a query names are fetched', async (t) => {
  const fetched: string[] = [];
  const { lake, engine } = await made(t, (objects) => ({
    ...objects,
    get(name, range) {
      if (name.endsWith('.parquet')) fetched.push(/\/(\w+)\/g1\/date=([\d-]+)/.exec(name)?.slice(1).join(' ') ?? name);
      return objects.get(name, range);
    },
  }));
  for (const day of ['2026-03-28', '2026-03-29', '2026-03-30']) await lake.write(samples, samplesOf(0, 3, day));
  await lake.count(hourly, [visit()]);
  const ask = async (sql: string) => {
    const [count] = await column(engine, sql);
    return [count, fetched.splice(0).sort()];
  };
  const [first, second, third] = ['28', '29', '30'].map((day) => `samples 2026-03-${day}`);
  assert.deepEqual(await ask('select 1'), [1n, []]);
  assert.deepEqual(await ask("select count(*) from samples s where s.date = '2026-03-29' and count < 2"), [
    1n,
    [second],
  ]);
  assert.deepEqual(await ask("select count(*) from samples where date <= date '2026-03-29'"), [6n, [first]]);
  assert.deepEqual(await ask('select count(*) from hourly_visits'), [1n, ['hourly_visits 2026-01-05']]);
  assert.deepEqual(await ask('select count(*) from samples__rollup'), [9n, [third]]);
  assert.deepEqual(await ask('select count(*) from samples'), [9n, []], 'what is cached is not fetched again');
});

test('a query without plain conditions on days reads all days', () => {
  const [relation] = [samples];
  const column = (...names: string[]) => ({ class: 'COLUMN_REF', column_names: names });
  const day = (value: string) => ({ class: 'CONSTANT', value: { value } });
  const select = (where: unknown, from: unknown = { type: 'BASE_TABLE', table_name: 'samples', alias: 's' }) => ({
    error: false,
    statements: [{ node: { type: 'SELECT_NODE', from_table: from, where_clause: where } }],
  });
  const is = (type: string, left: unknown, right: unknown) => ({ class: 'COMPARISON', type, left, right });
  const since = is('COMPARE_GREATERTHAN', column('s', 'date'), day('2026-03-29'));
  const daysIn = (tree: unknown) => daysOf(tree, [relation]).get(relation);
  const first = '2026-03-29';
  assert.deepEqual(daysIn(select(since)), { first });
  for (const where of [
    undefined,
    { class: 'CONJUNCTION', type: 'CONJUNCTION_OR', children: [since, since] },
    { class: 'OPERATOR', type: 'OPERATOR_NOT', children: [since] },
    is('COMPARE_GREATERTHAN', column('t', 'date'), day('2026-03-29')),
    is('COMPARE_GREATERTHAN', column('a', 's', 'date'), day('2026-03-29')),
    is('COMPARE_NOTEQUAL', column('date'), day('2026-03-29')),
    is('COMPARE_GREATERTHAN', column('date'), day('2026-3-29')),
    is('COMPARE_GREATERTHAN', column('birthday'), day('2026-03-29')),
    is('COMPARE_GREATERTHAN', column('date'), column('birthday')),
    is('COMPARE_GREATERTHAN', column('date'), {
      class: 'CAST',
      cast_type: { id: 'TIMESTAMP' },
      child: day('2026-03-29'),
    }),
    { class: 'OPERATOR', type: 'COMPARE_IN', children: [column('date'), day('2026-03-29'), column('birthday')] },
  ]) {
    const days = daysIn(select(where));
    assert.deepEqual([days?.first, days?.last], [undefined, undefined], JSON.stringify(where));
  }
  assert.deepEqual(
    daysIn({ ...select(since), error: true }),
    {},
    'of a text that DuckDB does not take apart, nothing is known',
  );
  const join = { type: 'JOIN', left: { type: 'BASE_TABLE', table_name: 'samples', alias: 's' } };
  assert.deepEqual(daysIn(select(since, join)), {}, 'of a join, nobody knows whose column it is');
  const twice = { ...select(since), more: { type: 'BASE_TABLE', table_name: 'samples__rollup' } };
  assert.deepEqual(daysIn(twice)?.first, undefined, 'whoever reads all needs all');
});

test('however a query reads a table, it reads all that it asks for', async (t) => {
  const { lake, engine } = await made(t);
  for (const day of ['2026-03-28', '2026-03-29', '2026-03-30']) await lake.write(samples, samplesOf(0, 3, day));
  const one = "select count(*) as n from samples where date = date '2026-03-29'";
  for (const [sql, expected] of [
    [`select sum(n) from (${one} union all select count(*) from query_table('samples')) x`, 12n],
    [`select sum(n) from (${one} union all select count(*) from query('select * from samples')) x`, 12n],
    [`select max(count) from (summarize samples) where column_name = 'tenant' and 0 < (${one})`, 9n],
    ["select sum(north) from (from samples pivot (count(*) for tenant in ('north') group by date))", 6n],
    [`${one} and 0 < (select count(*) from samples__rollup where date = date '2026-03-28')`, 3n],
    ["select count(*) from samples s(a, b, c, d, e, f, g, date) where date < '1960-01-01'", 6n],
    ["select count(*) from samples where date = '2026-03-29' or count = 1", 5n],
    [
      `select count(*) from samples s left join (select date from samples where date = '2026-03-29') o on s.date = o.date`,
      15n,
    ],
    [
      `with a as (select * from samples where date >= '2026-03-29') select count(*) from a where date <= '2026-03-29'`,
      3n,
    ],
    [`select count(*) from (select "birthday" as date from samples) x where date > '2026-03-29'`, 0n],
  ] as const) {
    const [found] = await column(engine, sql);
    assert.equal(BigInt(found as bigint), expected, sql);
  }
});

test('a query reaches no file but the segments, and changes nothing of DuckDB', async (t) => {
  const { engine } = await made(t);
  for (const sql of [
    "select * from read_text('/etc/hostname')",
    "select * from glob('/etc/*')",
    "select * from '/etc/passwd'",
    "select * from read_csv('https://example.org/a.csv')",
    "copy (select 1) to '/dev/null'",
    "set memory_limit = '1TB'",
    'pragma version',
    'install httpfs',
    "attach '/dev/null' as x",
    'explain analyze select 1',
  ]) {
    await assert.rejects(column(engine, sql), { code: 'QUERY_INVALID' }, sql);
  }
});

test('a query that waits for the objects can be aborted, or ends by its time limit; late arrivals are released', async (t) => {
  let held = Promise.withResolvers<void>();
  const { lake, engine, folder } = await made(t, (objects) => ({
    ...objects,
    async get(name, range) {
      if (name.endsWith('.parquet')) await held.promise;
      return objects.get(name, range);
    },
  }));
  await lake.write(samples, samplesOf(0, 3));
  const reason = new Error('enough');
  const controller = new AbortController();
  const asked = column(engine, 'select count(*) from samples', { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  await assert.rejects(asked, (thrown) => thrown === reason);
  await assert.rejects(column(engine, 'select count(*) from samples', { ms: 50 }), { code: 'QUERY_LIMIT' });
  held.resolve();
  held = Promise.withResolvers<void>();
  held.resolve();
  assert.deepEqual(await column(engine, 'select count(*) from samples'), [3n]);
  // Unused copies are kept for the next query, until the engine is closed.
  await engine.close();
  while ((await readdir(join(folder, 'query/segments/pins'))).length > 0);
});

test('the next query reads the same copies', async (t) => {
  const { lake, engine, folder } = await made(t);
  await lake.write(samples, samplesOf(0, 3));
  await lake.write(samples, samplesOf(3, 6));
  const linked = async () =>
    (await readdir(join(folder, 'query/segments/pins'), { recursive: true })).filter((name) => /\.parquet$/.test(name));
  const counts = "select count(*) from samples where date = date '2026-11-30'";
  assert.deepEqual(await column(engine, counts), [6n]);
  const before = await linked();
  assert.equal(before.length, 2);
  await lake.write(samples, samplesOf(6, 9));
  assert.deepEqual(await Promise.all([column(engine, counts), column(engine, counts)]), [[9n], [9n]]);
  const after = await linked();
  assert.deepEqual([after.length, after.filter((each) => before.includes(each)).length], [3, 2]);
});

test('closing an engine ends its answers', async (t) => {
  const { lake, engine } = await made(t);
  await lake.write(samples, samplesOf(0, 200));
  const answer = await engine.query('select a.count from samples a cross join samples b cross join samples c');
  await engine.close();
  await assert.rejects(Array.fromAsync(answer.pages), { code: 'USAGE' });
});

test('a query that exceeds its memory is refused, and the next one is not', async (t) => {
  const { lake, engine } = await made(t);
  await lake.write(samples, samplesOf(0, 400));
  const sql = 'select list(a.learners) as l from samples a cross join samples b cross join samples c';
  await assert.rejects(column(engine, `select max(len(l)) from (${sql}) x`), { code: 'MEMORY_EXCEEDED' });
  assert.deepEqual(await column(engine, 'select count(*) from samples'), [400n]);
});

test('times are rounded down to ms, before 1970 too, and infinite ones are refused', async (t) => {
  const { engine } = await made(t);
  const moment = (text: string) => column(engine, `select cast('${text}' as timestamp with time zone) as at`);
  assert.deepEqual(await moment('1969-12-31 23:59:59.9999 UTC'), [-1]);
  assert.deepEqual(await moment('1970-01-01 00:00:00.0019 UTC'), [1]);
  await assert.rejects(moment('infinity'), { code: 'QUERY_INVALID', message: /the column at has a time without end/ });
});
