/** What is recognised in the text of a query before an engine gets it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relationOf } from '../../reports/relations.ts';
import { askedOf } from '../../sinks/query/text.ts';
import { hourly } from '../contracts/query-samples.ts';
import { visits } from '../reports/visits.ts';

const relations = [visits, hourly].map(relationOf);
const named = (sql: string): string[] => askedOf(sql, relations).relations.map(({ name }) => name);

test('a relation is referenced by a name, quoted or not, and not by a text, a comment or a part of a name', () => {
  for (const sql of [
    'select * from visits',
    'SELECT * FROM Visits v',
    'select * from "visits"',
    'select 1 from visits__rollup',
    'select (select count(*) from visits)',
    'with a as (select * from visits) select * from a',
    "select 'it''s' from visits",
    'select "a""b" from visits',
    'select 1 -- one\nfrom visits',
  ]) {
    assert.deepEqual(named(sql), ['visits'], sql);
  }
  for (const sql of [
    'select 1',
    "select 'visits'",
    "select 'it''s visits'",
    'select 1 -- visits',
    'select /* visits\n */ 1',
    'select my_visits, visits2, éxvisits',
    'select "my ""visits"" here"',
  ]) {
    assert.deepEqual(named(sql), [], sql);
  }
});

test('a text is one query, with or without a semicolon at its end', () => {
  assert.equal(askedOf(' select 1 ; ;\n-- done\n', relations).sql, ' select 1');
  for (const sql of ['values 1', 'table visits', '((select 1))', "select ';'", 'select 1 -- ;', 'select ";"']) {
    assert.equal(askedOf(sql, relations).sql, sql);
  }
  const wrong = { code: 'QUERY_INVALID' };
  for (const sql of [
    '',
    ';',
    '-- select 1',
    '()',
    'select 1; select 2',
    'explain select 1',
    'show tables',
    'from visits',
    '"select" 1',
  ]) {
    assert.throws(() => askedOf(sql, relations), wrong, sql);
  }
});

test('relations are put before the text, and before its own WITH', () => {
  const added = [
    { name: 'a', columns: ['x', 'y'], sql: 'select 1, 2 -- one' },
    { name: 'b', columns: ['z'], sql: 'select x from a' },
  ];
  const list = 'a ("x", "y") as (\nselect 1, 2 -- one\n),\nb ("z") as (\nselect x from a\n)';
  assert.equal(askedOf('select * from b', relations).with(added), `with ${list}\nselect * from b`);
  assert.equal(
    askedOf('/* x */ WITH c as (select 2) select 1', relations).with(added),
    `with ${list},\n c as (select 2) select 1`,
  );
  assert.equal(
    askedOf('with recursive c(i) as (select 1) select 1', relations).with(added),
    `with recursive ${list},\n c(i) as (select 1) select 1`,
  );
  assert.equal(
    askedOf('(with c as (select 2) select 1)', relations).with(added),
    `with ${list}\n(with c as (select 2) select 1)`,
  );
  assert.equal(askedOf('select 1;', relations).with([]), 'select 1');
});

test('a WITH may not redefine the name of a relation; a nested one may', () => {
  for (const sql of [
    'with visits as (select 1) select 1',
    'with a as (select 1), "Visits__Rollup"(x, y) as (select 1, 2) select 1',
    'with recursive a(x, visits) as (select f(1, 2), 3), hourly_visits as (select 1) select 1',
  ]) {
    assert.throws(
      () => askedOf(sql, relations),
      { code: 'QUERY_INVALID', message: /WITH gives the name of the table/ },
      sql,
    );
  }
  for (const sql of [
    'with a(visits) as (select 1) select 1',
    'with a as (with visits as (select 1) select * from visits) select 1',
    'with a as (select 1) select 1 as x, visits from a',
    '(with visits as (select 1) select * from visits)',
  ]) {
    assert.doesNotThrow(() => askedOf(sql, relations), sql);
  }
});
