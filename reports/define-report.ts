/**
 * How a report is declared: what it answers, its parameters, its columns, who may have it, and where its rows come from.
 *
 * The rows come either from a query over datasources (portable SQL, see `docs/analytics.md`), or from rows of jobs, read by key in pages.
 * Everything here is data and pure functions: no client, no clock, no logger. Times and days relative to now are parameters.
 *
 * A report covers one tenant. Queries get the tenant as `:tenant`; reads by key are limited to it.
 */
import { DateTime } from 'luxon';
import type { Infer, RecordSchema } from '../core/avro.ts';
import { type ErrorCode, TributaryError } from '../core/errors.ts';
import type { KeyOf, TableDef } from '../core/target.ts';

import type { Datasource } from './define-datasource.ts';
import type { Cell, ColumnType } from './files/format.ts';
import { isZone } from './granularity.ts';
import { columnNameProblem } from './names.ts';
import type { Role } from './rights.ts';

// ---- who may have it ----

/**
 * The roles a caller may have. The code that submits the request vouches for them.
 *
 * - `analyst`: reports about courses, batches and learners by their ids.
 * - `personal-data`: columns that are personal.
 * - `operator`: reports about the installation, across all tenants.
 */
export type { Role };

// ---- parameters ----

interface ParameterBase {
  /** What it selects, for people who fill in a form. */
  readonly doc: string;
  /** Whether it may be omitted; it is then null. A parameter with a default is never null. */
  readonly optional?: true;
  /** Whether a value identifies a person. Such values are left out of files and logs. */
  readonly personal?: true;
}
export type Parameter = ParameterBase &
  (
    | { readonly type: 'text'; readonly default?: string; readonly longest?: number }
    | {
        readonly type: 'long';
        readonly unit: string;
        readonly min: number;
        readonly max: number;
        readonly default?: number;
      }
    | { readonly type: 'date'; readonly default?: string }
    /** A moment, in ISO 8601; `now` is the time of the request. The value is in ms since 1970 UTC. */
    | { readonly type: 'moment'; readonly default?: 'now' }
    /** An IANA time zone. */
    | { readonly type: 'zone'; readonly default?: string }
    | { readonly type: 'boolean'; readonly default?: boolean }
    | { readonly type: 'choice'; readonly of: readonly string[]; readonly default?: string }
  );
type Parameters = Readonly<Record<string, Parameter>>;

type ValueOf<P extends Parameter> =
  | (P extends { type: 'long' | 'moment' }
      ? number
      : P extends { type: 'boolean' }
        ? boolean
        : P extends { type: 'choice'; of: readonly (infer C)[] }
          ? C
          : string)
  | (P extends { optional: true } ? null : never);
export type ValuesOf<P extends Parameters> = { readonly [name in keyof P]: ValueOf<P[name]> };
export type ParameterValue = string | number | boolean | null;
/** As stored with a request: one value for each declared parameter. */
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

// ---- columns ----

export interface Column {
  readonly title: string;
  readonly type: ColumnType;
  /** What a value means, and what null means. */
  readonly doc: string;
  readonly unit?: string;
  /** Whether values are personal data. User ids are not. */
  readonly personal?: true;
}
export interface NamedColumn extends Column {
  readonly name: string;
}
type Columns = Readonly<Record<string, Column>>;

type CellOf<T extends ColumnType> =
  | null
  | (T extends 'long'
      ? bigint | number
      : T extends 'double' | 'timestamp'
        ? number
        : T extends 'boolean'
          ? boolean
          : string);
/** A row, keyed by column name. Longs may be plain numbers if they are safe integers. */
export type ReportRow<C extends Columns> = { readonly [name in keyof C]: CellOf<C[name]['type']> };

// ---- where rows come from ----

/** How far a consumer group has read one partition of its topic. */
export interface PartitionLag {
  readonly job: string;
  readonly topic: string;
  readonly partition: number;
  /** The next offset it will read; null if it never committed one. */
  readonly offset: number | null;
  readonly end: number;
}

