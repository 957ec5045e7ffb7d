/**
 * All reports with a query, in a Trino of two nodes, over rollups on S3. They have the same rows as in DuckDB, in the same order, and so
 * the same files, byte by byte. `npm run test:trino` starts everything it needs.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { layoutOf } from '../../reports/columns.ts';
import type { Reads } from '../../reports/define-report.ts';
import { fileOf, fileOfLines } from '../../reports/files/file.ts';
import { FILE_OPTIONS } from '../../reports/files/options.ts';
import { relationOf } from '../../reports/relations.ts';
import { parseParameters, resolved } from '../../reports/requesting/parameters.ts';
import { rowsOf, sqlOf, type Wanted } from '../../reports/requesting/rows.ts';
import type { QueryEngine } from '../../sinks/query/port.ts';
import { datasourceSpec } from '../../testing/datasource-spec.ts';
import { casesOf, eventsOf, ofTenants } from '../reports/definitions/world.ts';
import { drained } from '../reports/visits.ts';
import { answeredInOrder } from './answered.ts';
import { runningTrino } from './running.ts';

const trino = await runningTrino();
const NOW = Date.UTC(2026, 2, 28, 12);
const LEARNERS = { default: 60, north: 3 };

const text = (file: URL) => readFile(file, 'utf8');
const unread = (): never => {
  throw new Error('reports with a query read nothing by key');
};
const NOTHING: Reads = { rows: unread, pages: unread, lags: unread, deadLetters: unread };

/** The CSV of a report by this engine, and whether its lines were made in SQL. */
async function csvOf(
  engine: QueryEngine,
  wanted: Wanted,
): Promise<{ readonly csv: string; readonly isLines: boolean }> {
  const sources = { reads: () => NOTHING, query: async () => engine, text, positions: async () => ({}) };
  await using rows = await rowsOf(wanted, sources);
  const { name, title, version: definitionVersion, rowLimit } = wanted.report;
  const described = { report: name, title, definitionVersion, columnsVersion: '1', columns: rows.columns };
  const spec = {
    format: 'csv',
    columns: rows.columns,
    options: FILE_OPTIONS,
    protection: { kind: 'none' },
    name,
    rowLimit,
    about: { ...described, parameters: [], asOf: NOW, sources: [] },
  } as const;
  const { bytes } = rows.areLines ? fileOfLines(spec, rows.pages) : fileOf(spec, rows.pages);
  return { csv: Buffer.concat(await Array.fromAsync(bytes)).toString(), isLines: rows.areLines };
}

for (const report of ofTenants) {
  const { from } = report;
  if (!('sql' in from)) continue;
  test(`the report ${report.name} over S3 has the same rows and the same file on Trino and on DuckDB`, async (t) => {
    const { lake, engine, duck } = await trino.onS3(t);
    for (const datasource of from.reads) {
      const relation = relationOf(datasource);
      (lake.relations as (typeof relation)[]).push(relation);
      for (const [tenant, learners] of Object.entries(LEARNERS)) {
        const spec = await datasourceSpec(t, datasource);
        spec.when(...(eventsOf(tenant, learners).get(datasource) ?? []));
        await lake.write(relation, drained(spec.fold), [], layoutOf(datasource));
      }
    }
    for (const [n, given] of casesOf(report).entries()) {
      const parsed = parseParameters(report, given, NOW);
      assert.ok('values' in parsed, JSON.stringify(parsed));
      const wanted = { report, tenant: 'default', values: resolved(report, parsed.values, NOW), columns: null };
      const sql = await sqlOf(wanted, { text });
      const expected = await answeredInOrder(duck, sql);
      assert.ok(expected.length > 1 || n > 0, sql);
      assert.deepEqual(await answeredInOrder(engine, sql), expected, sql);
      const lines = await csvOf(duck, { ...wanted, csv: FILE_OPTIONS });
      assert.equal(lines.isLines, true);
      for (const { csv, isLines } of [
        await csvOf(duck, wanted),
        await csvOf(engine, { ...wanted, csv: FILE_OPTIONS }),
      ]) {
        assert.equal(isLines, false);
        assert.equal(csv, lines.csv, sql);
      }
      assert.equal(lines.csv.split('\r\n').length, expected.length + 1, lines.csv);
    }
  });
}
