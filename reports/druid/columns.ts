/** The dimensions and metrics of a datasource as columns of Druid, computed from event fields; and those that Druid cannot compute. */
import type { EventDef } from '../../core/event.ts';
import type { Datasource, Dimension, Metric } from '../define-datasource.ts';
import { fieldNamed } from '../fields.ts';
import { type Encoding, fieldOf, ofEvents } from './expressions.ts';

export interface Transform {
  readonly type: 'expression';
  readonly name: string;
  readonly expression: string;
}

/** A column of Druid, and the transforms that compute it from the record. */
export interface DruidColumn {
  /** An entry of `dimensionsSpec` or `metricsSpec`. */
  readonly column: Readonly<Record<string, unknown>>;
  readonly transforms: readonly Transform[];
  readonly fields: readonly string[];
}

/** Why Druid cannot compute a column. */
export interface LeftOut {
  readonly column: string;
  readonly why: string;
}

/** The prefix of the inputs of metrics. No column of a datasource has such a name. */
const VALUE = 'value.';
/** Druid's defaults: a distinct count is off by 1.6 percent, a rank by 1.7 (standard deviations). */
const HLL_LG_K = 12;
const QUANTILES_K = 128;

const BY_FUNCTION = 'a function or a lookup makes it of the event; Druid reads fields alone';
const isLenient = (field: string, events: readonly EventDef[]): boolean =>
  events.some((def) => fieldNamed(def, field)?.lenient === true);
const LENIENT = 'values that do not fit its field are replaced, which Druid cannot do';

interface Column {
  readonly each: Dimension | Metric;
  readonly datasource: Datasource;
  readonly encoding: Encoding;
}

export function druidColumn(column: Column): DruidColumn | LeftOut {
  const { each, datasource, encoding } = column;
  const { name, field, on } = each;
  const isPlainCount = 'kind' in each && each.kind === 'count' && each.when === undefined;
  if (field === undefined && on === undefined && !isPlainCount) return { column: name, why: BY_FUNCTION };
  const events = datasource.on.filter(({ type }) => on === undefined || on.some((def) => def.type === type));
  if (field !== undefined && isLenient(field, events)) return { column: name, why: LENIENT };
  const reading = { encoding, counted: datasource.on, events };
  const value = field === undefined ? undefined : fieldOf(reading, field);
  const from = { fields: field === undefined ? [] : [field] };
  if (!('kind' in each)) return { ...from, ...dimensionOf(each, value as string) };
  if (isPlainCount) return { ...from, transforms: [], column: { type: 'count', name } };
  const counted = ofEvents(reading, (def) =>
    field === undefined ? '1' : `if(${fieldOf({ encoding, counted: [def], events: [def] }, field)}, 1, 0)`,
  );
  const expression = each.kind === 'count' ? `nvl(${counted}, 0)` : textless(each, value as string);
  return {
    ...from,
    transforms: [transform(`${VALUE}${name}`, expression)],
    column: { ...aggregatorOf(each), name, fieldName: `${VALUE}${name}` },
  };
}

const transform = (name: string, expression: string): Transform => ({ type: 'expression', name, expression });

/** An empty text means unknown. */
const known = (value: string): string => `if(${value} == '', null, ${value})`;
const textless = (metric: Metric, value: string): string => (metric.kind === 'distinct' ? known(value) : value);

function dimensionOf({ name, type = 'string' }: Dimension, value: string) {
  const expression = {
    string: known(value),
    boolean: `if(isnull(${value}), null, if(${value}, 'true', 'false'))`,
    long: value,
  }[type];
  return {
    transforms: [transform(name, expression)],
    column: { type: type === 'long' ? 'long' : 'string', name },
  };
}

function aggregatorOf(metric: Metric): Readonly<Record<string, unknown>> {
  switch (metric.kind) {
    case 'count':
      return { type: 'longSum' };
    case 'distinct':
      return { type: 'HLLSketchBuild', lgK: HLL_LG_K, round: true };
    case 'quantile':
      return { type: 'quantilesDoublesSketch', k: QUANTILES_K };
    default: {
      const what = { sum: 'Sum', min: 'Min', max: 'Max' }[metric.kind];
      return { type: `${metric.type === 'double' ? 'double' : 'long'}${what}` };
    }
  }
}
