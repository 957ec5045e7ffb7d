import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameter, ParameterValue } from '../../../reports/define-report.ts';
import { filledSql } from '../../../reports/requesting/sql-text.ts';
import { duckdb } from '../duckdb.ts';

const doc = 'It.';
const parameters: Readonly<Record<string, Parameter>> = {
  text: { type: 'text', doc, optional: true },
  days: { type: 'long', unit: 'days', min: -9, max: 9, doc, optional: true },
  day: { type: 'date', doc, optional: true },
  at: { type: 'moment', doc },
  flag: { type: 'boolean', doc },
  zone: { type: 'zone', doc },
  every: { type: 'choice', of: ['week'], doc },
};
const filled = (sql: string, values: Readonly<Record<string, ParameterValue>> = {}, tenant = 'north'): string =>
  filledSql(`${sql} where t = :tenant`, { name: 'ones', parameters }, { tenant, values }).replace(
    / where t = '.*$/s,
    '',
  );

for (const [sql, values, expected] of [
  ['select :text', { text: 'spring' }, "select 'spring'"],
  ['select :text', { text: "O'Neil" }, "select 'O''Neil'"],
  ['select :text', { text: null }, 'select cast(null as varchar)'],
  ['select :text', {}, 'select cast(null as varchar)'],
  ['select :days', { days: -7 }, 'select cast(-7 as bigint)'],
  ['select :days', { days: null }, 'select cast(null as bigint)'],
  ['select :day', { day: '2026-01-31' }, "select date '2026-01-31'"],
  ['select :day', { day: null }, 'select cast(null as date)'],
  ['select :at', { at: 1 }, "select cast('1970-01-01 00:00:00.001 UTC' as timestamp with time zone)"],
  ['select :at', { at: -62_135_596_800_000 }, "select cast('0001-01-01 00:00:00.000 UTC' as timestamp with time zone)"],
  ['select :flag, :every', { flag: false, every: 'week' }, "select false, 'week'"],
  ['select b at time zone :zone', { zone: 'Asia/Kolkata' }, "select b at time zone 'Asia/Kolkata'"],
  // These only look like parameters.
  ["select ':text', ':', 'it''s :text'", { text: 'x' }, "select ':text', ':', 'it''s :text'"],
  ['select ":text", "a "" :text"', { text: 'x' }, 'select ":text", "a "" :text"'],
  ['select a::text', { text: 'x' }, 'select a::text'],
  ['select x[1:2], a:text', { text: 'x' }, 'select x[1:2], a:text'],
  // Comments are removed. Nothing in them is part of the query.
  ['select 1 -- :missing, it\'s "\n, 2', {}, 'select 1  \n, 2'],
  ['select 1 /* :missing \' " \n */, 2', {}, 'select 1  , 2'],
  // A value is never parsed as SQL.
  ['select :text, :days', { text: ':days', days: 1 }, "select ':days', cast(1 as bigint)"],
  ['select :text', { text: '$& $1 $$ \\' }, "select '$& $1 $$ \\'"],
] as const) {
  test(`${sql.replaceAll('\n', ' ')} with ${JSON.stringify(values)}`, () => {
    assert.equal(filled(sql, values), expected);
  });
}

test('a parameter that is not declared, and a query of all tenants, are errors of the report', () => {
  assert.throws(() => filled('select :batchId'), /the query of ones has the parameter :batchId, which is not declared/);
  assert.throws(() => filled('select :constructor'), /:constructor, which is not declared/);
  const of = { name: 'ones', parameters };
  for (const sql of ['select 1', "select ':tenant'", 'select 1 -- :tenant', 'select a::tenant'])
    assert.throws(() => filledSql(sql, of, { tenant: 'north', values: {} }), /does not select by :tenant/, sql);
});

test('nothing that is given leaves its literal', async (t) => {
  const duck = await duckdb(t);
  for (const text of [
    "'",
    "''",
    "' or '1'='1",
    "' or true --",
    "'; drop table rows; --",
    "\\' or true --",
    '" or "1"="1',
    '/* ',
    '*/ or true',
    '-- ',
    ":tenant' or true --",
    '$$ or true $$',
    '\u02bc or true',
    'a\nb\r\n-- c',
    "e'\\''",
    '\u0000'.replace('\0', '%00'),
  ]) {
    const sql = filledSql(
      'select :text as text, :tenant as tenant from (values (1), (2)) as t(n) where n = 1 and :text = :text and :tenant <> :text',
      { name: 'ones', parameters },
      { tenant: `${text}-tenant`, values: { text } },
    );
    assert.deepEqual(await duck.rows(sql), [{ text, tenant: `${text}-tenant` }], text);
  }
});
