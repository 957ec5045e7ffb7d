/** The data of the report measurements: a rollup of very many tuples with reports over it, and a batch of very many learners. */
import { join } from 'node:path';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { Entries } from '../../core/entries.ts';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { keyFields, mapFields } from '../../core/target.ts';
import { openDuckDb } from '../../duckdb/database.ts';
import { defineModule, definePlatform } from '../../modules/define.ts';
import { learning } from '../../modules/learning.ts';
import { defineDatasource } from '../../reports/define-datasource.ts';
import { defineReport } from '../../reports/define-report.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { openGeneration } from '../../reports/runtime/tables.ts';
import { batchLearners } from '../../schemas/rows/learner-progress.ts';
import type { SegmentRow } from '../../sinks/segments/columns.ts';
import type { SpecRow } from '../../testing/job-spec.ts';
import { batch, learner, visited as visitedContent } from '../reports/definitions/rows.ts';
import { START, visitEvents, visited } from '../reports/visits.ts';

const DAY = 86_400_000;
const DAYS = 30;
const SEGMENTS = 10;
const CONTENTS = 10;

const sessions = defineDatasource({
  name: 'sessions',
  title: 'Sessions',
  about: 'Visits of learners.',
  from: visitEvents,
  on: [visited],
  granularity: 'quarter-hour',
  dimensions: {
    learner: { doc: 'The learner.', of: ({ data }) => data.userId },
    course: { doc: 'The course.', of: ({ data }) => data.page },
    mobile: { doc: 'Whether on a phone.', type: 'boolean', of: ({ data }) => data.mobile },
  },
  metrics: {
    visits: { kind: 'count', doc: 'Visits.', unit: 'visits' },
    seconds: { kind: 'sum', type: 'double', doc: 'Seconds.', unit: 's', of: ({ data }) => data.seconds },
    latest: { kind: 'max', type: 'timestamp', doc: 'Latest.', unit: 'ms since 1970 UTC', of: ({ time }) => time },
  },
});

const about = { version: 1, role: 'analyst', freshMs: 60_000 } as const;
const column = { doc: 'See the datasource.' } as const;

/** One row for each tuple, in an order that no segment has. */
const bySeconds = defineReport({
  ...about,
  name: 'sessions-by-seconds',
  title: 'Sessions by their length',
  answers: 'Which sessions were the longest?',
  parameters: {
    grouped: { type: 'boolean', doc: 'Whether tuples are added up before they are sorted.', default: false },
  },
  columns: {
    learner: { ...column, title: 'Learner', type: 'string' },
    course: { ...column, title: 'Course', type: 'string' },
    visits: { ...column, title: 'Visits', type: 'long', unit: 'visits' },
    seconds: { ...column, title: 'Seconds', type: 'double', unit: 's' },
    hours: { ...column, title: 'Hours', type: 'decimal', unit: 'h' },
    mobile: { ...column, title: 'Mobile', type: 'boolean' },
    latest: { ...column, title: 'Latest', type: 'timestamp' },
    day: { ...column, title: 'Day', type: 'date' },
  },
  from: {
    reads: [sessions],
    sql: ({ grouped }) => (grouped ? GROUPED : SORTED),
  },
});

const SORTED = `select learner, course, visits, seconds, cast(seconds / 3600e0 as decimal(12, 2)) as hours, mobile, latest,
  cast(bucket as date) as day from sessions__rollup where tenant = :tenant order by seconds desc, learner`;
const GROUPED = `select learner, course, cast(sum(visits) as bigint) as visits, sum(seconds) as seconds,
  cast(sum(seconds) / 3600e0 as decimal(12, 2)) as hours, mobile, max(latest) as latest, cast(bucket as date) as day
  from sessions__rollup where tenant = :tenant group by learner, course, mobile, cast(bucket as date)
  order by seconds desc, learner`;

/** A few rows computed from all tuples. */
const byDay = defineReport({
  ...about,
  name: 'sessions-by-day',
  title: 'Sessions by day',
  answers: 'How many sessions were there on each day?',
  parameters: {},
  columns: {
    day: { ...column, title: 'Day', type: 'date' },
    visits: { ...column, title: 'Visits', type: 'long', unit: 'visits' },
  },
  from: {
    reads: [sessions],
    sql: () => `select cast(bucket as date) as day, cast(sum(visits) as bigint) as visits from sessions__rollup
  where tenant = :tenant group by 1 order by 1`,
  },
});

