/** CSV lines made in SQL equal those made in JavaScript, byte by byte. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { csvLineSql } from '../../../reports/files/csv-sql.ts';
import { fileOf, fileOfLines } from '../../../reports/files/file.ts';
import type { FileColumn, FileRow } from '../../../reports/files/format.ts';
import { DATE_FORMATS, type FileOptions } from '../../../reports/files/options.ts';
import { directoryObjects } from '../../../sinks/objects/directory/objects.ts';
import { duckQueryEngine } from '../../../sinks/query/duckdb/engine.ts';
import type { QueryEngine } from '../../../sinks/query/port.ts';
import { bytesOf, pagesOf, specOf, textOf } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-csv-sql-'));
let engine: QueryEngine;
before(async () => {
  engine = await duckQueryEngine({
    folder,
    objects: directoryObjects(join(folder, 'objects')),
    relations: [],
    currentTable: async () => undefined,
    now: Date.now,
    location: folder,
    cacheBytes: 1,
    memoryBytes: 128 * 1024 * 1024,
  });
});
after(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** Texts with characters that matter to CSV and to spreadsheets. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: fc.constantFrom(...'=+-@＝＋－＠\t\r\n ,;"\'.\0\u000B\u001F\u00A0\u3000\uFEFF05a'), maxLength: 6 }),
);
/** DuckDB's client loses a byte order mark at the beginning of a text. */
const readable = texts.filter((text) => !text.startsWith('\uFEFF'));
const hex = (text: string): string => `decode(from_hex('${Buffer.from(text).toString('hex')}'))`;
const doubles = fc.oneof(
  fc.double(),
  fc.double({ min: -1e-3, max: 1e-3 }),
  fc.double({ min: 1e14, max: 1e18 }),
  fc.integer().map(Number),
  fc.constantFrom(0, -0, 1e15, 1e16, 9999999999999998, 1e21, 1e-4, 9.999e-5, 1e-6, 1e-7, 0.1, 1 / 3),
);
const doubleSql = (value: number): string =>
  `'${Number.isNaN(value) ? 'nan' : Object.is(value, -0) ? '-0.0' : String(value)}'::DOUBLE`;

/** A literal of each type, or null. */
const LITERALS: Readonly<Record<string, { type: FileColumn['type']; literal: fc.Arbitrary<string> }>> = {
  text: { type: 'string', literal: readable.map(hex) },
  long: { type: 'long', literal: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => `'${value}'::BIGINT`) },
  huge: { type: 'long', literal: fc.bigInt(-(2n ** 127n) + 1n, 2n ** 127n - 1n).map((value) => `'${value}'::HUGEINT`) },
  double: { type: 'double', literal: doubles.map(doubleSql) },
  float: { type: 'double', literal: fc.float({ noNaN: true }).map((value) => `${doubleSql(value)}::FLOAT`) },
  decimal: { type: 'decimal', literal: fc.integer().map((value) => `(${value} / 1000)::DECIMAL(18, 3)`) },
  whole: { type: 'decimal', literal: fc.integer().map((value) => `${value}::DECIMAL(18, 0)`) },
  boolean: { type: 'boolean', literal: fc.boolean().map(String) },
  moment: {
    type: 'timestamp',
    literal: fc
      .oneof(fc.bigInt(-(10n ** 17n), 10n ** 17n), fc.bigInt(-(10n ** 15n), 4n * 10n ** 15n))
      .map((micros) => `timezone('UTC', make_timestamp(${micros}))`),
  },
  date: {
    type: 'date',
    literal: fc
      .oneof(fc.integer({ min: -1_000_000, max: 4_000_000 }), fc.integer({ min: 0, max: 40_000 }))
      .map((days) => `(DATE '1970-01-01' + (${days})::INTEGER)`),
  },
};

