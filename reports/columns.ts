/** The columns of a datasource, as its segments have them: what the table is made of, and what pages and reports show. */
import type { Datasource, Dimension, Metric } from './define-datasource.ts';

/** `timestamp`: ms since 1970 UTC. `list<long>`: a sketch of different values. `map<int,long>`: a sketch of quantiles. */
export type ColumnType =
  | 'string'
  | 'boolean'
  | 'long'
  | 'double'
  | 'timestamp'
  | 'date'
  | 'list<long>'
  | 'map<int,long>';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether it may be null: all may that a datasource declares, since files that are older than a column have none. */
  readonly nullable: boolean;
  readonly doc: string;
  readonly unit?: string;
  readonly personal?: true;
}

/** The partition of the table: it stands in no segment. */
export const DATE: Column = {
  name: 'date',
  type: 'date',
  nullable: false,
  doc: 'The date of the bucket, in UTC; of local days, the date there. The table is partitioned by it.',
};

const BUCKET: Column = {
  name: 'bucket',
  type: 'timestamp',
  nullable: false,
  doc: 'When the bucket begins.',
  unit: 'ms since 1970 UTC',
};
const TENANT: Column = { name: 'tenant', type: 'string', nullable: false, doc: 'Whose it is.' };

/** In the order in which a segment has them: the bucket, the tenant, the dimensions, the metrics. */
export const segmentColumns = ({ dimensions, metrics }: Datasource): readonly Column[] => [
  BUCKET,
  TENANT,
  ...dimensions.map(ofDimension),
  ...metrics.map(ofMetric),
];

/** What the table is made of. */
export const layoutOf = (datasource: Datasource) => ({
  columns: [DATE, ...segmentColumns(datasource)],
  partition: DATE.name,
});

/** The columns that make a row one of its own. */
export const keyColumns = ({ dimensions }: Datasource): readonly Column[] => [
  BUCKET,
  TENANT,
  ...dimensions.map(ofDimension),
];

function ofDimension(dimension: Dimension): Column {
  const { name, doc, type = 'string', personal } = dimension;
  return {
    name,
    type,
    nullable: true,
    doc,
    ...('unit' in dimension && { unit: dimension.unit }),
    ...(personal && { personal }),
  };
}

function ofMetric(metric: Metric): Column {
  const { name, doc, unit } = metric;
  return { name, type: typeOf(metric), nullable: true, doc, unit };
}

function typeOf(metric: Metric): ColumnType {
  switch (metric.kind) {
    case 'count':
      return 'long';
    case 'distinct':
      return 'list<long>';
    case 'quantile':
      return 'map<int,long>';
    default:
      return metric.type;
  }
}
