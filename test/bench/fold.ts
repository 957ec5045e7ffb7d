/**
 * Folding decoded events compared with DuckDB's GROUP BY over the same events as Parquet, in CPU seconds of one process in one run:
 *
 *     npm run node -- test/bench/fold.ts [events]
 *
 * Without sketches: count, sum, minimum and maximum. With sketches: also distinct users and quantiles, which DuckDB computes from the same
 * hashes and buckets. Both sides make all rows: ours as the objects from which segments are written, DuckDB's as a table.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Column, segmentColumns } from '../../reports/columns.ts';
import { type Datasource, defineDatasource } from '../../reports/define-datasource.ts';
import { RollupFold } from '../../reports/rollup/fold.ts';
import { GAMMA, KEY_OFFSET } from '../../reports/rollup/sketches.ts';
import { mergeSql } from '../../reports/sql/merge.ts';
import { type Duck, duckdb } from '../reports/duckdb.ts';
import { START, type Visit, visit, visitEvents, visited } from '../reports/visits.ts';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const BATCH = 5000;
const PAGES = 1000;
const USERS = 50_000;
/** Some 100 buckets of 1,000 pages. */
const SPAN_MS = 100 * 15 * 60_000;

const SKETCHES = {
  visitors: { kind: 'distinct', doc: 'Visitors.', unit: 'users', of: ({ data }: Visit) => data.userId },
  duration: { kind: 'quantile', doc: 'Seconds.', unit: 's', points: [0.5], of: ({ data }: Visit) => data.seconds },
} as const;

function datasource(sketches: boolean): Datasource {
  return defineDatasource({
    name: 'visits',
    title: 'Visits',
    about: 'Visits of pages.',
    from: visitEvents,
    on: [visited],
    granularity: 'quarter-hour',
    dimensions: {
      page: { doc: 'The page.', of: ({ data }) => data.page },
      mobile: { doc: 'Whether on a phone.', type: 'boolean', of: ({ data }) => data.mobile },
    },
    metrics: {
      visits: { kind: 'count', doc: 'Visits.', unit: 'visits' },
      points: { kind: 'sum', type: 'long', doc: 'Points.', unit: 'points', of: ({ data }) => data.points },
      least: { kind: 'min', type: 'double', doc: 'Least.', unit: 's', of: ({ data }) => data.seconds },
      most: { kind: 'max', type: 'double', doc: 'Most.', unit: 's', of: ({ data }) => data.seconds },
      ...(sketches ? SKETCHES : {}),
    },
  });
}

/** Pseudorandom numbers from 0 to 1, equal in every run. */
function* draws(): Generator<number> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/**
 * Events in the order of time, as in a log, one batch at a time, as in a worker: if all events were in memory at once, every garbage
 * collection would be expensive. Every string is separate, as after decoding.
 */
function* batches(): Generator<Visit[]> {
  const drawn = draws();
  const next = () => drawn.next().value as number;
  const below = (n: number) => Math.floor(next() * n);
  const text = (prefix: string, n: number) => Buffer.from(`${prefix}-${n}`).toString();
  for (let from = 0; from < EVENTS; from += BATCH) {
    yield Array.from({ length: Math.min(BATCH, EVENTS - from) }, (_, i) =>
      visit(
        {
          userId: text('learner', below(USERS)),
          page: text('course/page', below(PAGES)),
          mobile: below(10) === 0,
          points: below(100),
          seconds: -Math.log(1 - next()) * 60,
        },
        { time: START + Math.floor(((from + i) / EVENTS) * SPAN_MS), tenant: Buffer.from('default').toString() },
      ),
    );
  }
}

const RAW: readonly Column[] = (
  [
    ['time', 'timestamp'],
    ['tenant', 'string'],
    ['page', 'string'],
    ['mobile', 'boolean'],
    ['user_id', 'string'],
    ['points', 'long'],
    ['seconds', 'double'],
  ] as const
).map(([name, type]) => ({ name, type, nullable: true, doc: '' }));

