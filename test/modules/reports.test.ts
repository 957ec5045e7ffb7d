import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineTable, type TableDef } from '../../core/target.ts';
import { defineModule, definePlatform, type Module } from '../../modules/define.ts';
import { learning } from '../../modules/learning.ts';
import { activity } from '../../reports/datasources/activity.ts';
import type { Datasource } from '../../reports/define-datasource.ts';
import { defineReport, type Report } from '../../reports/define-report.ts';
import { batchLearners, learnerProgress } from '../../schemas/rows/learner-progress.ts';

const declared = {
  title: 'A report',
  answers: 'How many?',
  version: 1,
  role: 'analyst',
  freshMs: 0,
  parameters: {},
  columns: { ones: { title: 'Ones', type: 'long', doc: 'Ones.', unit: 'ones' } },
} as const;

const queries = (datasource: Datasource, name = 'ones'): Report =>
  defineReport({ ...declared, name, from: { reads: [datasource], sql: () => 'select 1 as ones' } });
const reads = (...tables: readonly TableDef[]): Report =>
  defineReport({ ...declared, name: 'ones', from: { reads: tables, rows: async function* () {} } });

const mine = (...reports: readonly Report[]): Module => defineModule({ name: 'mine', reports });

function problem(...modules: readonly Module[]): string {
  try {
    definePlatform({ modules });
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'DECLARATION_INVALID');
    return (error as Error).message;
  }
  return '';
}

test('a platform has the reports of its modules, in their order', () => {
  const own = queries(activity);
  const platform = definePlatform({ modules: [learning, mine(own)] });
  assert.deepEqual(platform.reports, [...(learning.reports ?? []), own]);
  assert.equal(platform.reports.length > 12, true);
});

test('a report may query only datasources of the platform', () => {
  assert.equal(problem(learning, mine(queries(activity))), '');
  const absent = { ...activity, name: 'absences' };
  assert.match(
    problem(learning, mine(queries(absent))),
    /the report ones of the module mine queries the datasource absences, which no module has: add the module that does/,
  );
});

test('a report may read only tables that jobs of the platform keep: their rows, and their views', () => {
  assert.equal(problem(learning, mine(reads(learnerProgress, batchLearners))), '');
  const userId = { name: 'userId', type: 'string', doc: 'The user.' } as const;
  const record = { type: 'record', name: 'Row', fields: [userId] } as const;
  const absent = defineTable({ name: 'absent_row', doc: 'Rows.', key: ['userId'], record });
  assert.match(
    problem(learning, mine(reads(learnerProgress, absent))),
    /the report ones of the module mine reads the table absent_row, which no job keeps: add the module of the job/,
  );
});

test('reports of one name are refused, and what is no report', () => {
  assert.match(
    problem(learning, mine(queries(activity, 'activity'))),
    /2 reports are named activity, in the modules learning and mine/,
  );
  const [first] = learning.reports ?? [];
  assert.match(problem(learning, mine(first as Report)), /the report learner-progress is listed 2 times/);
  assert.match(problem(learning, mine({} as never)), /reports\[0\] of the module mine is no report: use defineReport/);
});
