/**
 * The pieces of SQL that merge rows of a datasource, in the subset with the same meaning in DuckDB and Trino.
 *
 * - Sums are cast: in DuckDB a sum of longs is wider than a long. A sum that exceeds a long fails; nothing is rounded.
 * - Sketches are merged row by row, by `unnest` and `group by`: operations on whole lists and maps take a hundred times
 *   as long.
 * - Names that begin with an underscore are ours: no column of a datasource has one.
 */
import type { Datasource, Metric } from '../define-datasource.ts';
import { MOST_HASHES } from '../rollup/sketches.ts';

/** A key of a row: the column of the result, and the SQL over the columns of the table. */
export interface Key {
  readonly name: string;
  readonly sql: string;
}

type Sketch = Extract<Metric, { kind: 'distinct' | 'quantile' }>;

/** Columns computed from a sketch, and the relation that has them beside the keys. */
export interface Made {
  readonly columns: readonly string[];
  readonly sql: string;
}

const isSketch = (metric: Metric): metric is Sketch => metric.kind === 'distinct' || metric.kind === 'quantile';

export const list = (names: readonly string[]): string => names.join(', ');

/** The aggregate of a metric other than a sketch. */
function aggregateOf(metric: Exclude<Metric, Sketch>): string {
  const { name, kind } = metric;
  if (kind === 'min' || kind === 'max') return `${kind}(${name})`;
  return kind === 'sum' && metric.type === 'double' ? `sum(${name})` : `cast(sum(${name}) as bigint)`;
}

/**
 * One row for each distinct value of the keys, with every metric. `made` computes sketches; aggregates compute all others. Each part is
 * grouped separately, and one more grouping combines the parts: a join would have to compare nulls.
 */
export function regrouped(
  { metrics }: Datasource,
  { from, keys, made }: { from: string; keys: readonly Key[]; made: (sketch: Sketch, keys: string) => Made },
): string {
  const names = list(keys.map(({ name }) => name));
  const plain = metrics.filter((metric) => !isSketch(metric));
  const sketches = metrics.filter(isSketch).map((metric) => ({ metric, made: made(metric, names) }));
  const source = `_source as (\n  select ${list([...keys.map(({ name, sql }) => (name === sql ? name : `${sql} as ${name}`)), ...metrics.map(({ name }) => name)])}\n  from ${from}\n)`;
  const aggregates = plain.map((metric) => `${aggregateOf(metric)} as ${metric.name}`);
  const groups = `select ${list([names, ...aggregates])}\n  from _source\n  group by ${names}`;
  if (sketches.length === 0) return `with ${source}\n${groups.replaceAll('\n  ', '\n')}`;
  const relations = [
    { name: '_plain', columns: plain.map(({ name }) => name), sql: groups },
    ...sketches.map(({ metric, made }) => ({ name: `_${metric.name}`, ...made })),
  ];
  const all = metrics.flatMap(
    (metric) => sketches.find((each) => each.metric === metric)?.made.columns ?? [metric.name],
  );
  const beside = relations.map(({ name, columns }) => {
    const cells = all.map((column) => (columns.includes(column) ? column : `null as ${column}`));
    return `  select ${list([names, ...cells])} from ${name}`;
  });
  return `with ${[source, ...relations.map(({ name, sql }) => `${name} as (\n  ${sql}\n)`)].join(',\n')}
select ${list([names, ...all.map((column) => `any_value(${column}) as ${column}`)])}
from (
${beside.join('\n  union all\n')}
) _parts
group by ${names}`;
}

/** The smallest distinct hashes of each group, at most the size of a sketch: one row for each, as `_hash`. */
export const smallestHashes = (column: string, keys: string): string => `(
    select ${keys}, _hash
    from (
      select ${keys}, _hash, row_number() over (partition by ${keys} order by _hash) as _place
      from (select distinct ${keys}, _hash from _source cross join unnest(${column}) as _each(_hash)) _different
    ) _placed
    where _place <= ${MOST_HASHES}
  ) _smallest`;

/** The number of values of each group in each bucket of the sketch: one row for each, as `_key` and `_times`. */
export const timesByKey = (column: string, keys: string): string => `(
    select ${keys}, _key, cast(sum(${column}[_key]) as bigint) as _times
    from _source cross join unnest(map_keys(${column})) as _each(_key)
    group by ${keys}, _key
  ) _buckets`;
