/** The rows of a report for one tenant and given values, wherever they come from. */

import { TributaryError } from '../../core/errors.ts';
import type { TableDef } from '../../core/target.ts';
import type { Answer, QueryEngine } from '../../sinks/query/port.ts';
import type { TablePositions } from '../../sinks/requests/port.ts';
import type { NamedColumn, ParameterValues, Reads, Report } from '../define-report.ts';
import { csvLineSql } from '../files/csv-sql.ts';
import type { Cell } from '../files/format.ts';
import type { FileOptions } from '../files/options.ts';
import { filledSql } from './sql-text.ts';
import { readsUntil } from './until.ts';

/** What reports read. Nothing is opened before it is needed. */
export interface RowSources {
  /** Reads of one tenant. */
  reads(tenant: string): Reads;
  query(): Promise<QueryEngine>;
  /** The text of the file that a report's `sql` refers to. */
  text(file: URL): Promise<string>;
  /** By table: how far the jobs that write it have come. Its rows reflect at least that. */
  positions(tables: readonly TableDef[]): Promise<Reflected>;
}

export interface Wanted {
  readonly report: Report;
  readonly tenant: string;
  readonly values: ParameterValues;
  /** The names of the chosen columns, in the order of the file; null for all. */
  readonly columns: readonly string[] | null;
  /** For a CSV file: its options. If the engine can make the lines, the rows are lines. */
  readonly csv?: FileOptions;
  /** Stops the reading. */
  readonly signal?: AbortSignal;
}

/** What rows reflect, by table. */
export type Reflected = Readonly<Record<string, TablePositions>>;

export interface ReportRows extends AsyncDisposable {
  readonly columns: readonly NamedColumn[];
  readonly pages: AsyncIterable<readonly (readonly Cell[])[]>;
  /** Whether each row has one cell: the line of a CSV file. */
  readonly areLines: boolean;
  readonly reflected: Reflected;
}

/** The chosen columns. Throws USAGE for names that the report does not have, and for a name chosen twice. */
export function chosenColumns({ name, columns }: Report, chosen: readonly string[] | null): readonly NamedColumn[] {
  if (chosen === null) return columns;
  const unknown = chosen.filter((each) => !columns.some((column) => column.name === each));
  if (unknown.length > 0 || chosen.length === 0) {
    const names = columns.map((column) => column.name).join(', ');
    const what = chosen.length === 0 ? 'no column was chosen' : `${name} has no column ${unknown.join(', ')}`;
    throw new TributaryError('USAGE', `${what}: choose some of ${names}`);
  }
  const twice = chosen.find((each, i) => chosen.indexOf(each) !== i);
  if (twice !== undefined) throw new TributaryError('USAGE', `the column ${twice} was chosen twice: choose each once`);
  return chosen.map((each) => columns.find((column) => column.name === each) as NamedColumn);
}

/** The query of a report, with its parameters filled in. */
export async function sqlOf({ report, tenant, values }: Wanted, sources: Pick<RowSources, 'text'>): Promise<string> {
  const { from } = report;
  if (!('sql' in from)) throw new Error(`${report.name} has no query`);
  const sql = from.sql instanceof URL ? await sources.text(from.sql) : from.sql(values);
  return filledSql(sql, report, { tenant, values });
}

export async function rowsOf(wanted: Wanted, sources: RowSources): Promise<ReportRows> {
  const { report, tenant, values, signal } = wanted;
  const columns = chosenColumns(report, wanted.columns);
  const { from } = report;
  if ('sql' in from) return queried(wanted, sources, columns);
  // How far the jobs have come, before any row is read.
  const reflected = await sources.positions(from.reads);
  const pages = cellsOf(from.rows(values, readsUntil(signal, sources.reads(tenant))), columns);
  return { columns, pages, areLines: false, reflected, async [Symbol.asyncDispose]() {} };
}

type RowByName = Readonly<Record<string, Cell | number>>;

async function* cellsOf(
  pages: AsyncIterable<readonly RowByName[]>,
  columns: readonly NamedColumn[],
): AsyncGenerator<readonly Cell[][]> {
  const cells = (row: RowByName): Cell[] =>
    columns.map(({ name, type }) => {
      const cell = row[name] ?? null;
      return type === 'long' && typeof cell === 'number' ? BigInt(cell) : cell;
    });
  for await (const page of pages) yield page.map(cells);
}

async function queried(wanted: Wanted, sources: RowSources, columns: readonly NamedColumn[]): Promise<ReportRows> {
  const { report, csv, signal } = wanted;
  const engine = await sources.query();
  const sql = await sqlOf(wanted, sources);
  const line = csv !== undefined && engine.dialect === 'duckdb' ? csvLineSql(columns, csv) : undefined;
  const text = line === undefined ? sql : `select ${line} as line from (${sql}) _rows`;
  const answer = await engine.query(text, signal && { signal });
  const close = () => answer.close();
  try {
    const at = line === undefined ? positionsIn(report, columns, answer) : [0];
    return {
      columns,
      pages: cellsAt(answer, at),
      areLines: line !== undefined,
      reflected: reflectedBy(answer),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* cellsAt({ pages }: Answer, at: readonly number[]): AsyncGenerator<readonly Cell[][]> {
  for await (const page of pages) yield page.map((row) => at.map((index) => row[index] as Cell));
}

/** The index of each column in a row of the answer. An answer with other names or types is an error of the report. */
function positionsIn({ name: report }: Report, columns: readonly NamedColumn[], answer: Answer): number[] {
  return columns.map(({ name, type }) => {
    const index = answer.columns.findIndex((each) => each.name === name);
    const found = answer.columns[index]?.type;
    if (found === type) return index;
    throw new TributaryError(
      'DECLARATION_INVALID',
      `the query of ${report} gives ${found === undefined ? `no column ${name}` : `${name} as ${found}`}, and the report declares it as ${type}: correct one of them`,
    );
  });
}

const reflectedBy = ({ read }: Pick<Answer, 'read'>): Reflected =>
  Object.fromEntries(
    read.map(({ relation, version, positions }) => [relation, { version, positions: Object.fromEntries(positions) }]),
  );
