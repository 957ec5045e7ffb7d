/** Report files as read by openpyxl, calamine, pyzipper and pyarrow. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FileRow } from '../../reports/files/format.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';
import { COLUMNS, written } from '../reports/files/files.ts';
import { isInstalled, REQUIRED_VARIABLE, readersFolder } from './readers.ts';

const isRequired = process.env[REQUIRED_VARIABLE] !== undefined;
const skip =
  isInstalled() || isRequired ? false : 'openpyxl and others are not installed: npm run test:readers does it';

const SEEN = Date.parse('2026-10-05T20:00:15.250Z');
const ROWS: readonly FileRow[] = [
  ['=1+1', 3n, 62.5, '7.50', true, SEEN, '2026-09-01'],
  ['tab\tand "quotes" <&> \u{1F600}', 2n ** 53n + 1n, -0.25, '-0.05', false, 0, '1970-01-01'],
  [null, null, null, null, null, null, null],
  ['too many', 1n, 1, '1.00', true, 0, '2026-01-01'],
];
const NOTICE = 'There are more rows: this file ends at the limit of 3.';
const PASSWORD = 'four random words here';

interface Read {
  readonly openpyxl: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  readonly calamine: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  readonly frozen: string;
  readonly zip: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly (readonly unknown[])[];
  readonly notice: string;
}

test('other programs read report files as they were meant', { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const write = async (name: string, wanted: Parameters<typeof written>[0]): Promise<string> => {
    const path = join(folder, name);
    const { bytes } = await written({ rowLimit: 3, options: { zone: 'Asia/Kolkata' }, ...wanted }, ROWS);
    await writeFile(path, bytes);
    return path;
  };
  const asked = {
    xlsx: await write('a.xlsx', { format: 'xlsx' }),
    zip: await write('a.zip', { format: 'ndjson', protection: { kind: 'zip', password: PASSWORD } }),
    parquet: await write('a.parquet', { format: 'parquet' }),
    password: PASSWORD,
  };
  const program = join(import.meta.dirname, 'files.py');
  const input = JSON.stringify(asked);
  const read = JSON.parse(
    execFileSync(join(readersFolder(), 'bin/python'), [program], { input, encoding: 'utf8' }),
  ) as Read;

  const titles = COLUMNS.map(({ title }) => title);
  const empty = COLUMNS.map(() => null);
  assert.deepEqual(read.openpyxl['Data'], [
    titles,
    ['=1+1', 3, 62.5, 7.5, true, '2026-10-06 01:30:15.250', '2026-09-01 00:00:00.000'],
    [ROWS[1]?.[0], '9007199254740993', -0.25, -0.05, false, '1970-01-01 05:30:00.000', '1970-01-01 00:00:00.000'],
    empty,
    [NOTICE, ...empty.slice(1)],
  ]);
  assert.deepEqual(read.calamine['Data']?.[1], ['=1+1', 3, 62.5, 7.5, true, '2026-10-06 01:30:15.250', '2026-09-01']);
  assert.deepEqual(
    [Object.keys(read.openpyxl), Object.keys(read.calamine)],
    [
      ['Data', 'About'],
      ['Data', 'About'],
    ],
  );
  assert.equal(read.frozen, 'A2');

  assert.deepEqual(Object.keys(read.zip), ['activity.ndjson', 'about.json']);
  assert.equal(
    read.zip['activity.ndjson'],
    Buffer.from((await written({ format: 'ndjson', rowLimit: 3 }, ROWS)).bytes).toString(),
  );
  assert.equal(JSON.parse(read.zip['about.json'] ?? '').truncated, true);

  assert.deepEqual(read.types, {
    learner: 'string',
    views: 'int64',
    progress: 'double',
    score: 'decimal128(38, 2)',
    active: 'bool',
    seen: 'timestamp[ms, tz=UTC]',
    enrolled: 'date32[day]',
  });
  assert.deepEqual(read.rows, [
    ['=1+1', 3, 62.5, '7.50', true, '2026-10-05 20:00:15.250', '2026-09-01'],
    [ROWS[1]?.[0], Number(2n ** 53n + 1n), -0.25, '-0.05', false, '1970-01-01 00:00:00.000', '1970-01-01'],
    empty,
  ]);
  assert.equal(read.notice, NOTICE);
});
