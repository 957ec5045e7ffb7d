/**
 * Given / when / then for one report: events or rows in, rows of the report out. Queries run in the real DuckDB engine, over rollups that
 * the fold made from the events. Rows by key come from memory.
 *
 *     const spec = await reportSpec(t, enrollmentTrend);
 *     await spec.events(enrollments, [learnerJoined, { … }, { tenant: 'north' }]);
 *     await spec.thenRows({ zone: 'Asia/Kolkata' }, { day: '2026-03-01', joined: 1 });
 *
 * Columns that an expected row leaves out are not compared. Every cell must have the type that its column declares.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { layoutOf } from '../../../reports/columns.ts';
import type { Datasource } from '../../../reports/define-datasource.ts';
import type { NamedColumn, Outlook, ParameterValues, Reads, Report } from '../../../reports/define-report.ts';
import type { Cell } from '../../../reports/files/format.ts';
import { relationOf } from '../../../reports/relations.ts';
import { type GivenValues, parseParameters, resolved } from '../../../reports/requesting/parameters.ts';
import { type RowSources, rowsOf, type Wanted } from '../../../reports/requesting/rows.ts';
import type { SegmentRow } from '../../../reports/rollup/fold.ts';
import { directoryObjects } from '../../../sinks/objects/directory/objects.ts';
import { duckQueryEngine } from '../../../sinks/query/duckdb/engine.ts';
import type { QueryEngine } from '../../../sinks/query/port.ts';
import { datasourceSpec } from '../../../testing/datasource-spec.ts';
import { minute, type SpecEvent, type SpecRow } from '../../../testing/job-spec.ts';
import { temporaryFolder } from '../../contracts/delta-samples.ts';
import { type Lake, lakeOf } from '../../contracts/query-samples.ts';
import { drained } from '../visits.ts';
import { MemoryReads } from './memory-reads.ts';

/** The time `now` of a report, unless a test says otherwise: 30 days after minute 0. */
const NOW = minute(30 * 24 * 60);

/** A row by column name. Whole numbers are numbers, unless they are too large. */
export type ReportRow = Readonly<Record<string, string | number | bigint | boolean | null>>;

export class ReportSpec {
  readonly report: Report;
  readonly reads = new MemoryReads();
  /** The source of rows by key. The default is `reads`, in memory. */
  readsOf: (tenant: string) => Reads = (tenant) => this.reads.of(tenant);
  readonly #t: TestContext;
  #lookups: readonly SpecRow[] = [];
  #lake: Promise<{ lake: Lake; engine: QueryEngine }> | undefined;

  constructor(t: TestContext, report: Report) {
    this.#t = t;
    this.report = report;
  }

  #opened() {
    this.#lake ??= opened(this.#t, 'sql' in this.report.from ? this.report.from.reads : []);
    return this.#lake;
  }

  /** Rows of jobs that datasources look up when they count. */
  lookups(...rows: readonly SpecRow[]): void {
    this.#lookups = rows;
  }

  /** Counts the events as one commit. Events without a time get minutes 0, 1 and so on. */
  async events(datasource: Datasource, ...events: readonly SpecEvent[]): Promise<void> {
    const spec = await datasourceSpec(this.#t, datasource, { rows: this.#lookups });
    spec.when(...events);
    await this.segment(datasource, drained(spec.fold));
  }

  async segment(datasource: Datasource, rows: readonly SegmentRow[]): Promise<void> {
    const { lake } = await this.#opened();
    await lake.write(relationOf(datasource), rows, [], layoutOf(datasource));
  }

  rows(...rows: readonly SpecRow[]): void {
    this.reads.add(rows);
  }

  parsed(given: GivenValues): ParameterValues {
    const parsed = parseParameters(this.report, given, NOW);
    assert.ok('values' in parsed, JSON.stringify(parsed));
    return resolved(this.report, parsed.values, NOW);
  }

  async all(given: GivenValues, tenant = DEFAULT_TENANT): Promise<ReportRow[]> {
    const sources: RowSources = {
      reads: this.readsOf,
      query: async () => (await this.#opened()).engine,
      text: (file) => readFile(file, 'utf8'),
      positions: async () => ({}),
    };
    const wanted: Wanted = { report: this.report, tenant, values: this.parsed(given), columns: null };
    await using answer = await rowsOf(wanted, sources);
    const rows: ReportRow[] = [];
    for await (const page of answer.pages) rows.push(...page.map((row) => named(answer.columns, row)));
    return rows;
  }

  /** Expects exactly these rows, in this order. */
  async thenRows(given: GivenValues, ...expected: readonly ReportRow[]): Promise<void> {
    const found = await this.all(given);
    const shown = found.map((row, i) => picked(row, Object.keys(expected[i] ?? row)));
    assert.deepEqual(shown, expected);
  }

  async outlook(given: GivenValues, tenant = DEFAULT_TENANT): Promise<Outlook> {
    const { outlook, name } = this.report;
    assert.ok(outlook, `${name} has no outlook`);
    return outlook(this.parsed(given), this.readsOf(tenant));
  }

  /** Expects exactly these problems before the report runs. */
  async thenProblems(given: GivenValues, ...problems: readonly RegExp[]): Promise<void> {
    const found = (await this.outlook(given)).problems;
    assert.equal(found.length, problems.length, found.join('\n'));
    problems.forEach((problem, i) => void assert.match(found[i] as string, problem));
  }
}

export const reportSpec = async (t: TestContext, report: Report): Promise<ReportSpec> => new ReportSpec(t, report);

const picked = (row: ReportRow, names: readonly string[]): ReportRow =>
  Object.fromEntries(names.map((name) => [name, row[name] ?? null]));

async function opened(t: TestContext, datasources: readonly Datasource[]) {
  const folder = await temporaryFolder(t);
  const made = await lakeOf(t, directoryObjects(join(folder, 'objects')));
  const lake = Object.assign(made, { relations: datasources.map(relationOf) });
  const engine = await duckQueryEngine({
    ...lake,
    folder: join(folder, 'query'),
    location: join(folder, 'objects'),
    cacheBytes: 100_000_000,
    memoryBytes: 200_000_000,
    threads: 1,
  });
  t.after(() => engine.close());
  return { lake, engine };
}

function named(columns: readonly NamedColumn[], row: readonly Cell[]): ReportRow {
  const cells = columns.map(({ name, type }, i): [string, ReportRow[string]] => {
    const cell = row[i] ?? null;
    assert.ok(cell === null || isOf(type, cell), `${name} is ${typeof cell} ${cell}, and is declared as ${type}`);
    return [name, typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell];
  });
  return Object.fromEntries(cells);
}

function isOf(type: NamedColumn['type'], cell: Cell): boolean {
  switch (type) {
    case 'long':
      return typeof cell === 'bigint';
    case 'double':
      return typeof cell === 'number';
    case 'timestamp':
      return Number.isSafeInteger(cell);
    case 'boolean':
      return typeof cell === 'boolean';
    case 'date':
      return typeof cell === 'string' && /^\d{4}-\d\d-\d\d$/.test(cell);
    default:
      return typeof cell === 'string';
  }
}
