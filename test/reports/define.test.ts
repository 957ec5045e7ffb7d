import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../core/event.ts';
import { type Datasource, defineDatasource, shapeOf } from '../../reports/define-datasource.ts';
import { localDay } from '../../reports/granularity.ts';
import { isReserved } from '../../reports/names.ts';
import { duckdb } from './duckdb.ts';
import { cleared, left, visitEvents, visited, visits, visitsBy } from './visits.ts';

type Declared = Parameters<typeof defineDatasource<typeof visitEvents, [typeof visited]>>[0];

const base: Declared = {
  name: 'some',
  title: 'Some',
  about: 'Some.',
  from: visitEvents,
  on: [visited],
  granularity: 'day',
  dimensions: {},
  metrics: { visits: { kind: 'count', doc: 'Visits.', unit: 'visits' } },
};
const define = (rest: object): Datasource => defineDatasource({ ...base, ...rest } as Declared);
const count = { kind: 'count', doc: 'Some.', unit: 'visits' };
const quantile = (...points: number[]) => ({ kind: 'quantile', doc: 'Some.', unit: 's', points, of: () => 1 });
const page = { doc: 'The page.', of: () => 'home' };

const WRONG: readonly (readonly [what: string, rest: object, problem: RegExp])[] = [
  ['without metrics', { metrics: {} }, /^datasource some: it has no metric: declare at least one, such as a count$/],
  ['without events', { on: [] }, /it counts no event: name some in `on`/],
  ['of a broadcast', { on: [cleared] }, /visit\.cleared is a broadcast of visit\.events, of which every partition has/],
  ['of an event of elsewhere', { on: [{ ...visited, type: 'x.y' }] }, /visit\.events has no event x\.y/],
  ['of an unknown granularity', { granularity: 'week' }, /its granularity is week: give one of minute, quarter-hour/],
  [
    'of days of no zone',
    { granularity: localDay('Mars/Base') },
    /its days are those of Mars\/Base, which is not a time zone/,
  ],
  ['with a column in capitals', { metrics: { someVisits: count } }, /the column someVisits has to be a small letter/],
  [
    'with a word of SQL',
    { metrics: { order: count } },
    /the column order is a reserved word of SQL: choose another name/,
  ],
  ['with a column of ours', { dimensions: { tenant: page } }, /cannot be named tenant: every datasource has one/],
  ['with a column twice', { dimensions: { visits: page } }, /two of its columns are named visits/],
  ['with a point twice', { metrics: { a: quantile(0.5), a_p50: count } }, /two of its columns are named a_p50/],
  ['without points', { metrics: { a: quantile() } }, /the points of a are none: give some between 0\.01 and 0\.99/],
  ['with a point beyond', { metrics: { a: quantile(0.5, 95) } }, /the points of a are 0\.5, 95: give some between/],
  [
    'of no field',
    { dimensions: { page: { doc: 'X.', field: 'side' } } },
    /page: visit\.visited has no field side: name the/,
  ],
  [
    'of a field of another type',
    { metrics: { a: { kind: 'sum', type: 'long', doc: 'X.', unit: 's', field: 'seconds' } } },
    /a: the field seconds of visit\.visited is not a long: read it by a function/,
  ],
  [
    'of a condition that is none',
    { metrics: { a: { ...count, field: 'page' } } },
    /the field page of visit\.visited is not a boolean/,
  ],
  [
    'of an event that it does not count',
    { metrics: { a: { ...count, on: [left] } } },
    /a: the datasource counts no visit\.left/,
  ],
  [
    'of a time that is none',
    { time: { 'visit.visited': 'page' } },
    /time: the field page of visit\.visited is not a long/,
  ],
  ['of a time of another event', { time: { 'visit.left': 'page' } }, /time: it counts no visit\.left/],
  ['with a fine point', { metrics: { a: quantile(0.999) } }, /the points of a are 0\.999/],
];

for (const [what, rest, problem] of WRONG) {
  test(`a datasource ${what} is refused`, () => {
    assert.throws(() => define(rest), { code: 'DECLARATION_INVALID', message: problem });
  });
}

test('all errors in a datasource are reported at once', () => {
  const wrong = { on: [], metrics: {}, granularity: 'week', dimensions: { Page: page } };
  assert.throws(
    () => define(wrong),
    ({ message }: Error) => message.split('; ').length === 4,
  );
});

test('a reserved word of DuckDB cannot be a name', async (t) => {
  const duck = await duckdb(t);
  const rows = await duck.rows(
    "select keyword_name as word from duckdb_keywords() where keyword_category = 'reserved'",
  );
  assert.ok(rows.length > 70);
  assert.deepEqual(
    rows.map(({ word }) => String(word)).filter((word) => !isReserved(word)),
    [],
  );
});

test('a field is read as a function would read it', () => {
  const datasource = defineDatasource({
    name: 'some',
    title: 'Some',
    about: 'Some.',
    from: visitEvents,
    granularity: 'day',
    on: [visited, left],
    time: { 'visit.visited': 'grade' },
    dimensions: {
      page: { doc: 'The page.', on: [visited], field: 'page' },
      user: { doc: 'Who.', field: 'userId' },
    },
    metrics: {
      phones: { kind: 'count', doc: 'Visits on phones.', unit: 'visits', on: [visited], field: 'mobile' },
      departures: { kind: 'count', doc: 'Who left.', unit: 'visits', on: [left] },
    },
  });
  const event = (def: typeof visited | typeof left, data: object) =>
    ({
      type: def.type,
      id: '1',
      source: '/',
      time: 7,
      loggedAt: 7,
      tenant: 'a',
      data: { userId: 'ada', ...data },
    }) as Event;
  const read = (one: Event) => [
    datasource.time?.(one),
    ...datasource.dimensions.map(({ of }) => of(one, {})),
    ...datasource.metrics.map((metric) => 'when' in metric && metric.when?.(one, {})),
  ];
  assert.deepEqual(read(event(visited, { page: 'home', mobile: true, grade: 3 })), [3, 'home', 'ada', true, false]);
  assert.deepEqual(read(event(visited, { page: '', mobile: false, grade: null })), [7, null, 'ada', false, false]);
  assert.deepEqual(read(event(left, {})), [7, null, 'ada', false, true]);
});

test('equal declarations have the same shape, and others have different ones', () => {
  assert.equal(shapeOf(visits), shapeOf(visitsBy('quarter-hour')));
  const shapes = [
    visits,
    visitsBy('day'),
    visitsBy(localDay('Asia/Kolkata')),
    define({}),
    define({ dimensions: { page } }),
  ];
  assert.equal(new Set(shapes.map(shapeOf)).size, shapes.length);
});