const COLUMNS: readonly FileColumn[] = Object.entries(LITERALS).map(([name, { type }]) => ({
  name,
  title: name,
  type,
}));
const rows = fc.tuple(...Object.values(LITERALS).map(({ literal }) => fc.option(literal, { nil: 'NULL', freq: 8 })));
const options: fc.Arbitrary<Partial<FileOptions>> = fc
  .record({
    numbers: fc.constantFrom(
      { separator: ',', decimal: '.' } as const,
      { separator: ';', decimal: ',' } as const,
      { separator: '\t', decimal: ',' } as const,
    ),
    bom: fc.boolean(),
    dates: fc.constantFrom(...DATE_FORMATS),
    escapeFormulas: fc.boolean(),
  })
  .map(({ numbers, ...rest }) => ({ ...numbers, ...rest }));

/** The CSV of one query, made in JavaScript and made from SQL's lines. */
async function both(
  columns: readonly FileColumn[],
  given: Partial<FileOptions>,
  from: string,
): Promise<[string, string]> {
  const spec = { ...specOf({ columns, options: given }), format: 'csv' as const };
  const line = csvLineSql(columns, spec.options);
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const answer = await engine.query(`SELECT ${line} AS line, ${names} FROM (${from})`);
  const found: FileRow[] = [];
  for await (const page of answer.pages) found.push(...(page as readonly FileRow[]));
  const plain = fileOf(spec, pagesOf(found.map((row) => row.slice(1))));
  const made = fileOfLines(spec, pagesOf(found.map((row) => row.slice(0, 1))));
  return [textOf(await bytesOf(plain.bytes)), textOf(await bytesOf(made.bytes))];
}

const valuesSql = (lists: readonly (readonly string[])[]): string =>
  `SELECT ${Object.keys(LITERALS)
    .map((name, at) => `col${at} AS "${name}"`)
    .join(', ')} FROM (VALUES ${lists
    .map((list) => `(${list.join(', ')})`)
    .join(', ')}) v(${lists[0]?.map((_, at) => `col${at}`).join(', ')})`;

test('whatever the values and the options, SQL makes the lines that JavaScript makes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rows, { minLength: 30, maxLength: 60 }), options, async (lists, given) => {
      const [plain, made] = await both(COLUMNS, given, valuesSql(lists));
      assert.equal(made, plain);
    }),
    { numRuns: 40 },
  );
});

test('the same for a file of one column', async () => {
  const columns = [{ name: 'text', title: 'text', type: 'string' } as const];
  const [plain, made] = await both(columns, {}, "SELECT unnest(['a', NULL, '', '=1', '\"']) AS text");
  assert.equal(made, plain);
});

test('names and titles of columns are quoted', async () => {
  const columns = [{ name: 'a "b" \'c\'', title: '"', type: 'long' } as const];
  const line = csvLineSql(columns, specOf().options);
  const answer = await engine.query(`SELECT ${line} AS line FROM (SELECT 1 AS "a ""b"" 'c'")`);
  for await (const page of answer.pages) assert.deepEqual(page, [['1']]);
});

test('SQL makes no lines of times in the zone of a place, whose rules DuckDB has in its own version', () => {
  const moment = [{ name: 'seen', title: 'seen', type: 'timestamp' } as const];
  const zoned = { ...specOf().options, zone: 'Asia/Kolkata' };
  assert.equal(csvLineSql(moment, zoned), undefined);
  assert.ok(csvLineSql(moment, specOf().options));
  assert.ok(csvLineSql([{ name: 'day', title: 'day', type: 'date' }], zoned));
});

test('a time without end is an error, as it is in rows', async () => {
  const columns = [{ name: 'day', title: 'day', type: 'date' } as const];
  const line = csvLineSql(columns, specOf().options);
  await assert.rejects(
    async () => {
      const answer = await engine.query(`SELECT ${line} AS line FROM (SELECT DATE 'infinity' AS day)`);
      for await (const _ of answer.pages);
    },
    { code: 'QUERY_INVALID', message: /column day: a time without end/ },
  );
});
