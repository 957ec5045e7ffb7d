/** Results for people: the metrics of a datasource as plain numbers, by day or dimension, with sketches finished. */
import { DateTime } from 'luxon';
import { TributaryError } from '../../core/errors.ts';
import { keyColumns } from '../columns.ts';
import { type Datasource, pointName } from '../define-datasource.ts';
import { isLocalDay, isZone } from '../granularity.ts';
import { GAMMA, KEY_OFFSET, MOST_HASHES } from '../rollup/sketches.ts';
import { type Key, type Made, regrouped, smallestHashes, timesByKey } from './parts.ts';

/** Periods in the local time of a zone. A week begins on Monday. */
export interface Every {
  readonly every: 'day' | 'week' | 'month';
  /** An IANA time zone. */
  readonly zone: string;
}

export interface Question {
  /** The table, or a query in parentheses with a name. */
  readonly from: string;
  /** The result has the first day of each period as `date`. Without it, all time is one period. */
  readonly time?: Every;
  /** The dimensions to group by. Tenants are always separate. */
  readonly by: readonly string[];
  /** The first and last day, `YYYY-MM-DD`, in the zone of `time`. Without `time`: in `zone`, or else in the zone of the table's dates. */
  readonly dates?: { readonly first: string; readonly last: string; readonly zone?: string };
}

/** The everyday view: one row for each bucket and tuple, as in the segments, with sketches finished. */
export function viewSql(datasource: Datasource, from: string): string {
  const keys = ['date', ...keyColumns(datasource).map(({ name }) => name)].map((name) => ({ name, sql: name }));
  return finished(datasource, from, keys);
}

/**
 * Aggregates the metrics to coarser times and fewer dimensions. Each group counts a distinct value once, and its
 * quantiles cover all its values. Throws USAGE if the buckets do not add up to the days of the zone.
 */
export function summarySql(datasource: Datasource, { from, time, by, dates }: Question): string {
  const dimension = (name: string): Key => {
    if (datasource.dimensions.some((each) => each.name === name)) return { name, sql: name };
    const names = datasource.dimensions.map((each) => each.name).join(', ');
    throw new TributaryError('USAGE', `${datasource.name} has no dimension ${name}: take some of ${names}`);
  };
  const zone = time?.zone ?? dates?.zone;
  const day = zone === undefined ? 'date' : dayIn(datasource, zone);
  const at: Key[] = time === undefined ? [] : [{ name: 'date', sql: startOf(time.every, day) }];
  const keys = [...at, { name: 'tenant', sql: 'tenant' }, ...by.map(dimension)];
  return finished(datasource, dates === undefined ? from : between(from, day, dates), keys);
}

function dayIn({ name, granularity }: Datasource, zone: string): string {
  if (!isZone(zone))
    throw new TributaryError('USAGE', `${zone} is not a time zone: give one of IANA, such as Asia/Kolkata`);
  if (granularity === 'minute' || granularity === 'quarter-hour') return `cast(bucket at time zone '${zone}' as date)`;
  const own = isLocalDay(granularity) ? granularity.localDay : 'UTC';
  if (own === zone) return 'date';
  throw new TributaryError('USAGE', `the buckets of ${name} add up to days of ${own}, and not to those of ${zone}`);
}

const startOf = (every: Every['every'], day: string): string =>
  every === 'day' ? day : `cast(date_trunc('${every}', ${day}) as date)`;

/** The partition date may differ from the day by one, either way. Other partitions need not be read. */
function between(from: string, day: string, { first, last }: { first: string; last: string }): string {
  const [least, , , most] = [-1, 0, 0, 1].map((days, i) => {
    const date = DateTime.fromISO(i < 2 ? first : last, { zone: 'utc' });
    if (date.isValid) return date.plus({ days }).toISODate();
    throw new TributaryError('USAGE', `${i < 2 ? first : last} is not a day: give one such as 2026-01-31`);
  });
  return `${from}\n  where date between date '${least}' and date '${most}' and ${day} between date '${first}' and date '${last}'`;
}

const finished = (datasource: Datasource, from: string, keys: readonly Key[]): string =>
  regrouped(datasource, {
    from,
    keys,
    made: (sketch, names) =>
      sketch.kind === 'distinct' ? different(sketch.name, names) : quantiles(sketch.name, sketch.points, names),
  });

/** Exact below the size of a sketch. Beyond it, the estimate is the density of the hashes, from the largest of the smallest ones. */
const different = (name: string, keys: string): Made => ({
  columns: [name],
  sql: `select ${keys}, case when count(*) < ${MOST_HASHES} then count(*)
    else cast(round(${MOST_HASHES - 1}e0 * 9223372036854775808e0 / cast(max(_hash) as double)) as bigint) end as ${name}
  from ${smallestHashes(name, keys)}
  group by ${keys}`,
});

/** For each point, the value of the lowest bucket whose cumulative count reaches the point's share of all values. */
function quantiles(name: string, points: readonly number[], keys: string): Made {
  const columns = points.map((point) => pointName(name, point));
  const reached = points.map(
    (point, i) => `${middle(`min(case when _until >= ${point}e0 * _all then _key end)`)} as ${columns[i]}`,
  );
  return {
    columns,
    sql: `select ${keys}, ${reached.join(',\n    ')}
  from (
    select ${keys}, _key,
      sum(_times) over (partition by ${keys} order by _key) as _until,
      sum(_times) over (partition by ${keys}) as _all
    from ${timesByKey(name, keys)}
  ) _ranked
  group by ${keys}`,
  };
}

/** The value that represents the bucket of a key. */
const middle = (key: string): string => {
  const magnitude = `${2 / (GAMMA + 1)}e0 * power(${GAMMA}e0, abs(${key}) - ${KEY_OFFSET})`;
  return `case when ${key} = 0 then 0e0 else sign(${key}) * ${magnitude} end`;
};
