/**
 * Facts have a time: every event of courses, enrollments and batches, repeated late, out of order, and with the oldest time and times in
 * 1970 and 2099.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectCourse } from '../../jobs/project-course/project-course.ts';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import * as batch from '../../schemas/batch.ts';
import { courseRetired } from '../../schemas/content.ts';
import * as enrollment from '../../schemas/enrollment.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { batchEvents, contentEvents, enrollmentEvents } from '../../topics/index.ts';
import { arrivesLate, assertAllArriveLate, IN_2099, type LateLine, OLDEST } from '../harness/late.ts';
import * as batches from './batches.ts';
import { publishes } from './courses.ts';
import { ada, but, completes, joins, key, known, leaves, opens } from './learners.ts';

const at = (n: number, event: SpecEvent): SpecEvent => but(event, { time: minute(n) });
const by = (method: string, [def, data]: SpecEvent): SpecEvent => [def, { ...data, method }];
const spring = (fields: object) => ({ batches: { spring: fields } });

// ---- enrollments ----

const resets = (...contentIds: string[]): SpecEvent => [
  enrollment.progressReset,
  { ...ada, contentIds: contentIds.length === 0 ? null : contentIds },
];
const retakes: SpecEvent = [enrollment.courseRetaken, ada];
const withdraws: SpecEvent = [enrollment.completionWithdrawn, ada];

const ENROLLMENTS: readonly LateLine[] = [
  {
    about: 'that a leaving ended',
    event: joins,
    others: [at(30, leaves)],
    holds: spring({ active: false, since: minute(30), firstAt: minute(20) }),
    oldest: spring({ active: false, since: minute(30), firstAt: OLDEST }),
    newest: spring({ active: true, since: IN_2099, firstAt: IN_2099 }),
  },
  {
    about: 'after a leaving',
    event: joins,
    others: [at(5, joins), at(10, leaves)],
    holds: spring({ active: true, since: minute(20), firstAt: minute(5) }),
    oldest: spring({ active: false, since: minute(10), firstAt: OLDEST }),
    newest: spring({ active: true, since: IN_2099, firstAt: minute(5) }),
  },
  {
    about: 'by a second method, beside one that ended',
    event: by('cohort', joins),
    others: [at(10, by('self', joins)), at(30, by('self', leaves))],
    holds: spring({ active: true, since: minute(20), firstAt: minute(10) }),
    oldest: spring({ active: true, since: OLDEST, firstAt: OLDEST }),
    newest: spring({ active: true, since: IN_2099, firstAt: minute(10) }),
  },
  {
    about: 'before all methods ended',
    event: by('cohort', joins),
    others: [at(10, by('self', joins)), at(30, leaves)],
    holds: spring({ active: false, since: minute(30), firstAt: minute(10) }),
    oldest: spring({ active: false, since: minute(30), firstAt: OLDEST }),
    newest: spring({ active: true, since: IN_2099, firstAt: minute(10) }),
  },
  {
    about: 'between two joinings',
    event: leaves,
    others: [joins, joins],
    holds: spring({ active: true, since: minute(30), firstAt: minute(10) }),
    oldest: spring({ active: true, since: minute(10), firstAt: minute(10) }),
    newest: spring({ active: false, since: IN_2099, firstAt: minute(10) }),
  },
  {
    about: 'by one of two methods',
    event: by('self', leaves),
    others: [by('self', joins), at(15, by('manual', joins))],
    holds: spring({ active: true, since: minute(15) }),
    oldest: spring({ active: true, since: minute(10) }),
    newest: spring({ active: true, since: minute(15) }),
  },
  {
    about: 'by no method, which ends all',
    event: leaves,
    others: [by('self', joins), at(15, by('manual', joins))],
    holds: spring({ active: false, since: minute(20) }),
    oldest: spring({ active: true, since: minute(10) }),
    newest: spring({ active: false, since: IN_2099 }),
  },
];

const VISITS: readonly LateLine[] = [
  {
    about: 'a completion among others',
    event: completes('a'),
    others: [joins, completes('b')],
    holds: { progress: 100, state: 'completed', completedAt: minute(30) },
    oldest: { progress: 100, state: 'completed', completedAt: minute(30), firstAccessAt: OLDEST },
    newest: { progress: 100, state: 'completed', completedAt: IN_2099, lastAccessAt: IN_2099 },
  },
  {
    about: 'a visit',
    event: opens('a', 2),
    others: [opens('a'), opens('a')],
    holds: { contents: { a: { views: 4, firstAt: minute(10), lastAt: minute(30) } } },
    oldest: { contents: { a: { views: 4, firstAt: OLDEST, lastAt: minute(30) } } },
    newest: { contents: { a: { views: 4, firstAt: minute(10), lastAt: IN_2099 } } },
    butRepeats: { contents: { a: { views: 6, firstAt: minute(10), lastAt: minute(30) } } },
  },
  {
    about: 'a completion before a reset',
    event: completes('a'),
    others: [joins, at(30, resets())],
    holds: { progress: 0, state: 'not_started', contents: { a: { completed: false, completedAt: null, views: 1 } } },
    oldest: { progress: 0, state: 'not_started', contents: { a: { completed: false, completedAt: null } } },
    newest: { progress: 50, state: 'in_progress', contents: { a: { completed: true, completedAt: IN_2099 } } },
    butRepeats: {
      progress: 0,
      state: 'not_started',
      contents: { a: { completed: false, completedAt: null, views: 2 } },
    },
  },
  {
    about: 'the whole course',
    event: resets(),
    others: [at(5, joins), at(10, completes('a')), at(30, completes('b'))],
    holds: { progress: 50, state: 'in_progress', completedAt: null },
    oldest: { progress: 100, state: 'completed', completedAt: minute(30) },
    newest: { progress: 0, state: 'not_started', completedAt: null },
  },
  {
    about: 'the whole course, completed once more',
    event: resets(),
    others: [completes('a'), at(15, completes('b')), completes('b'), at(40, completes('a')), joins],
    holds: { progress: 100, state: 'completed', completedAt: minute(50) },
    oldest: { progress: 100, state: 'completed', completedAt: minute(15) },
    newest: { progress: 0, state: 'not_started', completedAt: null },
  },
  {
    about: 'one content',
    event: resets('a'),
    others: [at(5, joins), at(10, completes('a')), at(15, completes('b'))],
    holds: { progress: 50, state: 'in_progress', completedAt: null },
    oldest: { progress: 100, state: 'completed', completedAt: minute(15) },
    newest: { progress: 50, state: 'in_progress', completedAt: null },
  },
  {
    about: 'two contents, before the whole is reset',
    event: resets('a', 'never-seen'),
    others: [at(5, completes('a')), at(25, resets()), at(30, completes('a'))],
    holds: { progress: 50, resetAt: minute(25), completedAt: null },
    oldest: { progress: 50, resetAt: minute(25), completedAt: null },
    newest: { progress: 0, resetAt: minute(25), completedAt: null },
  },
  {
    about: 'after a completion',
    event: retakes,
    others: [at(5, joins), at(10, completes('a')), at(15, completes('b')), at(30, completes('a'))],
    holds: { progress: 50, state: 'completed', completedAt: minute(15) },
    oldest: { progress: 100, state: 'completed', completedAt: minute(15) },
    newest: { progress: 0, state: 'completed', completedAt: minute(15) },
  },
  {
    about: 'without anything completed afterwards',
    event: withdraws,
    others: [at(5, joins), at(10, completes('a')), at(15, completes('b'))],
    holds: { progress: 100, state: 'in_progress', completedAt: null, ...spring({ completionSaid: false }) },
    oldest: { progress: 100, state: 'completed', completedAt: minute(15), ...spring({ completionSaid: true }) },
    newest: { progress: 100, state: 'in_progress', completedAt: null },
  },
  {
    about: 'with a content that is completed once more',
    event: withdraws,
    others: [at(10, completes('a')), at(15, completes('b')), at(30, completes('a')), at(40, completes('b'))],
    holds: { progress: 100, state: 'completed', completedAt: minute(30) },
    oldest: { progress: 100, state: 'completed', completedAt: minute(15) },
    newest: { progress: 100, state: 'in_progress', completedAt: null },
  },
];

arrivesLate(trackProgress, key, [...ENROLLMENTS, ...VISITS], { rows: known });

// ---- courses ----

const retires: SpecEvent = [courseRetired, { courseId: 'algebra' }];
const COURSES: readonly LateLine[] = [
  {
    about: 'before another',
    event: publishes('', 'a'),
    others: [at(30, publishes('', 'a b'))],
    holds: { publishedAt: minute(30), required: 2, contents: { a: {}, b: {} } },
    oldest: { publishedAt: minute(30), required: 2 },
    newest: { publishedAt: IN_2099, required: 1 },
  },
  {
    about: 'after a retirement',
    event: publishes('', 'a'),
    others: [retires],
    holds: { publishedAt: minute(20), retired: false, required: 1 },
    oldest: { publishedAt: OLDEST, retired: true, required: 1 },
    newest: { publishedAt: IN_2099, retired: false, required: 1 },
  },
  {
    about: 'after a publication',
    event: retires,
    others: [publishes('', 'a')],
    holds: { publishedAt: minute(10), retired: true, required: 1 },
    oldest: { publishedAt: minute(10), retired: false, required: 1 },
    newest: { publishedAt: minute(10), retired: true, required: 1 },
  },
  {
    about: 'between two publications',
    event: retires,
    others: [publishes('', 'a'), publishes('', 'a b')],
    holds: { publishedAt: minute(30), retired: false, required: 2 },
    oldest: { publishedAt: minute(30), retired: false, required: 2 },
    newest: { publishedAt: minute(30), retired: true, required: 2 },
  },
];

arrivesLate(projectCourse, ['algebra'], COURSES);

// ---- batches ----

const upcoming = { status: 'upcoming', ...batches.dates(5000, 6000) };
const BATCHES: readonly LateLine[] = [
  {
    about: 'before an update',
    event: batches.creates(5000, 5500, 'New'),
    others: [at(30, batches.updates(5000, 6000, 'Spring'))],
    holds: { name: 'Spring', ...upcoming },
    oldest: { name: 'Spring', ...upcoming },
    newest: { name: 'Spring', ...upcoming },
  },
  {
    about: 'beside another',
    event: batches.creates(5000, 6000, 'Spring'),
    others: [batches.creates(5000, 5500, 'Winter')],
    holds: { name: 'Spring', ...upcoming },
    oldest: { name: 'Winter', status: 'upcoming', ...batches.dates(5000, 5500) },
    newest: { name: 'Spring', ...upcoming },
  },
  {
    about: 'between a creation and another update',
    event: batches.updates(5000, 5500, 'Summer'),
    others: [batches.creates(4000, null), batches.updates(5000, 6000)],
    holds: { name: 'Spring', ...upcoming },
    oldest: { name: 'Spring', ...upcoming },
    newest: { name: 'Summer', status: 'upcoming', ...batches.dates(5000, 5500) },
  },
  {
    about: 'the newest',
    event: batches.updates(5000, 6000),
    others: [batches.creates(4000, null, 'New'), at(15, batches.updates(4000, 4500, 'Old'))],
    holds: { name: 'Spring', ...upcoming },
    oldest: { name: 'Old', status: 'upcoming', ...batches.dates(4000, 4500) },
    newest: { name: 'Spring', ...upcoming },
  },
  {
    event: batches.retires,
    others: [batches.creates(5000, 6000), batches.updates(5000, 7000)],
    holds: { status: 'retired', ...batches.dates(5000, 7000) },
    oldest: { status: 'retired', ...batches.dates(5000, 7000) },
    newest: { status: 'retired', ...batches.dates(5000, 7000) },
  },
];

arrivesLate(summarizeBatch, batches.key, BATCHES);

test('a batch that was extended does not end when its earlier dates are repeated', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  const first = at(0, batches.creates(5, 20));
  await spec.given(first, at(1, batches.updates(5, 20, 'Spring term')), at(2, batches.updates(5, 900, 'Extended')));
  await spec.whenTimeIs(minute(10));
  await spec.when(first, at(1, batches.updates(5, 20, 'Spring term')));
  await spec.whenTimeIs(minute(30));
  await spec.thenRow(batches.key, { name: 'Extended', status: 'ongoing', ...batches.dates(5, 900) });
  assert.deepEqual(
    (await spec.emitted()).flat().map(({ type }) => type),
    ['batch.started'],
  );
});

// ---- all of them ----

const EMITTED_BY_JOBS = [
  enrollment.progressFollowed,
  enrollment.courseStructureChanged,
  batch.learnerJoined,
  batch.learnerProgressed,
  batch.learnerCompleted,
  batch.learnerLeft,
  batch.batchStarted,
  batch.batchEnded,
];

test('every event of courses, enrollments and batches is in the tables', () => {
  assertAllArriveLate(contentEvents, COURSES);
  // No job folds assessment attempts yet.
  assertAllArriveLate(
    enrollmentEvents,
    [...ENROLLMENTS, ...VISITS],
    [...EMITTED_BY_JOBS, enrollment.assessmentSubmitted],
  );
  assertAllArriveLate(batchEvents, BATCHES, EMITTED_BY_JOBS);
});
