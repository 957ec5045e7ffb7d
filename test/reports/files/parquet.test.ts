/** Parquet files, read by DuckDB. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DuckRow } from '../../../duckdb/connection.ts';
import { type DuckDb, openDuckDb } from '../../../duckdb/database.ts';
import { quoted } from '../../../duckdb/names.ts';
import type { Cell, FileColumn, FileRow } from '../../../reports/files/format.ts';
import { ADA, NOBODY, SEEN, written } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-parquet-'));
let duck: DuckDb;
before(async () => {
  duck = await openDuckDb({ folder });
});
after(async () => {
  await duck.close();
  rmSync(folder, { recursive: true });
});

type Wanted = Parameters<typeof written>[0];

/** The rows of a query over the file. The query calls the file `FILE`. */
async function found(sql: string, wanted: Wanted, rows: readonly FileRow[]): Promise<DuckRow[]> {
  const { bytes } = await written({ format: 'parquet', ...wanted }, rows);
  const path = duck.file('parquet');
  await duck.writeFile(
    path,
    (async function* () {
      yield bytes;
    })(),
  );
  return duck.using((connection) => connection.rows(sql.replaceAll('FILE', quoted(path))));
}

test('columns have their types, and rows their values', async () => {
  const schema = await found('SELECT column_name AS name, column_type AS type FROM (DESCRIBE FROM FILE)', {}, [ADA]);
  assert.deepEqual(Object.fromEntries(schema.map(({ name, type }) => [name, type])), {
    learner: 'VARCHAR',
    views: 'BIGINT',
    progress: 'DOUBLE',
    score: 'DECIMAL(38,2)',
    active: 'BOOLEAN',
    seen: 'TIMESTAMP WITH TIME ZONE',
    enrolled: 'DATE',
  });
  const sql =
    'SELECT * REPLACE (score::VARCHAR AS score, epoch_ms(seen) AS seen, enrolled::VARCHAR AS enrolled) FROM FILE';
  const rows = await found(sql, {}, [ADA, NOBODY]);
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['Ada', 3n, 62.5, '7.50', true, BigInt(SEEN), '2026-09-01'],
      [null, null, null, null, null, null, null],
    ],
  );
});

test('a file without rows has its columns', async () => {
  assert.deepEqual(await found('SELECT count(*) AS rows FROM FILE', {}, []), [{ rows: 0n }]);
  assert.equal((await found('DESCRIBE FROM FILE', {}, [])).length, 7);
});

async function valuesOf(column: Omit<FileColumn, 'name' | 'title'>, ...cells: Cell[]): Promise<unknown[]> {
  const columns = [{ name: 'a', title: 'a', ...column }];
  const rows = await found(
    'SELECT a::VARCHAR AS a FROM FILE',
    { columns },
    cells.map((cell) => [cell]),
  );
  return rows.map(({ a }) => a);
}

test('values at the ends of their types are exact', async () => {
  assert.deepEqual(await valuesOf({ type: 'long' }, 2n ** 63n - 1n, -(2n ** 63n), 5), [
    '9223372036854775807',
    '-9223372036854775808',
    '5',
  ]);
  assert.deepEqual(await valuesOf({ type: 'double' }, 5e-324, Number.NaN, Number.NEGATIVE_INFINITY), [
    '5e-324',
    'nan',
    '-inf',
  ]);
  assert.deepEqual(await valuesOf({ type: 'date' }, '1890-01-01', '9999-12-31'), ['1890-01-01', '9999-12-31']);
  assert.deepEqual(await valuesOf({ type: 'timestamp' }, -1, 253402300799999), [
    '1969-12-31 23:59:59.999+00',
    '9999-12-31 23:59:59.999+00',
  ]);
  assert.deepEqual(await valuesOf({ type: 'string' }, '', '=1\0\n😀'), ['', '=1\0\n😀']);
});

test('decimals have the most digits of the first rows, or those that the column declares', async () => {
  const digits = '99999999999999999999999999999999999.99';
  assert.deepEqual(await valuesOf({ type: 'decimal' }, '1', '-0.25', digits), ['1.00', '-0.25', digits]);
  assert.deepEqual(await valuesOf({ type: 'decimal', scale: 3 }, null, '-1.5'), [null, '-1.500']);
});

test('values that Parquet cannot have are refused with their column', async () => {
  for (const [column, cell, message] of [
    [{ type: 'long' }, 2n ** 63n, /column a: 9223372036854775808 is too large for Parquet/],
    [{ type: 'decimal', scale: 1 }, '0.25', /column a: 0.25 has more digits after the point than the 1/],
    [{ type: 'decimal' }, '9'.repeat(39), /more than 38 digits/],
  ] as const) {
    await assert.rejects(valuesOf(column, cell), { code: 'QUERY_INVALID', message });
  }
});

test('many rows are in groups, so that only one is in memory', async () => {
  const rows = Array.from({ length: 20_000 }, (_, at): FileRow => [`learner-${at}`, BigInt(at), ...ADA.slice(2)]);
  const groups =
    'SELECT DISTINCT row_group_id AS id, row_group_num_rows AS rows FROM parquet_metadata(FILE) ORDER BY id';
  assert.deepEqual(
    (await found(groups, {}, rows)).map((group) => group['rows']),
    [8192n, 8192n, 3616n],
  );
  const sums =
    "SELECT count(*) AS rows, sum(views)::BIGINT AS views, max(learner) AS last FROM FILE WHERE learner = 'learner-' || views";
  assert.deepEqual(await found(sums, {}, rows), [{ rows: 20_000n, views: 199_990_000n, last: 'learner-9999' }]);
  const long = Array.from({ length: 50 }, (): FileRow => ['x'.repeat(100_000), ...ADA.slice(1)]);
  assert.deepEqual(
    (await found(groups, {}, long)).map((group) => group['rows']),
    [40n, 10n],
  );
});

test('the file says what it reflects, and whether it is whole', async () => {
  const metadata =
    "SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(FILE) WHERE decode(key) LIKE 'tributary%'";
  const read = async (rowLimit: number) =>
    Object.fromEntries((await found(metadata, { rowLimit }, [ADA, ADA])).map(({ key, value }) => [key, String(value)]));
  const whole = await read(2);
  assert.deepEqual(Object.keys(whole), ['tributary.about']);
  const { report, rows, truncated } = JSON.parse(whole['tributary.about'] ?? '');
  assert.deepEqual([report, rows, truncated], ['course-activity', 2, false]);
  const cut = await read(1);
  assert.equal(cut['tributary.notice'], 'There are more rows: this file ends at the limit of 1.');
  assert.equal(JSON.parse(cut['tributary.about'] ?? '').truncated, true);
});