/** The number of dead letters of one topic, job and error code. */
export interface DeadLetterCount {
  readonly topic: string;
  readonly job: string;
  readonly code: string;
  readonly count: number;
  /** In ms since 1970 UTC. */
  readonly oldestAt: number;
  readonly newestAt: number;
}

/** What a report may read of one tenant while it runs. */
export interface Reads {
  /** Rows of a job or records of a view, in the order of the keys; undefined where there is none. */
  rows<S extends RecordSchema, K extends string>(
    table: TableDef<S, K>,
    keys: readonly KeyOf<TableDef<S, K>>[],
  ): Promise<(Infer<S> | undefined)[]>;
  /** All records with these fields of `table.key`, in the order of the fields they are sorted by, in pages of bounded size. */
  pages<S extends RecordSchema, K extends string>(
    table: TableDef<S, K>,
    key: Partial<KeyOf<TableDef<S, K>>>,
  ): AsyncIterable<readonly Infer<S>[]>;
  /** The lag of all jobs and rollups of the installation. */
  lags(): Promise<readonly PartitionLag[]>;
  deadLetters(): Promise<readonly DeadLetterCount[]>;
}

interface Query<V> {
  /** A file with SQL, or the SQL for these parameters. Each `:name` is replaced by a literal of the parameter's type. */
  readonly sql: URL | ((parameters: V) => string);
  readonly reads: readonly Datasource[];
}
interface ByKey<V, R> {
  readonly rows: (parameters: V, reads: Reads) => AsyncIterable<readonly R[]>;
  /** The tables it reads. Files state how far the jobs that write these tables had come. */
  readonly reads: readonly TableDef[];
}

/** What is known before the report runs. */
export interface Outlook {
  /** Why it cannot run, each with a remedy. */
  readonly problems: readonly string[];
  /** Estimated number of rows; null if unknown. */
  readonly rows: number | null;
  /** Other facts about the rows, known in advance, such as who is not included. */
  readonly notes?: readonly string[];
}

/** An earlier file, as far as `fileProblems` needs it. */
export interface MadeFile {
  readonly rows: number;
  /** The time of the state it shows, in ms since 1970 UTC. */
  readonly asOf: number;
}

interface Declaration<P extends Parameters, C extends Columns> {
  /** Letters, digits and hyphens. */
  name: string;
  title: string;
  /** The question it answers, in one or two sentences. */
  answers: string;
  /** Incremented when the meaning of its rows changes. Files state it, and a file of an older version is not reused. */
  version: number;
  role: Role;
  /** Whether its files must be protected. Files with personal columns always must. */
  protection?: 'optional' | 'required';
  /** How long a file may be reused for the same request, in ms. */
  freshMs: number;
  /** The largest number of rows in a file. Further rows are cut, and the file shows that they were. */
  rowLimit?: number;
  parameters: P;
  /** In the order of the file. */
  columns: C;
  /** Conditions between parameters: those violated, each with a remedy. */
  problems?: (parameters: ValuesOf<P>) => readonly string[];
  outlook?: (parameters: ValuesOf<P>, reads: Reads) => Promise<Outlook>;
  /** Why an earlier file is no longer handed out, each with a remedy. For example, consents may have been withdrawn. */
  fileProblems?: (parameters: ValuesOf<P>, reads: Reads, file: MadeFile) => Promise<readonly string[]>;
  from: Query<ValuesOf<P>> | ByKey<ValuesOf<P>, ReportRow<C>>;
}

/** A declared report, as the runtime sees it: the types were checked when it was declared. */
export interface Report {
  readonly name: string;
  readonly title: string;
  readonly answers: string;
  readonly version: number;
  readonly role: Role;
  readonly protection: 'optional' | 'required';
  readonly freshMs: number;
  readonly rowLimit: number;
  readonly parameters: Parameters;
  readonly columns: readonly NamedColumn[];
  readonly problems: (parameters: ParameterValues) => readonly string[];
  readonly outlook: ((parameters: ParameterValues, reads: Reads) => Promise<Outlook>) | undefined;
  readonly fileProblems:
    | ((parameters: ParameterValues, reads: Reads, file: MadeFile) => Promise<readonly string[]>)
    | undefined;
  readonly from: Query<ParameterValues> | ByKey<ParameterValues, Readonly<Record<string, Cell | number>>>;
}

