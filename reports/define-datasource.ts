/**
 * How a datasource is declared: what is counted from the events of one topic, by time and dimensions.
 *
 * Terms. A *bucket* is an interval of time, as wide as the granularity. A *dimension* is a value by which counts are grouped; the tenant is
 * a dimension of every datasource. A *metric* is a counted figure. Events of one bucket with equal dimensions, a *tuple*, become one row.
 * Until compaction, the table may have several rows for one bucket and tuple; readers add them up.
 *
 * Everything here is data and pure functions: no clock, no randomness, no I/O. Time is the event's time. Lookups return rows of jobs as
 * they are when the event is counted; a later change of such a row does not change the count.
 *
 * Every event counts. So a datasource reads facts that jobs emit once, not events that platforms may repeat.
 */
import { type ErrorCode, TributaryError } from '../core/errors.ts';
import type { AnyEventOf, EventDef, EventOf } from '../core/event.ts';
import type { Found, FoundRows, Lookups } from '../jobs/define.ts';
import type { Topic } from '../topics/define.ts';
import {
  type ConditionOf,
  conditionReader,
  type FieldKind,
  fieldProblems,
  type Maybe,
  type NamedField,
  type TimeFieldsOf,
  timeReader,
  type ValueOf,
  valueReader,
} from './fields.ts';
import { type Granularity, granularityProblem } from './granularity.ts';
import { columnNameProblem } from './names.ts';

// ---- dimensions ----

interface DimensionBase {
  /** What a value means. */
  readonly doc: string;
  /** Whether values identify people. Reports that show them require the role. */
  readonly personal?: true;
}
/** A value by which counts are grouped. Null or undefined means unknown; the column is then null. */
type DimensionWith<Text, Truth, Numeric> = DimensionBase &
  (
    | ({ readonly type?: 'string' } & Text)
    | ({ readonly type: 'boolean' } & Truth)
    | ({ readonly type: 'long'; readonly unit: string } & Numeric)
  );

// ---- metrics ----

interface MetricBase {
  readonly doc: string;
  /** The unit: 'learners', 'ms', 'percent'. */
  readonly unit: string;
}
/** An event for which the value is null or undefined adds nothing to the metric. */
type MetricWith<Text, Numeric, Condition> = MetricBase &
  (
    | ({ readonly kind: 'count' } & Condition)
    | ({
        readonly kind: 'sum';
        /** Longs are whole numbers, and their sums are exact. The last digits of a sum of doubles depend on the order. */
        readonly type: 'long' | 'double';
      } & Numeric)
    | ({
        readonly kind: 'min' | 'max';
        /** A timestamp is in ms since 1970 UTC. */
        readonly type: 'long' | 'double' | 'timestamp';
      } & Numeric)
    | ({ readonly kind: 'distinct' } & Text)
    | ({
        readonly kind: 'quantile';
        /** Between 0 and 1, in whole percent. 0.5 becomes the column `…_p50`. */
        readonly points: readonly number[];
      } & Numeric)
  );

// ---- the declaration ----

/** Broadcasts do not count, because every partition has a copy. */
type Countable<T extends Topic> = T extends Topic<string, infer E> ? E : never;

type DimensionOf<D extends EventDef, F> = DimensionWith<
  ValueOf<D, F, string>,
  ValueOf<D, F, boolean>,
  ValueOf<D, F, number>
>;
type MetricOf<D extends EventDef, F> = MetricWith<ValueOf<D, F, string>, ValueOf<D, F, number>, ConditionOf<D, F>>;

interface Declaration<From extends Topic, On extends readonly Countable<From>[], L extends Lookups> {
  /** The name of its table and of its view in SQL. */
  name: string;
  title: string;
  about: string;
  from: From;
  /** The events it counts. Records of other types are skipped without being decoded. */
  on: On;
  granularity: Granularity;
  /**
   * How many days its table keeps, including the current one; by default all. Whole days are removed, by `tributary rollup expire` or, in
   * the embedded installation, automatically.
   */
  retentionDays?: number;
  lookups?: (event: AnyEventOf<On[number]>) => L;
  /** Which of the events count; by default all. */
  where?: (event: AnyEventOf<On[number]>, found: Found<L>) => boolean;
  /**
   * The time of the fact in ms since 1970 UTC, if it differs from the time of the event. A time later than the event's is replaced by the
   * event's.
   */
  time?: ((event: AnyEventOf<On[number]>) => number) | TimeFieldsOf<On[number]>;
  /** Keyed by column name. */
  dimensions: Readonly<Record<string, DimensionOf<On[number], Found<L>>>>;
  metrics: Readonly<Record<string, MetricOf<On[number], Found<L>>>>;
}

/** Reads a value from an event. It also names the field, if the declaration named one. */
type Reads<V> = NamedField & { readonly of: (event: EventOf<EventDef>, found: FoundRows) => Maybe<V> };
type Counts = NamedField & { readonly when?: (event: EventOf<EventDef>, found: FoundRows) => boolean };

export type Dimension = DimensionWith<Reads<string>, Reads<boolean>, Reads<number>> & { readonly name: string };
export type Metric = MetricWith<Reads<string>, Reads<number>, Counts> & { readonly name: string };

/** A declared datasource, as the runtime sees it: the types of its events and rows were checked when it was declared. */
export interface Datasource {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly from: Topic;
  readonly on: readonly EventDef[];
  readonly granularity: Granularity;
  readonly retentionDays: number | undefined;
  readonly lookups: ((event: EventOf<EventDef>) => Lookups) | undefined;
  readonly where: ((event: EventOf<EventDef>, found: FoundRows) => boolean) | undefined;
  readonly time: ((event: EventOf<EventDef>) => number) | undefined;
  /** The fields that `time` reads, by type of event. Undefined if `time` was declared as a function. */
  readonly timeFields: Readonly<Record<string, string>> | undefined;
  readonly dimensions: readonly Dimension[];
  readonly metrics: readonly Metric[];
}

