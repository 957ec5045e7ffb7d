/** The columns of a datasource as stored in its segments. They define the layout of the table, and what pages and reports show. */
import type { Datasource, Dimension, Metric } from './define-datasource.ts';

/** `timestamp`: ms since 1970 UTC. `list<long>`: a sketch of distinct values. `map<int,long>`: a sketch of quantiles. */
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
  /** Whether it may be null. Every declared column may: files older than a column do not have it. */
  readonly nullable: boolean;
  readonly doc: string;
  readonly unit?: string;
  readonly personal?: true;
}

/** The partition column of the table. Segments do not contain it. */
export const DATE: Column = {
  name: 'date',
  type: 'date',
  nullable: false,
  doc: 'The date of the bucket, in UTC. If buckets are local days, the local date. The table is partitioned by it.',
};

const BUCKET: Column = {
  name: 'bucket',
  type: 'timestamp',
  nullable: false,
  doc: 'When the bucket begins.',
  unit: 'ms since 1970 UTC',
};
const TENANT: Column = { name: 'tenant', type: 'string', nullable: false, doc: 'The tenant that the row belongs to.' };

/** In the order of a segment: the bucket, the tenant, the dimensions, the metrics. */
export const segmentColumns = ({ dimensions, metrics }: Datasource): readonly Column[] => [
  BUCKET,
  TENANT,
  ...dimensions.map(ofDimension),
  ...metrics.map(ofMetric),
];

/** The layout of the table. */
export const layoutOf = (datasource: Datasource) => ({
  columns: [DATE, ...segmentColumns(datasource)],
  partition: DATE.name,
});

/** The columns that identify a row. */
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
