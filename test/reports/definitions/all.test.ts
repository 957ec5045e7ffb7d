/** What holds for every report, including the next one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Report } from '../../../reports/define-report.ts';
import { reports } from '../../../reports/definitions/index.ts';
import type { GivenValues } from '../../../reports/requesting/parameters.ts';
import { type ReportSpec, reportSpec } from './report-spec.ts';
import { CASES, casesOf, eventsOf, ofTenants, rowsOf } from './world.ts';

/** A report over these tenants. Each tenant has this many learners, with the same ids. */
async function over(t: TestContext, report: Report, tenants: Readonly<Record<string, number>>): Promise<ReportSpec> {
  const spec = await reportSpec(t, report);
  const { from } = report;
  for (const [tenant, learners] of Object.entries(tenants)) {
    spec.reads.add(rowsOf(learners), tenant);
    for (const [datasource, events] of eventsOf(tenant, learners))
      if ('sql' in from && from.reads.includes(datasource)) await spec.events(datasource, ...events);
  }
  return spec;
}

for (const report of ofTenants) {
  test(`${report.name}: rows of other tenants are never among those of one`, async (t) => {
    const both = await over(t, report, { north: 2, south: 5 });
    const alone = await over(t, report, { north: 2 });
    for (const given of casesOf(report))
      assert.deepEqual(await both.all(given, 'north'), await alone.all(given, 'north'));
    const [first] = casesOf(report);
    const [north, south] = [await both.all(first, 'north'), await both.all(first, 'south')];
    assert.ok(north.length > 0 && south.length > 0, `${north.length} and ${south.length} rows`);
    assert.notDeepEqual(north, south);
    assert.deepEqual(await both.all(first, "north' or '1'='1"), await alone.all(first, 'nowhere'));
  });

  test(`${report.name}: it reads a page of rows at a time, however many there are`, async (t) => {
    if ('sql' in report.from) return;
    const spec = await over(t, report, { north: 40 });
    assert.ok((await spec.all(casesOf(report)[0], 'north')).length > 0);
    assert.equal(spec.reads.mostRows, 2);
  });

  test(`${report.name}: its outlook is of one tenant, too`, async (t) => {
    const both = await over(t, report, { north: 2, south: 5 });
    const [first] = casesOf(report);
    if (report.outlook === undefined) return;
    const named: GivenValues = { ...first, ...('courseId' in report.parameters && { courseId: 'algebra' }) };
    assert.deepEqual((await both.outlook(named, 'north')).problems, []);
    assert.equal((await both.outlook(named, 'nowhere')).problems.length, 1);
  });
}

for (const report of reports) {
  test(`${report.name}: without anything there are no learners in it, and no error`, async (t) => {
    const spec = await reportSpec(t, report);
    for (const given of casesOf(report)) {
      const rows = await spec.all(given);
      for (const row of rows)
        for (const name of ['learners', 'user_id', 'views']) assert.ok(!row[name], JSON.stringify(row));
    }
  });

  test(`${report.name}: everything of it is described, and what is personal is protected`, () => {
    const { name, title, answers, columns, parameters, role, protection } = report;
    assert.match(answers, /^[A-Z].*[.?]$/);
    assert.match(title, /^[A-Z]/);
    const titles = columns.map((column) => column.title);
    assert.equal(new Set(titles).size, titles.length, titles.join(', '));
    for (const column of columns) {
      assert.match(column.title, /^[A-Z0-9]/, `${name}: ${column.name}`);
      assert.match(column.doc, /^[\w:].*\.$/s, `${name}: ${column.name}`);
      if (['long', 'double'].includes(column.type)) assert.ok(column.unit, `${name}: ${column.name}`);
    }
    for (const [parameter, { doc }] of Object.entries(parameters))
      assert.match(doc, /^[\w].*\.$/s, `${name}: ${parameter}`);
    if (columns.some(({ personal }) => personal)) assert.deepEqual([role, protection], ['personal-data', 'required']);
  });

  test(`${report.name}: its query has nothing that engines understand in different ways`, async (t) => {
    const { from } = report;
    if (!('sql' in from)) return;
    const spec = await reportSpec(t, report);
    for (const given of casesOf(report)) {
      const sql = from.sql instanceof URL ? readFileSync(from.sql, 'utf8') : from.sql(spec.parsed(given));
      assert.match(sql, /:tenant\b/);
      const code = sql.replaceAll(/--[^\n]*|'[^']*'/g, '');
      for (const other of [
        /::/,
        /\blimit\b/,
        /\b\d+\.\d+(?!\d*e)/,
        /\b(?:generate_series|range|sequence|regexp\w*|json\w*)\(/,
      ])
        assert.doesNotMatch(code, other);
    }
  });
}

test('reports have names of their own, and every case is of a report', () => {
  const names = reports.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(Object.keys(CASES), names);
});