/** Throws DECLARATION_INVALID with all errors that types cannot express. */
export function defineDatasource<
  From extends Topic,
  const On extends readonly Countable<From>[],
  L extends Lookups = Record<never, never>,
>(declaration: Declaration<From, On, L>): Datasource {
  const { dimensions, metrics, time } = declaration;
  const timeFields = typeof time === 'object' ? (time as Readonly<Record<string, string>>) : undefined;
  const datasource = {
    retentionDays: undefined,
    lookups: undefined,
    where: undefined,
    ...declaration,
    time: timeFields === undefined ? time : timeReader(timeFields),
    timeFields,
    dimensions: named(dimensions),
    metrics: named(metrics),
  } as unknown as Datasource;
  const flaws = flawsOf(datasource);
  if (flaws.length > 0) {
    const code: ErrorCode = 'DECLARATION_INVALID';
    throw new TributaryError(code, `datasource ${datasource.name}: ${flaws.join('; ')}`);
  }
  return Object.freeze(datasource);
}

/** Adds the names, and the functions derived from fields. */
const named = (things: Readonly<Record<string, NamedField & { readonly kind?: string }>>): object[] =>
  Object.entries(things).map(([name, thing]) => {
    const { field, on, kind } = thing;
    if (field === undefined && on === undefined) return { ...thing, name };
    if (kind === 'count') return { ...thing, name, when: conditionReader(thing) };
    return field === undefined ? { ...thing, name } : { ...thing, name, of: valueReader(field, on) };
  });

/** The column of a quantile at one point, such as `seconds_p95`. */
export const pointName = (metric: string, point: number): string => `${metric}_p${Math.round(point * 100)}`;

function flawsOf(datasource: Datasource): string[] {
  const { from, on, granularity, retentionDays, dimensions, metrics } = datasource;
  const flaws: (string | undefined)[] = [granularityProblem(granularity), retentionProblem(retentionDays)];
  if (metrics.length === 0) flaws.push('it has no metric: declare at least one, such as a count');
  if (on.length === 0) flaws.push('it counts no event: name some in `on`');
  for (const { type } of on) {
    if (from.broadcasts.some((each) => each.type === type))
      flaws.push(`${type} is a broadcast of ${from.name}, of which every partition has a copy: count another event`);
    else if (!from.events.some((each) => each.type === type)) flaws.push(`${from.name} has no event ${type}`);
  }
  for (const metric of metrics) if (metric.kind === 'quantile') flaws.push(pointsProblem(metric.name, metric.points));
  flaws.push(...flawsOfFields(datasource));
  const names = [...dimensions, ...metrics].flatMap((each) =>
    'kind' in each && each.kind === 'quantile'
      ? [each.name, ...each.points.map((point) => pointName(each.name, point))]
      : [each.name],
  );
  for (const name of new Set(names)) flaws.push(columnNameProblem(name));
  for (const name of new Set(names.filter((each, i) => names.indexOf(each) !== i)))
    flaws.push(`two of its columns are named ${name}`);
  return flaws.filter((flaw) => flaw !== undefined);
}

function flawsOfFields({ on: counted, dimensions, metrics, timeFields = {} }: Datasource): string[] {
  const ofColumns = [...dimensions, ...metrics].flatMap((each) => {
    const { name, field, on = counted } = each;
    const strange = on.filter(({ type }) => !counted.some((def) => def.type === type));
    const known = on.filter((def) => !strange.includes(def));
    return [
      ...strange.map(
        ({ type }) => `${name}: the datasource counts no ${type}: name it in the \`on\` of the datasource`,
      ),
      ...(field === undefined ? [] : fieldProblems(name, field, kindNeeded(each), known)),
    ];
  });
  const ofTime = Object.entries(timeFields).flatMap(([type, field]) => {
    const events = counted.filter((def) => def.type === type);
    return events.length === 0 ? [`time: it counts no ${type}`] : fieldProblems('time', field, 'long', events);
  });
  return [...ofColumns, ...ofTime];
}

function kindNeeded(column: Dimension | Metric): FieldKind {
  if (!('kind' in column)) return column.type === 'boolean' || column.type === 'long' ? column.type : 'text';
  if (column.kind === 'count') return 'boolean';
  if (column.kind === 'distinct') return 'text';
  return column.kind === 'quantile' || column.type === 'double' ? 'number' : 'long';
}

function retentionProblem(days: number | undefined): string | undefined {
  if (days === undefined || (Number.isSafeInteger(days) && days >= 1)) return undefined;
  return `its retentionDays is ${days}: give a whole number of days, at least 1`;
}

function pointsProblem(name: string, points: readonly number[]): string | undefined {
  const isPoint = (point: number) => point > 0 && point < 1 && Math.round(point * 100) / 100 === point;
  if (points.length > 0 && points.every(isPoint)) return undefined;
  return `the points of ${name} are ${points.join(', ') || 'none'}: give some between 0.01 and 0.99, in whole percent`;
}

/** The shape of a datasource's rows, as text. Rows of another shape cannot be added to them. */
export function shapeOf({ from, on, granularity, dimensions, metrics }: Datasource): string {
  return JSON.stringify({
    from: from.name,
    on: on.map(({ type }) => type),
    granularity,
    dimensions: dimensions.map(({ name, type = 'string' }) => [name, type]),
    metrics: metrics.map((each) => [each.name, each.kind, ...('type' in each ? [each.type] : [])]),
  });
}
