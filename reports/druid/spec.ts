/**
 * A datasource as a supervisor of Apache Druid 33 that reads its topic: the specification to post to `/druid/indexer/v1/supervisor`. It
 * counts what our rollup counts, as far as Druid can read it from a record, and names the columns it leaves out.
 */
import { TributaryError } from '../../core/errors.ts';
import { ONLY_FOR } from '../../topics/codec/own-headers.ts';
import type { Datasource } from '../define-datasource.ts';
import { type Granularity, isLocalDay } from '../granularity.ts';
import { type DruidColumn, druidColumn, type LeftOut, type Transform } from './columns.ts';
import {
  all,
  attribute,
  type Encoding,
  eventTime,
  fieldOf,
  fitness,
  HEADER,
  hasAttributes,
  inputColumns,
  RECORD_TIME,
  tenant,
} from './expressions.ts';

/** What Druid connects to. */
export interface DruidSource {
  readonly encoding: Encoding;
  /** The properties of its Kafka consumer, without secrets. */
  readonly consumer: Readonly<Record<string, unknown>>;
  /** The `avroBytesDecoder` of the registry; undefined for JSON. */
  readonly decoder?: Readonly<Record<string, unknown>> | undefined;
}

export interface DruidSpec {
  /** To be serialised as JSON. Its `context.tributary` also lists the columns that were left out. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly leftOut: readonly LeftOut[];
}

const TYPE = 'tributary.type';
const INSTEAD =
  "read the rows of its table instead, by Druid's input source `delta`, or by `tributary query --json` into a file";

/** Throws USAGE for a datasource that Druid would count wrongly. */
export function druidSpec(datasource: Datasource, source: DruidSource): DruidSpec {
  const { encoding } = source;
  refuse(datasource);
  const made = [...datasource.dimensions, ...datasource.metrics].map((each) =>
    druidColumn({ each, datasource, encoding }),
  );
  const leftOut = made.filter((each): each is LeftOut => 'why' in each);
  const columns = made.filter((each): each is DruidColumn => !('why' in each));
  const isDimension = ({ column }: DruidColumn): boolean =>
    datasource.dimensions.some(({ name }) => name === column['name']);
  const metrics = columns.filter((each) => !isDimension(each));
  if (metrics.length === 0) {
    throw refused(datasource, 'none of its metrics is a field of the event: declare one by `field`');
  }
  const fit = fitness(encoding, datasource);
  const ofTime = Object.values(datasource.timeFields ?? {});
  const fields = [...new Set([...columns.flatMap((each) => each.fields), ...ofTime, ...fit.fields])];
  const transforms: Transform[] = [
    { type: 'expression', name: '__time', expression: timeOf(datasource, encoding) },
    { type: 'expression', name: TYPE, expression: attribute(encoding, 'type') },
    { type: 'expression', name: 'tenant', expression: tenant(encoding) },
    ...columns.flatMap((each) => each.transforms),
  ];
  const spec = {
    type: 'kafka',
    spec: {
      dataSchema: {
        dataSource: datasource.name,
        timestampSpec: { column: RECORD_TIME, format: 'millis' },
        dimensionsSpec: {
          dimensions: [{ type: 'string', name: 'tenant' }, ...columns.filter(isDimension).map(({ column }) => column)],
        },
        metricsSpec: metrics.map(({ column }) => column),
        granularitySpec: granularityOf(datasource.granularity),
        transformSpec: { transforms, filter: filterOf(datasource, [hasAttributes(encoding), ...fit.conditions]) },
      },
      ioConfig: {
        topic: datasource.from.name,
        inputFormat: inputFormat(source, fields),
        // Events of aborted transactions never happened.
        consumerProperties: { ...source.consumer, 'isolation.level': 'read_committed' },
        useEarliestOffset: true,
      },
      // A record that cannot be read fails the task, so nothing is skipped silently, for example while the registry is down.
      tuningConfig: { type: 'kafka', maxParseExceptions: 0, logParseExceptions: true },
    },
    context: {
      tributary: {
        datasource: datasource.name,
        leftOut: Object.fromEntries(leftOut.map(({ column, why }) => [column, why])),
      },
    },
  };
  return { spec, leftOut };
}

const refused = ({ name }: Datasource, why: string): TributaryError =>
  new TributaryError('USAGE', `Druid cannot count ${name} from its topic: ${why}; or ${INSTEAD}`);

function refuse(datasource: Datasource): void {
  const { where, time, timeFields } = datasource;
  if (where !== undefined) {
    throw refused(
      datasource,
      'a function decides which events count (`where`): give what it leaves out an event of its own',
    );
  }
  if (time !== undefined && timeFields === undefined) {
    throw refused(datasource, 'a function gives the time of an event (`time`): name the field of each type instead');
  }
}

/** The time of the fact: a field of some events, never later than the event itself. */
function timeOf({ on, timeFields = {} }: Datasource, encoding: Encoding): string {
  const time = eventTime(encoding);
  const fields = on.flatMap((def) => {
    const field = timeFields[def.type];
    return field === undefined ? [] : [fieldOf({ encoding, counted: on, events: [def] }, field)];
  });
  // `least` ignores null, the value for other events.
  return fields.length === 0 ? time : `least(${[...fields, time].join(', ')})`;
}

/** The events that count: those of these types that meet the conditions, and that are not for one job alone. */
function filterOf({ on }: Datasource, conditions: readonly string[]) {
  return {
    type: 'and',
    fields: [
      { type: 'in', dimension: TYPE, values: on.map(({ type }) => type) },
      { type: 'null', column: `${HEADER}${ONLY_FOR}` },
      { type: 'expression', expression: all(conditions) },
    ],
  };
}

function inputFormat({ encoding, decoder }: DruidSource, fields: readonly string[]) {
  const flattenSpec = {
    useFieldDiscovery: false,
    fields: inputColumns(encoding, fields).map(({ name, path }) => ({ type: 'path', name, expr: path })),
  };
  return {
    type: 'kafka',
    headerFormat: { type: 'string', encoding: 'UTF-8' },
    valueFormat:
      encoding === 'avro'
        ? { type: 'avro_stream', avroBytesDecoder: decoder, flattenSpec }
        : { type: 'json', flattenSpec },
  };
}

const GRANULARITIES = { minute: 'MINUTE', 'quarter-hour': 'FIFTEEN_MINUTE', hour: 'HOUR', day: 'DAY' } as const;

function granularityOf(granularity: Granularity) {
  const own = isLocalDay(granularity) ? { type: 'period', period: 'P1D', timeZone: granularity.localDay } : undefined;
  return {
    type: 'uniform',
    segmentGranularity: own ?? 'DAY',
    queryGranularity: own ?? GRANULARITIES[granularity as keyof typeof GRANULARITIES],
    rollup: true,
  };
}