const bench = defineModule({
  name: 'bench',
  topics: [visitEvents],
  datasources: [sessions],
  reports: [bySeconds, byDay],
});

/** The installation in this folder, as the command line opens it. */
export async function opened(folder: string): Promise<Wired> {
  const platform = definePlatform({ modules: [learning, bench] });
  const env = { TRIBUTARY_METRICS_PORT: '0', TRIBUTARY_LOG_LEVEL: 'error' };
  return wire({ config: loadConfig({ flags: {}, env, folder }).config, platform });
}

/** The SQL that the worker runs, over views with the names that it reads. */
export const SORTED_SQL = SORTED.replaceAll(':tenant', `'${DEFAULT_TENANT}'`);
export const GROUPED_SQL = GROUPED.replaceAll(':tenant', `'${DEFAULT_TENANT}'`);
export const SESSIONS = sourceOf(sessions);

/** Writes a rollup of this many tuples, in segments of as many days and commits as after a busy month. */
export async function laySessions({ config, objects }: Wired, tuples: number): Promise<void> {
  const duck = await openDuckDb({ folder: join(config.data, 'laying'), memoryBytes: 1e9 });
  const { table, write } = await openGeneration({ objects, duck, now: Date.now, engine: 'bench' }, SESSIONS, 1);
  const each = Math.ceil(tuples / SEGMENTS);
  for (let from = 0; from < tuples; from += each) {
    const adds = await write(tuplesOf(from, Math.min(tuples, from + each)));
    await table.commit(() => ({ operation: 'WRITE', actions: adds.map((add) => ({ add })) }));
  }
  await duck.close();
}

function* tuplesOf(from: number, until: number): Generator<SegmentRow> {
  for (let i = from; i < until; i++) {
    const bucket = START - (START % DAY) + (i % DAYS) * DAY;
    yield {
      date: new Date(bucket).toISOString().slice(0, 10),
      bucket,
      tenant: DEFAULT_TENANT,
      learner: `learner-${(i * 7919) % 1_000_003}`,
      course: `Course ${i % 200}, part "${i % 7}"`,
      mobile: i % 3 === 0,
      visits: 1 + (i % 1000),
      seconds: ((i * 104_729) % 999_983) / 7,
      latest: bucket + ((i * 13) % DAY),
    };
  }
}

/** Writes the rows of this many learners in the batch `spring`, as `track-progress` keeps them. */
export async function layLearners({ stores: { tables } }: Wired, learners: number): Promise<void> {
  const contents = Object.fromEntries(Array.from({ length: CONTENTS }, (_, i) => [`content-${i}`, visitedContent()]));
  const progressed = { contents, units: { groups: 1 }, state: 'in_progress', completed: 1, progress: 33 } as const;
  await laid(tables, [batch({ learners, ever: learners })]);
  for (let from = 0; from < learners; from += 1000) {
    const count = Math.min(1000, learners - from);
    const rows = Array.from({ length: count }, (_, i) => {
      return learner(`learner-${from + i}`, { ...progressed, lastAccessAt: START + i });
    }).flat();
    await laid(
      tables,
      rows.filter(([table]) => table !== batchLearners),
    );
    const changes = rows
      .filter(([table]) => table === batchLearners)
      .map(([table, record]) => ({ key: keyOf([table, record]), version: VERSION, record }));
    await tables.apply(batchLearners, changes);
  }
}

const VERSION = { token: 1, revision: 1 } as const;
const keyOf = ([table, row]: SpecRow): string[] => [
  DEFAULT_TENANT,
  ...keyFields(table).map((name) => row[name] as string),
];

async function laid(tables: Wired['stores']['tables'], rows: readonly SpecRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const maps = mapFields(first[0].record);
  const writes = rows.map(([table, row]) => {
    const data: Record<string, unknown> = { ...row };
    for (const { name } of maps) data[name] = Entries.of(Object.entries((row[name] ?? {}) as object));
    const kept = { at: '', outbox: '', timers: {}, partition: 0, whole: true };
    return { key: keyOf([table, row]), version: VERSION, data, ...kept };
  });
  await tables.write(first[0], writes);
}
