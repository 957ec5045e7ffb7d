import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import type { Cell, ColumnType, FileRow } from '../../../reports/files/format.ts';
import type { FileOptions } from '../../../reports/files/options.ts';
import { ADA, COLUMNS, NOBODY, SEEN, textOf, written } from './files.ts';

async function csvOf(rows: readonly FileRow[], options: Partial<FileOptions> = {}, rowLimit = 100): Promise<string> {
  return textOf((await written({ options, rowLimit }, rows)).bytes);
}

/** The cell in the second column of a file, as written between the separators. */
async function cellOf(type: ColumnType, cell: Cell, options: Partial<FileOptions> = {}): Promise<string> {
  const columns = [
    { name: 'a', title: 'a', type: 'long' },
    { name: 'b', title: 'b', type },
  ] as const;
  const { bytes } = await written({ columns, options }, [[1n, cell]]);
  return (
    textOf(bytes)
      .split(/\r\n1[,;\t]/)[1]
      ?.slice(0, -2) ?? ''
  );
}

test('CSV has the titles, and every line ends with CR LF', async () => {
  assert.equal(
    await csvOf([ADA, NOBODY]),
    'Learner,Views,Progress,Score,Active,Last seen,Enrolled on\r\n' +
      'Ada,3,62.5,7.50,true,2026-10-05T08:30:15.250Z,2026-09-01\r\n' +
      ',,,,,,\r\n',
  );
});

test('a file without rows has the titles', async () => {
  assert.equal(await csvOf([]), 'Learner,Views,Progress,Score,Active,Last seen,Enrolled on\r\n');
});

test('texts are quoted where RFC 4180 asks for it, and an empty text differs from none', async () => {
  for (const [text, expected] of [
    ['plain', 'plain'],
    ['', '""'],
    [null, ''],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['two\r\nlines', '"two\r\nlines"'],
    ['ä 😀 日本', 'ä 😀 日本'],
    ['a;b', 'a;b'],
  ] as const) {
    assert.equal(await cellOf('string', text), expected);
  }
  assert.equal(await cellOf('string', 'a;b', { separator: ';' }), '"a;b"');
  assert.equal(await cellOf('string', 'a\tb', { separator: '\t' }), '"a\tb"');
});

test('the only cell of a line is quoted when it is empty, as readers skip empty lines', async () => {
  const columns = [{ name: 'a', title: 'a', type: 'string' }] as const;
  const { bytes } = await written({ columns }, [['x'], [null], ['']]);
  assert.equal(textOf(bytes), 'a\r\nx\r\n""\r\n""\r\n');
});

test('texts that a spreadsheet would run have an apostrophe before them', async () => {
  for (const text of [
    '=1+1',
    '+1+1',
    '-1+1',
    '@SUM(1)',
    '＝1+1',
    '＋1+1',
    '－1+1',
    '＠SUM(1)',
    '  =1+1',
    '\u00A0=1+1',
    '\u3000=1+1',
    '\uFEFF=1+1',
    '\0=1+1',
    '\tx',
    '=HYPERLINK("http://x.example","y")',
    '-5+cmd|',
    '+49 30 1234',
    '-',
  ]) {
    const [record] = parse(`1,${await cellOf('string', text)}\n`) as string[][];
    assert.equal(record?.[1], `'${text}`);
    const [plain] = parse(`1,${await cellOf('string', text, { escapeFormulas: false })}\n`) as string[][];
    assert.equal(plain?.[1], text);
  }
});

test('texts that no spreadsheet runs are not changed', async () => {
  for (const text of [
    'a=b',
    'x-y',
    "'=1",
    'ada@example.org',
    '-5',
    '+5',
    '-12.5',
    '-12,5',
    '+491234567',
    ' a',
    '1-2',
  ]) {
    assert.equal(await cellOf('string', text, { separator: ';' }), text);
  }
});

test('titles are texts like others', async () => {
  const columns = [
    { name: 'a', title: '=a', type: 'long' } as const,
    { name: 'b', title: 'b,c', type: 'long' } as const,
  ];
  assert.equal(textOf((await written({ columns }, [])).bytes), '\'=a,"b,c"\r\n');
});