/** The events as unmerged rows, one per event, in the columns of segments. */
const single = (sketches: boolean, file: string): string => `(
  select time_bucket(interval '15 minutes', time) as bucket, tenant, page, mobile, 1 as visits, points, seconds as least,
    seconds as most${
      sketches
        ? `, [cast(md5_number_lower(user_id) >> 1 as bigint)] as visitors,
    map([cast(ceil(ln(seconds) / ln(${GAMMA}e0)) as integer) + ${KEY_OFFSET}], [1]) as duration`
        : ''
    } from read_parquet('${file}')
)`;

const cpuOf = async (work: () => unknown): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

/** The grouping of raw events in DuckDB, with hashes and buckets as columns, so that it need not unpack lists of one item. */
function grouped(sketches: boolean, file: string): string {
  if (!sketches) return mergeSql(datasource(false), `${single(false, file)} _events`);
  const keys = 'bucket, tenant, page, mobile';
  return `with _source as materialized (
  select time_bucket(interval '15 minutes', time) as bucket, tenant, page, mobile, points, seconds,
    cast(md5_number_lower(user_id) >> 1 as bigint) as hash,
    cast(ceil(ln(seconds) / ln(${GAMMA}e0)) as integer) + ${KEY_OFFSET} as key
  from read_parquet('${file}')
), plain as (
  select ${keys}, count(*) as visits, cast(sum(points) as bigint) as points, min(seconds) as least, max(seconds) as most,
    list_sort(list_distinct(list(hash)))[:4096] as visitors
  from _source group by ${keys}
), keys as (
  select ${keys}, map(list(key order by key), list(times order by key)) as duration
  from (select ${keys}, key, count(*) as times from _source group by ${keys}, key) group by ${keys}
)
select plain.*, duration from plain join keys on plain.bucket = keys.bucket and plain.tenant = keys.tenant
  and plain.page = keys.page and plain.mobile = keys.mobile`;
}

async function compare(duck: Duck, sketches: boolean, file: string): Promise<void> {
  const of = datasource(sketches);
  const fold = new RollupFold(of);
  let add = 0;
  for (const events of batches()) {
    add += await cpuOf(() => {
      for (const event of events) fold.add(event);
    });
  }
  const { rows, bytes } = fold;
  let drained = 0;
  const drain = await cpuOf(() => {
    for (const segment of fold.drain()) for (const _ of segment.rows) drained += 1;
  });
  const sql = grouped(sketches, file);
  await duck.run(`create or replace table warm as select * from (${sql}) limit 0`);
  const group = await cpuOf(() => duck.run(`create or replace table made as ${sql}`));
  const [made] = await duck.rows('select count(*) as n from made');
  if (Number(made?.['n']) !== rows || drained !== rows) throw new Error(`${made?.['n']} rows, and not ${rows}`);
  const ratio = ((add + drain) / group).toFixed(2);
  console.log(
    `${sketches ? 'with sketches   ' : 'without sketches'} ${rows} rows, ${(bytes / 1e6).toFixed(0)} MB; fold ${add.toFixed(2)} s, drain ${drain.toFixed(2)} s, DuckDB ${group.toFixed(2)} s of CPU: ratio ${ratio} (aim: at most ${sketches ? '1.0' : '2.0'})`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'fold-'));
const after: (() => void)[] = [];
try {
  const file = join(folder, 'events.parquet');
  const duck = await duckdb({ after: (end) => after.push(end as () => void) });
  await duck.run("set memory_limit = '2GB'");
  await duck.create('events', RAW);
  for (const events of batches()) {
    await duck.append(
      'events',
      RAW,
      events.map(({ time, tenant, data: { userId, ...data } }) => ({ ...data, time, tenant, user_id: userId })),
    );
  }
  await duck.run(`copy events to '${file}' (format parquet, compression zstd)`);
  await duck.run('drop table events');
  console.log(`${EVENTS} events, ${segmentColumns(datasource(true)).length} columns`);
  for (const sketches of [false, true]) await compare(duck, sketches, file);
} finally {
  for (const end of after) end();
  rmSync(folder, { recursive: true });
}
