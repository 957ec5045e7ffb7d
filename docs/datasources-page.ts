/** `docs/datasources.md`, for analysts: what every datasource counts, and how to read its table. */
import type { Platform } from '../modules/define.ts';
import { type Column, DATE, segmentColumns } from '../reports/columns.ts';
import { type Datasource, type Metric, pointName } from '../reports/define-datasource.ts';
import { isLocalDay } from '../reports/granularity.ts';
import { summarySql } from '../reports/sql/finish.ts';
import { anchor, code, codes, table } from './markdown.ts';

/** `madeBy` is the command that writes the page. */
export function datasourcesPage({ datasources }: Pick<Platform, 'datasources'>, madeBy: string): string {
  const parts = [head(madeBy), contents(datasources), ...datasources.map(section), ...example(datasources)];
  return `${parts.join('\n\n')}\n`;
}

const head = (madeBy: string): string => `# Datasources

This page is generated from the declarations of datasources by \`${madeBy}\`. It is for analysts who query the figures.

A datasource counts the events of one topic. Events with the same *bucket* of time and the same *dimensions* are one row, with a *metric* in each
of the other columns. The rows are in a Delta table of Parquet files, partitioned by \`date\`, which DuckDB, Trino, Spark, Polars and others can read.

- **A bucket may have several rows with the same dimensions**, until the table is compacted. Always group: add up counts and sums.
- \`bucket\` is a moment, in UTC. Buckets of a minute or a quarter of an hour add up to the days of every time zone:
  \`cast(bucket at time zone 'Asia/Kolkata' as date)\`.
- \`tenant\` says whose a row is. Without tenants, it is \`default\`.
- **Null in a dimension means unknown.** It is a group of its own, so that the rows add up to the total; \`region <> 'x'\` leaves it out. A dimension
  that is looked up has the value that was known when the event was counted. A text of more than 256 characters is cut and ends with "…".
- **Distinct counts cannot be added up**: somebody who learns on Monday and on Tuesday is one learner of the week. A column of the type
  \`list<long>\` is a sketch of distinct values, the 4,096 smallest hashes: exact below 4,096, and off by 1.6 percent beyond (standard deviation). In a
  view it is finished, as a number.
- A column of the type \`map<int,long>\` is a sketch of a distribution: the number of values in each bucket of values. A quantile has exactly the
  given rank, and its value is right within one percent. A view has a column for each declared point.
- A metric is null in rows that were written before its column existed.

## All datasources`;

function contents(datasources: readonly Datasource[]): string {
  const rows = datasources.map(({ name, title, from, granularity }) => [
    `[${code(name)}](#${anchor(name)})`,
    title,
    code(from.name),
    widthOf(granularity),
  ]);
  return table(['Name', 'What it counts', 'Topic', 'Bucket'], rows);
}

function widthOf(granularity: Datasource['granularity']): string {
  if (isLocalDay(granularity)) return `day in ${granularity.localDay}`;
  return { minute: 'minute', 'quarter-hour': 'quarter of an hour', hour: 'hour', day: 'day in UTC' }[granularity];
}

function section(datasource: Datasource): string {
  const { name, title, about, from, on, granularity, metrics } = datasource;
  const facts = table(
    ['Topic', 'Events', 'Bucket'],
    [[code(from.name), codes(on.map(({ type }) => type)), widthOf(granularity)]],
  );
  const byName = new Map(metrics.map((metric) => [metric.name, metric]));
  const rows = [DATE, ...segmentColumns(datasource)].map((column) => rowOf(column, byName.get(column.name)));
  const heads = ['Column', 'Type', 'In the view', 'Unit', 'Personal', 'Meaning'];
  const shown = heads.map((_, i) => rows.some((row) => row[i] !== ''));
  const kept = (cells: readonly string[]) => cells.filter((_, i) => shown[i]);
  return [`## ${name}`, `${title}. ${about}`, facts, table(kept(heads), rows.map(kept))].join('\n\n');
}

function rowOf({ name, type, unit = '', personal, doc }: Column, metric: Metric | undefined): string[] {
  return [code(name), type, inView(metric), unit, personal ? 'yes' : '', doc];
}

function inView(metric: Metric | undefined): string {
  if (metric?.kind === 'distinct') return `${code(metric.name)}, a number`;
  if (metric?.kind === 'quantile') return codes(metric.points.map((point) => pointName(metric.name, point)));
  return '';
}

/** A complete example of a query with sketches. */
function example(datasources: readonly Datasource[]): string[] {
  const datasource = datasources.find(({ metrics }) => metrics.some(({ kind }) => kind === 'distinct'));
  if (datasource === undefined || isLocalDay(datasource.granularity)) return [];
  const { name, granularity } = datasource;
  const zone = granularity === 'hour' || granularity === 'day' ? 'UTC' : 'Asia/Kolkata';
  const sql = summarySql(datasource, { from: name, time: { every: 'week', zone }, by: [] });
  return [
    '## An example query',
    `The figures of ${code(name)} by week in ${zone}, in SQL that both DuckDB and Trino accept. Each distinct value is counted once a week.`,
    `\`\`\`sql\n${sql}\n\`\`\``,
  ];
}
