/** Turns a question about a datasource into a query of one tenant. Only declared names are accepted, and values become literals. */
import { type FieldProblem, TributaryError } from '../../core/errors.ts';
import type { AnswerType, QueryEngine, Value } from '../../sinks/query/port.ts';
import { type Datasource, type Dimension, type Metric, pointName } from '../define-datasource.ts';
import { isoUtc } from '../files/times.ts';
import { isZone } from '../granularity.ts';
import { relationOf } from '../relations.ts';
import { textLiteral } from '../requesting/sql-text.ts';
import { summarySql } from '../sql/finish.ts';
import type { JsonSchema } from './parameter-schema.ts';

/** The largest number of rows in an answer. */
export const MOST_ROWS = 10_000;

export interface Asked {
  readonly every: 'day' | 'week' | 'month' | null;
  readonly zone: string;
  readonly by: readonly string[];
  /** Null for all. */
  readonly metrics: readonly string[] | null;
  readonly first: string | null;
  readonly last: string | null;
  /** By dimension: the values to include; null means unknown. */
  readonly filter: Readonly<Record<string, readonly (string | number | boolean | null)[]>>;
  readonly limit: number;
}

export interface AskedColumn {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
  readonly unit?: string;
}

/** The metrics as answered: a quantile has a column for each of its points. */
function metricColumns(datasource: Datasource): readonly AskedColumn[] {
  const dimensions = datasource.dimensions.map(({ name }) => name);
  const keys = ['date', 'bucket', 'tenant', ...dimensions];
  return relationOf(datasource)
    .columns.filter(({ name }) => !keys.includes(name))
    .map(described);
}

/** The metrics as listed. The kind shows whether they can be added up. */
export function listedMetrics(datasource: Datasource) {
  const kinds = new Map<string, Metric['kind']>();
  for (const metric of datasource.metrics) {
    const names =
      metric.kind === 'quantile' ? metric.points.map((point) => pointName(metric.name, point)) : [metric.name];
    for (const name of names) kinds.set(name, metric.kind);
  }
  return metricColumns(datasource).map((column) => ({ ...column, kind: kinds.get(column.name) as Metric['kind'] }));
}

const described = ({ name, type, doc = '', unit }: Omit<AskedColumn, 'doc'> & { doc?: string }): AskedColumn => ({
  name,
  type,
  doc,
  ...(unit !== undefined && { unit }),
});

export const dimensionColumn = ({ name, doc, ...rest }: Dimension) => ({
  name,
  type: rest.type ?? 'string',
  doc,
  personal: rest.personal === true,
});

/** Throws USAGE or NOT_ALLOWED and lists all problems. */
export function rollupQuery(
  datasource: Datasource,
  asked: Asked,
  caller: { tenant: string; roles: readonly string[] },
) {
  const metrics = metricColumns(datasource);
  const problems = problemsOf(datasource, asked, metrics);
  if (problems.length > 0) throw refusal('USAGE', datasource, problems);
  const personal = personalProblems(datasource, asked, caller.roles);
  if (personal.length > 0) throw refusal('NOT_ALLOWED', datasource, personal);
  const { every, zone, by, first, last, filter, limit } = asked;
  const wanted = asked.metrics === null ? metrics : metrics.filter(({ name }) => asked.metrics?.includes(name));
  const keys = [...(every === null ? [] : ['date']), ...by];
  const conditions = [`tenant = ${textLiteral(caller.tenant)}`, ...Object.entries(filter).map(condition)];
  const summary = summarySql(datasource, {
    from: `(select * from ${relationOf(datasource).stored} where ${conditions.join(' and ')}) _own`,
    ...(every !== null && { time: { every, zone } }),
    by,
    ...(first !== null && last !== null && { dates: { first, last, zone } }),
  });
  const columns: AskedColumn[] = [
    ...(every === null ? [] : [{ name: 'date', type: 'date', doc: `The first day of the ${every}.` }]),
    ...by.map((name) =>
      described(dimensionColumn(datasource.dimensions.find((each) => each.name === name) as Dimension)),
    ),
    ...wanted,
  ];
  const order = keys.length === 0 ? '' : `\norder by ${keys.join(', ')}`;
  const sql = `select ${columns.map(({ name }) => name).join(', ')} from (${summary}) _summary${order}\nlimit ${limit + 1}`;
  return { sql, columns };
}

