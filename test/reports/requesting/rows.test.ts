import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activity } from '../../../reports/datasources/activity.ts';
import { defineReport, type Reads, type Report } from '../../../reports/define-report.ts';
import { FILE_OPTIONS } from '../../../reports/files/options.ts';
import { chosenColumns, type RowSources, rowsOf } from '../../../reports/requesting/rows.ts';
import { learnerProgress } from '../../../schemas/rows/learner-progress.ts';
import type { Answer, AnswerType, QueryEngine } from '../../../sinks/query/port.ts';

const declared = {
  name: 'ones',
  title: 'Ones',
  answers: 'How many?',
  version: 1,
  role: 'analyst',
  freshMs: 0,
  parameters: {},
  columns: {
    name: { title: 'Name', type: 'string', doc: 'The name.' },
    ones: { title: 'Ones', type: 'long', unit: 'ones', doc: 'Ones.' },
  },
} as const;
const byKey = defineReport({
  ...declared,
  from: {
    reads: [learnerProgress],
    async *rows() {
      yield [{ name: 'a', ones: 1 }];
      yield [{ name: null, ones: 2n ** 60n }];
    },
  },
});
const query = defineReport({ ...declared, from: { reads: [activity], sql: () => 'select :tenant' } });

/** An engine that gives one answer, and whether the answer was closed. */
function answering(columns: readonly (readonly [string, AnswerType])[]) {
  const state = { closed: 0, sql: '' };
  const answer = {
    columns: columns.map(([name, type]) => ({ name, type })),
    read: [{ relation: 'activity', table: 'rollups/activity/g1', version: 4, positions: new Map([['of/0', 7]]) }],
    pages: (async function* () {
      yield [[3n, 'x', 'extra']];
    })(),
    async close() {
      state.closed += 1;
    },
    async [Symbol.asyncDispose]() {},
  } satisfies Answer;
  const engine: QueryEngine = {
    dialect: 'trino',
    relations: [],
    views: async () => [],
    query: async (sql) => {
      state.sql = sql;
      return answer;
    },
    close: async () => {},
  };
  return { engine, state, answer };
}

const sources = (engine?: QueryEngine): RowSources => ({
  reads: () => ({}) as Reads,
  query: async () => engine ?? assert.fail('no query was expected'),
  text: async () => assert.fail('no file was expected'),
  positions: async (tables) =>
    Object.fromEntries(tables.map(({ name }) => [name, { version: 1, positions: { t: 5 } }])),
});
const wanted = (report: Report, columns: readonly string[] | null = null) => ({
  report,
  tenant: 'north',
  values: {},
  columns,
});
const flat = async (pages: AsyncIterable<readonly unknown[]>) => (await Array.fromAsync(pages)).flat();

test('rows by key come in the chosen columns, with whole numbers as bigints and how far the jobs were', async () => {
  await using all = await rowsOf(wanted(byKey), sources());
  assert.deepEqual(await flat(all.pages), [
    ['a', 1n],
    [null, 2n ** 60n],
  ]);
  assert.deepEqual(all.reflected, { learner_progress: { version: 1, positions: { t: 5 } } });
  await using some = await rowsOf(wanted(byKey, ['ones']), sources());
  assert.deepEqual(await flat(some.pages), [[1n], [2n ** 60n]]);
});

test('rows of a query come by the names of its columns, with the versions of its tables', async () => {
  const { engine, state } = answering([
    ['ones', 'long'],
    ['name', 'string'],
    ['more', 'string'],
  ]);
  const rows = await rowsOf(wanted(query), sources(engine));
  assert.deepEqual(await flat(rows.pages), [['x', 3n]]);
  assert.deepEqual(rows.reflected, { activity: { version: 4, positions: { 'of/0': 7 } } });
  assert.equal(state.sql, "select 'north'");
  await rows[Symbol.asyncDispose]();
  assert.equal(state.closed, 1);
});

test('an answer of other columns than declared is an error of the report, and the query is ended', async () => {
  for (const [columns, message] of [
    [[['ones', 'long']], /the query of ones gives no column name, and the report declares it as string/],
    [
      [
        ['ones', 'double'],
        ['name', 'string'],
      ],
      /gives ones as double, and the report declares it as long: correct one of them/,
    ],
  ] as const) {
    const { engine, state } = answering(columns as readonly (readonly [string, AnswerType])[]);
    await assert.rejects(rowsOf(wanted(query), sources(engine)), { code: 'DECLARATION_INVALID', message });
    assert.equal(state.closed, 1);
  }
});

test('columns come in the order in which they were chosen, and unknown ones are refused', () => {
  const names = (chosen: readonly string[] | null) => chosenColumns(byKey, chosen).map(({ name }) => name);
  assert.deepEqual(names(null), ['name', 'ones']);
  assert.deepEqual(names(['ones', 'name']), ['ones', 'name']);
  assert.throws(() => names(['one', 'ones']), {
    code: 'USAGE',
    message: 'ones has no column one: choose some of name, ones',
  });
  assert.throws(() => names([]), { code: 'USAGE', message: /^no column was chosen: choose some of name, ones$/ });
  assert.throws(() => names(['ones', 'ones']), { code: 'USAGE', message: /ones was chosen twice/ });
});

test('for CSV the engine makes the lines, if it can', async () => {
  const { engine, state } = answering([['line', 'string']]);
  const csv = { ...wanted(query), csv: FILE_OPTIONS };
  await using lines = await rowsOf(csv, sources({ ...engine, dialect: 'duckdb' }));
  assert.equal(lines.areLines, true);
  assert.match(state.sql, /^select concat_ws.* as line from \(select 'north'\)/s);
  assert.deepEqual(await flat(lines.pages), [[3n]], 'the first column, whatever it is');
  await assert.rejects(rowsOf(csv, sources(engine)), { code: 'DECLARATION_INVALID' });
});
