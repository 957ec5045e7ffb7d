/** A topic of visits, and a datasource with metrics of every kind, for tests of folds and of SQL. */
import { defineEvent, type EventOf } from '../../core/event.ts';
import { type Datasource, defineDatasource } from '../../reports/define-datasource.ts';
import type { Granularity } from '../../reports/granularity.ts';
import type { SegmentRow } from '../../reports/rollup/fold.ts';
import { RollupFold } from '../../reports/rollup/fold.ts';
import { defineTopic } from '../../topics/define.ts';

const nullable = <const N extends string, const T extends 'string' | 'long' | 'double' | 'boolean'>(name: N, type: T) =>
  ({ name, type: ['null', type], doc: name, default: null }) as const;

export const visited = defineEvent(
  'visit.visited',
  {
    type: 'record',
    name: 'Visited',
    fields: [
      { name: 'userId', type: 'string', doc: 'Who.' },
      nullable('page', 'string'),
      nullable('mobile', 'boolean'),
      nullable('grade', 'long'),
      nullable('points', 'long'),
      nullable('seconds', 'double'),
    ],
  },
  { userId: 'ada' },
);
export const left = defineEvent(
  'visit.left',
  { type: 'record', name: 'Left', fields: [{ name: 'userId', type: 'string', doc: 'Who.' }] },
  { userId: 'ada' },
);
export const cleared = defineEvent(
  'visit.cleared',
  { type: 'record', name: 'Cleared', fields: [{ name: 'page', type: 'string', doc: 'Where.' }] },
  { page: 'home' },
);
export const visitEvents = defineTopic({
  name: 'visit.events',
  doc: 'Visits.',
  key: 'userId',
  events: [visited, left],
  broadcasts: [cleared],
});

export const visitsBy = (granularity: Granularity): Datasource =>
  defineDatasource({
    name: 'visits',
    title: 'Visits',
    about: 'Visits of pages.',
    from: visitEvents,
    on: [visited],
    granularity,
    dimensions: {
      page: { doc: 'The page.', of: ({ data }) => data.page },
      mobile: { doc: 'Whether on a phone.', type: 'boolean', of: ({ data }) => data.mobile },
      grade: { doc: 'The grade.', type: 'long', unit: 'grade', of: ({ data }) => data.grade },
    },
    metrics: {
      visits: { kind: 'count', doc: 'Visits.', unit: 'visits' },
      long_ones: { kind: 'count', doc: 'Long ones.', unit: 'visits', when: ({ data }) => (data.seconds ?? 0) > 100 },
      points: { kind: 'sum', type: 'long', doc: 'Points.', unit: 'points', of: ({ data }) => data.points },
      seconds: { kind: 'sum', type: 'double', doc: 'Seconds.', unit: 's', of: ({ data }) => data.seconds },
      least: { kind: 'min', type: 'long', doc: 'Least.', unit: 'points', of: ({ data }) => data.points },
      most: { kind: 'max', type: 'double', doc: 'Most.', unit: 's', of: ({ data }) => data.seconds },
      latest: { kind: 'max', type: 'timestamp', doc: 'Latest.', unit: 'ms since 1970 UTC', of: ({ time }) => time },
      visitors: { kind: 'distinct', doc: 'Visitors.', unit: 'users', of: ({ data }) => data.userId },
      duration: {
        kind: 'quantile',
        doc: 'Of seconds.',
        unit: 's',
        points: [0.5, 0.95, 0.99],
        of: ({ data }) => data.seconds,
      },
    },
  });

export const visits = visitsBy('quarter-hour');

type Visited = EventOf<typeof visited>;
export type Visit = Pick<Visited, keyof Visited>;

export const START = Date.UTC(2026, 0, 5, 9);

export function visit(data: Partial<Visit['data']> = {}, rest: Partial<Visit> = {}): Visit {
  return {
    type: 'visit.visited',
    id: 'visit-1',
    source: '/test',
    time: START,
    loggedAt: START,
    tenant: 'default',
    data: { userId: 'ada', page: null, mobile: null, grade: null, points: null, seconds: null, ...data },
    ...rest,
  };
}

export function foldOf(datasource: Datasource, events: readonly Visit[]): RollupFold {
  const fold = new RollupFold(datasource);
  for (const event of events) {
    const why = fold.add(event);
    if (why !== undefined) throw new Error(why.message);
  }
  return fold;
}

export interface DatedRow extends SegmentRow {
  readonly date: string;
}
/** Drains the fold, and returns all its rows. */
export const drained = (fold: RollupFold): DatedRow[] =>
  Array.from(fold.drain()).flatMap(({ date, rows }) => Array.from(rows, (row) => ({ date, ...row }) as DatedRow));