function problemsOf(datasource: Datasource, asked: Asked, metrics: readonly AskedColumn[]): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const { by, every, zone, first, last, filter } = asked;
  const names = datasource.dimensions.map(({ name }) => name);
  const check = (field: string, given: readonly string[], known: readonly string[]) => {
    for (const each of given.filter((name) => !known.includes(name)))
      problems.push({ field, message: `there is no ${each}: take some of ${known.join(', ')}` });
    if (new Set(given).size < given.length)
      problems.push({ field, message: 'something is there twice: take each once' });
  };
  const known = metrics.map(({ name }) => name);
  check('by', by, names);
  check('metrics', asked.metrics ?? [], known);
  if (asked.metrics?.length === 0) problems.push({ field: 'metrics', message: `take some of ${known.join(', ')}` });
  check('filter', Object.keys(filter), names);
  for (const { name, type = 'string' } of datasource.dimensions) {
    const values = Object.hasOwn(filter, name) ? (filter[name] ?? []) : undefined;
    if (values?.length === 0) problems.push({ field: `filter.${name}`, message: 'give one value or more' });
    if (values?.some((value) => value !== null && !isOf(type, value)))
      problems.push({ field: `filter.${name}`, message: `give values of the type ${type}, or null for unknown` });
  }
  if ((first === null) !== (last === null) || (first !== null && last !== null && first > last))
    problems.push({ field: 'first', message: 'give a first and a last day that is not before it, or neither' });
  if (!isZone(zone)) problems.push({ field: 'zone', message: 'give a time zone of IANA, such as Asia/Kolkata' });
  else if (every !== null || first !== null) problems.push(...zoneProblems(datasource, every ?? 'day', zone));
  return problems;
}

/** Buckets of local days add up only to days of their own zone. */
function zoneProblems(datasource: Datasource, every: 'day' | 'week' | 'month', zone: string): FieldProblem[] {
  try {
    summarySql(datasource, { from: datasource.name, time: { every, zone }, by: [] });
    return [];
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    return [{ field: 'zone', message: error.message }];
  }
}

function isOf(type: 'string' | 'boolean' | 'long', value: string | number | boolean): boolean {
  if (type === 'long') return Number.isSafeInteger(value);
  return typeof value === type && (typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0')));
}

function personalProblems({ dimensions }: Datasource, { by, filter }: Asked, roles: readonly string[]): FieldProblem[] {
  if (roles.includes('personal-data')) return [];
  const isAsked = ({ name }: Dimension) => by.includes(name) || Object.hasOwn(filter, name);
  return dimensions
    .filter((each) => each.personal === true && isAsked(each))
    .map(({ name }) => ({
      field: by.includes(name) ? 'by' : `filter.${name}`,
      message: `${name} needs the role personal-data: leave it out`,
    }));
}

function refusal(code: 'USAGE' | 'NOT_ALLOWED', { name }: Datasource, problems: readonly FieldProblem[]) {
  const what = problems.map(({ field, message }) => `${field}: ${message}`).join('\n');
  return new TributaryError(code, `${name} cannot be asked like this: ${what}`, { problems });
}

function condition([name, values]: [string, readonly (string | number | boolean | null)[]]): string {
  const known = values.filter((value) => value !== null);
  const literals = known.map((value) => (typeof value === 'string' ? textLiteral(value) : String(value)));
  const some = literals.length === 0 ? [] : [`${name} in (${literals.join(', ')})`];
  return `(${[...some, ...(known.length < values.length ? [`${name} is null`] : [])].join(' or ')})`;
}

/** The rows of an answer as JSON, at most `limit`. */
export async function rollupRows(engine: QueryEngine, sql: string, limit: number, signal: AbortSignal) {
  await using answer = await engine.query(sql, { signal });
  const types = answer.columns.map(({ type }) => type);
  const rows: unknown[][] = [];
  for await (const page of answer.pages) {
    for (const row of page) {
      if (rows.length === limit) return { rows, more: true };
      rows.push(row.map((value, at) => jsonOf(types[at], value)));
    }
  }
  return { rows, more: false };
}

function jsonOf(type: AnswerType | undefined, value: Value): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== 'number') return value;
  if (type === 'timestamp') return isoUtc(value);
  return Number.isFinite(value) ? value : String(value);
}

/** The JSON Schema of a query body, with the names of this datasource. */
export function querySchema(datasource: Datasource, base: JsonSchema): JsonSchema {
  const properties = base['properties'] as JsonSchema;
  const dimensions = datasource.dimensions.map(({ name }) => name);
  const valuesOf = ({ type = 'string' }: Dimension) => ({
    type: 'array',
    minItems: 1,
    maxItems: 100,
    items: { type: [type === 'long' ? 'integer' : type, 'null'] },
  });
  const filters = Object.fromEntries(datasource.dimensions.map((each) => [each.name, valuesOf(each)]));
  const metrics = { enum: metricColumns(datasource).map(({ name }) => name) };
  return {
    ...base,
    properties: {
      ...properties,
      by: { ...(properties['by'] as JsonSchema), uniqueItems: true, items: { enum: dimensions } },
      metrics: { type: ['array', 'null'], uniqueItems: true, minItems: 1, items: metrics },
      filter: { type: 'object', properties: filters, additionalProperties: false },
    },
  };
}