test('numbers have all digits, and a sign makes no formula of them', async () => {
  for (const [type, value, expected] of [
    ['long', -9223372036854775808n, '-9223372036854775808'],
    ['long', 170141183460469231731687303715884105727n, '170141183460469231731687303715884105727'],
    ['double', -0.1, '-0.1'],
    ['double', 0, '0'],
    ['double', -0, '0'],
    ['double', 1, '1'],
    ['double', 0.0001, '0.0001'],
    ['double', 0.00001234, '1.234e-05'],
    ['double', 123456789012345680, '1.2345678901234568e+17'],
    ['double', 9999999999999998, '9999999999999998'],
    ['double', 1e16, '1e+16'],
    ['double', 5e-324, '5e-324'],
    ['double', Number.NaN, 'NaN'],
    ['double', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['decimal', '-12345678901234567890.0100', '-12345678901234567890.0100'],
    ['boolean', false, 'false'],
  ] as const) {
    assert.equal(await cellOf(type, value), expected);
  }
});

test('a decimal comma is that of all numbers', async () => {
  const options = { decimal: ',', separator: ';' } as const;
  assert.equal(await cellOf('double', 1.5, options), '1,5');
  assert.equal(await cellOf('double', 1.5e-7, options), '1,5e-07');
  assert.equal(await cellOf('decimal', '-1.50', options), '-1,50');
  assert.equal(await cellOf('string', '1.5', options), '1.5');
});

test('times are in the zone and the format that are asked for', async () => {
  const zone = 'Asia/Kolkata';
  for (const [options, moment, date] of [
    [{}, '2026-10-05T08:30:15.250Z', '2026-10-05'],
    [{ zone }, '2026-10-05T14:00:15.250+05:30', '2026-10-05'],
    [{ zone: 'America/New_York' }, '2026-10-05T04:30:15.250-04:00', '2026-10-05'],
    [{ zone, dates: 'YYYY-MM-DD' }, '2026-10-05 14:00:15', '2026-10-05'],
    [{ zone, dates: 'DD/MM/YYYY' }, '05/10/2026 14:00:15', '05/10/2026'],
    [{ zone, dates: 'MM/DD/YYYY' }, '10/05/2026 14:00:15', '10/05/2026'],
    [{ zone, dates: 'DD.MM.YYYY' }, '05.10.2026 14:00:15', '05.10.2026'],
  ] as const) {
    assert.equal(await cellOf('timestamp', SEEN, options), moment);
    assert.equal(await cellOf('date', '2026-10-05', options), date);
  }
});

test('when clocks are set back, the offset tells the two hours apart', async () => {
  const zone = 'Europe/Berlin';
  const at = Date.UTC(2026, 9, 25, 0, 30);
  assert.equal(await cellOf('timestamp', at, { zone }), '2026-10-25T02:30:00.000+02:00');
  assert.equal(await cellOf('timestamp', at + 3_600_000, { zone }), '2026-10-25T02:30:00.000+01:00');
});

test('years beyond four digits are written as ISO 8601 has them', async () => {
  assert.equal(await cellOf('timestamp', 253402300800000), '+010000-01-01T00:00:00.000Z');
  assert.equal(await cellOf('date', '-000044-03-15'), '-000044-03-15');
  assert.equal(await cellOf('timestamp', -1), '1969-12-31T23:59:59.999Z');
});

test('a byte order mark is there if it is asked for', async () => {
  assert.ok((await csvOf([], { bom: true })).startsWith('\uFEFFLearner,'));
});

test('a file of the first rows says so in a last line that has as many fields', async () => {
  const { bytes, result } = await written({ rowLimit: 3 }, [ADA, ADA, ADA, ADA]);
  const lines = parse(textOf(bytes)) as string[][];
  assert.equal(lines.length, 5);
  assert.deepEqual(lines.at(-1), [
    'There are more rows: this file ends at the limit of 3.',
    ...COLUMNS.slice(1).map(() => ''),
  ]);
  assert.deepEqual(result, { rows: 3, truncated: true, shortened: 0 });
});

test('a file with as many rows as the limit is whole', async () => {
  const { bytes, result } = await written({ rowLimit: 4 }, [ADA, ADA, ADA, ADA]);
  assert.equal((parse(textOf(bytes)) as string[][]).length, 5);
  assert.deepEqual(result, { rows: 4, truncated: false, shortened: 0 });
});

test('a long file has every row once', async () => {
  const rows = Array.from({ length: 5000 }, (_, at): FileRow => [`learner ${at}`, BigInt(at), ...ADA.slice(2)]);
  const lines = parse(await csvOf(rows, {}, 10_000), { from: 2 }) as string[][];
  assert.deepEqual(
    lines.map(([learner, views]) => [learner, views]),
    rows.map(([learner, views]) => [learner, String(views)]),
  );
});
