/** Segment files and their statistics. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type DuckDb, openDuckDb } from '../../duckdb/database.ts';
import { quoted } from '../../duckdb/names.ts';
import { checkLayout, isDay, type Layout, type SegmentRow } from '../../sinks/segments/columns.ts';
import { type SegmentFile, writeSegmentFiles } from '../../sinks/segments/files.ts';
import { statisticsJson, statisticsOf, statisticsSql } from '../../sinks/segments/statistics.ts';
import { LAYOUT, rowOf, rowsOf, temporaryFolder } from '../contracts/delta-samples.ts';

async function duckOf(t: TestContext): Promise<DuckDb> {
  const duck = await openDuckDb({ folder: await temporaryFolder(t), threads: 1 });
  t.after(() => duck.close());
  return duck;
}

const query = (duck: DuckDb, sql: string) => duck.using((connection) => connection.rows(sql));

test('rows become one file a day, sorted as requested, without the column of the day', async (t) => {
  const duck = await duckOf(t);
  const rows = [...rowsOf(0, 5, '2026-12-01'), ...rowsOf(0, 9)];
  const files = await writeSegmentFiles(duck, LAYOUT, rows, ['tenant', 'at']);
  assert.deepEqual(
    files.map(({ day, statistics }) => [day, statistics.rows]),
    [
      ['2026-11-30', 9],
      ['2026-12-01', 5],
    ],
  );
  const [first] = files as [SegmentFile];
  const read = await query(duck, `SELECT * FROM read_parquet(${quoted(first.path)}, hive_partitioning = false)`);
  assert.deepEqual(
    Object.keys(read[0] ?? {}),
    LAYOUT.columns.slice(1).map(({ name }) => name),
  );
  assert.deepEqual(
    read.map(({ tenant }) => tenant),
    [...Array(5).fill('north'), ...Array(4).fill('süd')],
  );
  assert.deepEqual(await writeSegmentFiles(duck, LAYOUT, []), []);
});

test('a file has types that all readers support', async (t) => {
  const duck = await duckOf(t);
  const [file] = (await writeSegmentFiles(duck, LAYOUT, rowsOf(0, 3))) as [SegmentFile];
  const schema = await query(duck, `SELECT name, type, logical_type FROM parquet_schema(${quoted(file.path)})`);
  const of = (name: string) => schema.filter((each) => each['name'] === name).map((each) => each['type']);
  assert.match(String(schema.find(({ name }) => name === 'at')?.['logical_type']), /isAdjustedToUTC=1/);
  assert.deepEqual([of('at'), of('count'), of('score'), of('birthday')], [['INT64'], ['INT64'], ['DOUBLE'], ['INT32']]);
  assert.deepEqual([of('element'), of('key'), of('value')], [['INT64'], ['INT32', 'BYTE_ARRAY'], ['INT64', 'INT64']]);
  const meta = await query(duck, `SELECT DISTINCT compression FROM parquet_metadata(${quoted(file.path)})`);
  assert.deepEqual(meta, [{ compression: 'ZSTD' }]);
});

test('more rows than a chunk has keep their cells', async (t) => {
  const duck = await duckOf(t);
  const [file] = (await writeSegmentFiles(duck, LAYOUT, rowsOf(0, 5000), ['at'])) as [SegmentFile];
  const [row] = await query(
    duck,
    `SELECT count(*) AS n, sum(len(learners)) AS items, sum(cardinality(buckets)) AS entries FROM read_parquet(${quoted(file.path)})`,
  );
  const sum = (of: (row: SegmentRow) => number) => rowsOf(0, 5000).reduce((total, each) => total + of(each), 0);
  const items = sum(({ learners }) => (learners as unknown[] | null)?.length ?? 0);
  const entries = sum(({ buckets }) => (buckets as Map<number, number> | null)?.size ?? 0);
  assert.deepEqual([row?.['n'], row?.['items'], row?.['entries']].map(Number), [5000, items, entries]);
});

test('a row that does not fit its columns is refused with its number', async (t) => {
  const duck = await duckOf(t);
  for (const [part, message] of [
    [{ tenant: null }, /row 2 of a segment does not fit its column tenant \(string\): a value is expected/],
    [{ tenant: 5 }, /a string is expected/],
    [{ count: 0.5 }, /column count \(long\)/],
    [{ count: '5' }, /a whole number is expected/],
    [{ count: 2n ** 63n }, /int64/],
    [{ at: 0.5 }, /a whole number of ms/],
    [{ at: undefined }, /a value is expected/],
    [{ date: '2026-02-30' }, /a day as YYYY-MM-DD is expected/],
    [{ isActive: 1 }, /true or false/],
    [{ learners: [1, 0.5] }, /column learners/],
    [{ learners: 5 }, /an array/],
    [{ buckets: { a: 1 } }, /a Map is expected/],
    [{ buckets: new Map([['a', 1]]) }, /a key of 32 bits/],
    [{ buckets: new Map([[2 ** 31, 1]]) }, /a key of 32 bits/],
    [{ regions: new Map([[1, 1]]) }, /a key that is a string/],
  ] as const) {
    const rows = [rowOf(0), rowOf(1), { ...rowOf(2), ...part } as SegmentRow];
    await assert.rejects(writeSegmentFiles(duck, LAYOUT, rows), { message }, JSON.stringify(String(message)));
  }
});

test('strings are kept whole, whatever they contain', async (t) => {
  const duck = await duckOf(t);
  const texts = ['', 'a\0b', "it's", '"', '🌊', '\u{10ffff}', 'x'.repeat(100_000)];
  const rows = texts.map((tenant, n) => ({ ...rowOf(n), tenant }));
  const [file] = (await writeSegmentFiles(duck, LAYOUT, rows, ['at'])) as [SegmentFile];
  const read = await query(duck, `SELECT tenant FROM read_parquet(${quoted(file.path)})`);
  assert.deepEqual(
    read.map(({ tenant }) => tenant),
    texts,
  );
});

const ONE = (type: Layout['columns'][number]['type']) => [{ name: 'c', type, nullable: true }] as const;

test('bounds can be too wide and are never too narrow', () => {
  const bounds = (type: Layout['columns'][number]['type'], least: unknown, largest: unknown) => {
    const { c } = statisticsOf(ONE(type), { rows: 2n, n0: 1n, a0: least, z0: largest }).columns;
    return [c?.least, c?.largest];
  };
  const long = 'x'.repeat(40);
  assert.deepEqual(bounds('string', long, long), ['x'.repeat(32), `${'x'.repeat(31)}y`]);
  assert.deepEqual(bounds('string', 'x'.repeat(32), 'x'.repeat(32)), ['x'.repeat(32), 'x'.repeat(32)]);
  const last = '\u{10ffff}';
  assert.deepEqual(bounds('string', 'a', `a${last.repeat(40)}`), ['a', 'b']);
  assert.deepEqual(bounds('string', 'a', last.repeat(40)), ['a', null]);
  assert.deepEqual(bounds('string', '🌊'.repeat(33), '\ud7ff'.repeat(33)), [
    '🌊'.repeat(32),
    `${'\ud7ff'.repeat(31)}\ue000`,
  ]);
  assert.deepEqual(bounds('double', 0.5, Number.NaN), [null, null]);
  assert.deepEqual(bounds('double', Number.NEGATIVE_INFINITY, 1), [null, null]);
  assert.deepEqual(bounds('timestamp', 5n, 1_795_000_000_123n), [
    '1970-01-01T00:00:00.005Z',
    '2026-11-18T11:06:40.123Z',
  ]);
  assert.deepEqual(bounds('timestamp', 5n, 8_640_000_000_000_000n), ['1970-01-01T00:00:00.005Z', null]);
  assert.deepEqual(bounds('long', null, null), [null, null]);
});

test('statistics are the JSON of Delta, with exact longs', async (t) => {
  const duck = await duckOf(t);
  const relation = `(VALUES (9007199254740993, 'a', true), (NULL, 'b', NULL)) AS v(l, "s""t", b)`;
  const columns = [
    { name: 'l', type: 'long', nullable: true },
    { name: 's"t', type: 'string', nullable: true },
    { name: 'b', type: 'boolean', nullable: true },
  ] as const;
  const [row = {}] = await query(duck, statisticsSql(columns, relation));
  assert.equal(
    statisticsJson(statisticsOf(columns, row)),
    '{"numRecords":2,"minValues":{"l":9007199254740993,"s\\"t":"a"},"maxValues":{"l":9007199254740993,"s\\"t":"b"},"nullCount":{"l":1,"s\\"t":0}}',
  );
});

test('an invalid layout is refused with all of its problems', () => {
  checkLayout('a table', LAYOUT);
  const columns = [
    { name: 'date', type: 'date', nullable: true },
    { name: 'größe', type: 'long', nullable: true },
    { name: 'a', type: 'long', nullable: true },
    { name: 'A', type: 'decimal', nullable: true },
  ] as unknown as Layout['columns'];
  assert.throws(() => checkLayout('a table', { columns, partition: 'date' }), {
    code: 'DECLARATION_INVALID',
    message:
      /"größe" is not a name.*two columns are called A.*type decimal.*date must be a column, a date and not nullable/,
  });
  assert.throws(
    () => checkLayout('a table', { columns: LAYOUT.columns.slice(0, 1), partition: 'date' }),
    /a column besides that of the day/,
  );
});

test('a day is a date of the calendar', () => {
  const days = ['2026-11-30', '2024-02-29', '0001-01-01', '9999-12-31'];
  assert.deepEqual(days.filter(isDay), days);
  for (const none of ['2026-02-29', '2026-13-01', '0000-01-01', '2026-1-1', '', 20261130, undefined]) {
    assert.ok(!isDay(none), String(none));
  }
});