/** Ten million rows: a worker writes them in a few minutes. */
const ROW_LIMIT = 10_000_000;

/** Throws DECLARATION_INVALID with all errors that types cannot express. */
export function defineReport<const P extends Parameters, const C extends Columns>(
  declaration: Declaration<P, C>,
): Report {
  const columns = Object.entries(declaration.columns).map(([name, column]) => ({ ...column, name }));
  const report = {
    rowLimit: ROW_LIMIT,
    problems: () => [],
    outlook: undefined,
    fileProblems: undefined,
    protection: 'optional',
    ...declaration,
    columns,
  } as unknown as Report;
  const flaws = flawsOf(report);
  if (flaws.length > 0) {
    const code: ErrorCode = 'DECLARATION_INVALID';
    throw new TributaryError(code, `report ${report.name}: ${flaws.join('; ')}`);
  }
  return Object.freeze(report);
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** Every query has this parameter, so no declared parameter may have its name. */
const TENANT = 'tenant';

function flawsOf({ name, version, freshMs, rowLimit, parameters, columns, from }: Report): string[] {
  const flaws: (string | undefined)[] = [];
  if (!NAME.test(name)) flaws.push('its name must be of lower-case letters, digits and hyphens, such as drop-off');
  if (!Number.isSafeInteger(version) || version < 1) flaws.push(`its version is ${version}: give 1 or more`);
  if (!(freshMs >= 0)) flaws.push(`its freshMs is ${freshMs}: give 0 or more`);
  if (!Number.isSafeInteger(rowLimit) || rowLimit < 1) flaws.push(`its rowLimit is ${rowLimit}: give 1 or more`);
  if (columns.length === 0) flaws.push('it has no column');
  for (const { name, title, doc } of columns) {
    flaws.push(columnNameProblem(name));
    if (title.trim() === '' || doc.trim() === '') flaws.push(`the column ${name} needs a title and a doc`);
  }
  for (const [parameter, spec] of Object.entries(parameters)) flaws.push(...parameterFlaws(parameter, spec));
  if ('sql' in from && from.reads.length === 0) flaws.push('its query names no datasource in `reads`');
  return flaws.filter((flaw) => flaw !== undefined);
}

function parameterFlaws(name: string, spec: Parameter): string[] {
  const flaws: string[] = [];
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) flaws.push(`the parameter ${name} must be of letters and digits`);
  if (name === TENANT) flaws.push('no parameter may be named tenant: every query has it');
  if (spec.doc.trim() === '') flaws.push(`the parameter ${name} needs a doc`);
  if (spec.optional && 'default' in spec) flaws.push(`the parameter ${name} has a default, and so is never left out`);
  if (spec.type === 'choice' && spec.of.length === 0) flaws.push(`the parameter ${name} has nothing to choose from`);
  if (spec.type === 'long' && !(spec.min <= spec.max)) flaws.push(`the least of ${name} is more than the most`);
  if (!isDefaultValid(spec)) flaws.push(`the default of ${name} is none of its values`);
  return flaws;
}

function isDefaultValid(spec: Parameter): boolean {
  if (spec.default === undefined) return true;
  switch (spec.type) {
    case 'choice':
      return spec.of.includes(spec.default);
    case 'long':
      return Number.isSafeInteger(spec.default) && spec.default >= spec.min && spec.default <= spec.max;
    case 'zone':
      return isZone(spec.default);
    case 'date':
      return isDay(spec.default);
    case 'text':
      return spec.default !== '' && spec.default.length <= (spec.longest ?? LONGEST_TEXT);
    default:
      return true;
  }
}

/** The longest text of a parameter without its own limit, in UTF-16 units. Ids are no longer than this. */
export const LONGEST_TEXT = 300;

/** Whether it is `YYYY-MM-DD`, from the year 1 on. Engines disagree about the year 0. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !text.startsWith('0000') && DateTime.fromISO(text, { zone: 'utc' }).isValid;
