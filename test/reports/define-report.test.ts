import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activity } from '../../reports/datasources/activity.ts';
import { type Column, defineReport, type Parameter, type Report } from '../../reports/define-report.ts';

const ones: Column = { title: 'Ones', type: 'long', doc: 'Ones.', unit: 'ones' };
const declared = {
  name: 'ones',
  title: 'Ones',
  answers: 'How many?',
  version: 1,
  role: 'analyst',
  freshMs: 60_000,
  parameters: {},
  columns: { ones },
  from: { reads: [activity], sql: () => 'select 1 as ones' },
} as const;

const define = (rest: object = {}): Report => defineReport({ ...declared, ...rest });
const withParameter =
  (name: string, spec: Parameter): (() => Report) =>
  () =>
    define({ parameters: { [name]: spec } });
const withColumn =
  (name: string, rest: Partial<Column> = {}): (() => Report) =>
  () =>
    define({ columns: { [name]: { ...ones, ...rest } } });

test('what is left out has a default, and columns keep their order', () => {
  const report = define({ columns: { two: ones, one: ones } });
  assert.deepEqual(
    report.columns.map(({ name }) => name),
    ['two', 'one'],
  );
  assert.deepEqual(
    [report.protection, report.rowLimit, report.problems({}), report.outlook],
    ['optional', 10_000_000, [], undefined],
  );
  assert.ok(Object.isFrozen(report));
});

test('a report whose files are always protected says so', () => {
  assert.equal(define({ protection: 'required' }).protection, 'required');
});

for (const [flaw, make, message] of [
  ['a name of other letters', () => define({ name: 'Drop_off' }), /report Drop_off: its name must be of lower-case/],
  ['no version', () => define({ version: 0 }), /its version is 0: give 1 or more/],
  ['half a version', () => define({ version: 1.5 }), /its version is 1.5/],
  ['a negative age', () => define({ freshMs: -1 }), /its freshMs is -1: give 0 or more/],
  ['an age that is no number', () => define({ freshMs: Number.NaN }), /its freshMs is NaN/],
  ['no rows', () => define({ rowLimit: 0 }), /its rowLimit is 0: give 1 or more/],
  ['no column', () => define({ columns: {} }), /it has no column/],
  ['a column named as a word of SQL', withColumn('order'), /the column order is a reserved word of SQL/],
  ['a column in other letters', withColumn('userId'), /the column userId has to be a small letter/],
  ['a column without a title', withColumn('one', { title: ' ' }), /the column one needs a title and a doc/],
  ['a column without a doc', withColumn('one', { doc: '' }), /the column one needs a title and a doc/],
  [
    'a query of nothing',
    () => define({ from: { reads: [], sql: () => 'select 1' } }),
    /names no datasource in `reads`/,
  ],
  [
    'a parameter in other letters',
    withParameter('batch_id', { type: 'text', doc: 'It.' }),
    /batch_id must be of letters/,
  ],
  [
    'a parameter that every query has',
    withParameter('tenant', { type: 'text', doc: 'It.' }),
    /no parameter may be named tenant/,
  ],
  ['a parameter without a doc', withParameter('of', { type: 'text', doc: '' }), /the parameter of needs a doc/],
  [
    'a parameter that is optional and is not',
    withParameter('of', { type: 'text', doc: 'It.', optional: true, default: 'x' }),
    /of has a default, and so is never left out/,
  ],
  ['a choice of nothing', withParameter('of', { type: 'choice', doc: 'It.', of: [] }), /of has nothing to choose from/],
  [
    'a default that is no choice',
    withParameter('of', { type: 'choice', doc: 'It.', of: ['a'], default: 'b' }),
    /the default of of is none of its values/,
  ],
  [
    'a default out of its bounds',
    withParameter('of', { type: 'long', unit: 'days', doc: 'It.', min: 1, max: 9, default: 10 }),
    /the default of of is none of its values/,
  ],
  [
    'bounds without anything between them',
    withParameter('of', { type: 'long', unit: 'days', doc: 'It.', min: 9, max: 1 }),
    /the least of of is more than the most/,
  ],
  [
    'a default that is no zone',
    withParameter('of', { type: 'zone', doc: 'It.', default: '+05:30' }),
    /the default of of/,
  ],
  [
    'a default that is no day',
    withParameter('of', { type: 'date', doc: 'It.', default: '2026-02-30' }),
    /the default of of/,
  ],
  ['a default without text', withParameter('of', { type: 'text', doc: 'It.', default: '' }), /the default of of/],
] as const) {
  test(`a declaration with ${flaw} is refused`, () => {
    assert.throws(make, { code: 'DECLARATION_INVALID', message });
  });
}

test('all flaws of a declaration are named at once', () => {
  const all = /^report ones: its version is 0: give 1 or more; it has no column; no parameter may be named tenant/;
  assert.throws(() => define({ version: 0, columns: {}, parameters: { tenant: { type: 'text', doc: 'It.' } } }), {
    message: all,
  });
});
