import { test } from 'node:test';
import { enrollments } from '../../../reports/datasources/enrollments.ts';
import { enrollmentTrend } from '../../../reports/definitions/enrollment-trend.ts';
import { learnerCompleted, learnerJoined, learnerLeft } from '../../../schemas/batch.ts';
import { batchSummary } from '../../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../../schemas/rows/course-structure.ts';
import type { SpecEvent } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';

interface Place {
  readonly batchId?: string;
  readonly courseId?: string;
  readonly tenant?: string;
}

const learner = (userId: string, { batchId = 'spring', courseId = 'algebra' }: Place = {}) => ({
  batchId,
  courseId,
  userId,
});
const standing = { progress: 0, state: 'not_started' };
const options = (time: string, { tenant }: Place) => ({ time: Date.parse(time), ...(tenant && { tenant }) });
const joins = (userId: string, time: string, place: Place = {}): SpecEvent => [
  learnerJoined,
  { ...learner(userId, place), ...standing, first: true },
  options(time, place),
];
const leaves = (userId: string, time: string, place: Place = {}): SpecEvent => [
  learnerLeft,
  { ...learner(userId, place), ...standing },
  options(time, place),
];
const completes = (userId: string, time: string, place: Place = {}): SpecEvent => [
  learnerCompleted,
  { ...learner(userId, place), completedAt: Date.parse(time) },
  options(time, place),
];

const row = (day: string, joined: number, departed: number, learners: number) => ({ day, joined, departed, learners });

test('days without events are there, and learners stay from day to day', async (t) => {
  const spec = await reportSpec(t, enrollmentTrend);
  await spec.events(enrollments, joins('ada', '2026-03-01T09:00:00Z'), joins('bo', '2026-03-01T23:59:59Z'));
  // The same buckets in another segment, as before a compaction.
  await spec.events(enrollments, joins('eve', '2026-03-01T09:01:00Z'), leaves('ada', '2026-03-04T00:00:00Z'));
  await spec.events(enrollments, completes('bo', '2026-03-04T12:00:00Z'));
  await spec.thenRows(
    {},
    { day: '2026-03-01', joined: 3, departed: 0, completed: 0, learners: 3 },
    { day: '2026-03-02', joined: 0, departed: 0, completed: 0, learners: 3 },
    { day: '2026-03-03', joined: 0, departed: 0, completed: 0, learners: 3 },
    { day: '2026-03-04', joined: 0, departed: 1, completed: 1, learners: 2 },
  );
});

test('the days that are asked for are all there, and learners of before them are counted', async (t) => {
  const spec = await reportSpec(t, enrollmentTrend);
  await spec.events(enrollments, joins('ada', '2026-03-02T09:00:00Z'), joins('bo', '2026-03-04T09:00:00Z'));
  await spec.thenRows(
    { first: '2026-03-04', last: '2026-03-06' },
    row('2026-03-04', 1, 0, 2),
    row('2026-03-05', 0, 0, 2),
    row('2026-03-06', 0, 0, 2),
  );
  await spec.thenRows(
    { first: '2026-03-01', last: '2026-03-02' },
    row('2026-03-01', 0, 0, 0),
    row('2026-03-02', 1, 0, 1),
  );
  await spec.thenRows({ last: '2026-03-03' }, row('2026-03-02', 1, 0, 1), row('2026-03-03', 0, 0, 1));
});

test('without events there are no days', async (t) => {
  const spec = await reportSpec(t, enrollmentTrend);
  await spec.thenRows({});
  await spec.events(enrollments, joins('ada', '2026-03-01T09:00:00Z', { tenant: 'north' }));
  await spec.thenRows({});
  await spec.thenRows({ courseId: 'algebra' });
});

test('one course or one batch is chosen', async (t) => {
  const spec = await reportSpec(t, enrollmentTrend);
  await spec.events(
    enrollments,
    joins('ada', '2026-03-01T09:00:00Z'),
    joins('bo', '2026-03-01T09:00:00Z', { batchId: 'autumn' }),
    joins('bo', '2026-03-02T09:00:00Z', { courseId: "l'été", batchId: 'summer' }),
  );
  await spec.thenRows({ courseId: 'algebra' }, row('2026-03-01', 2, 0, 2));
  await spec.thenRows({ batchId: 'autumn' }, row('2026-03-01', 1, 0, 1));
  await spec.thenRows({ courseId: "l'été" }, row('2026-03-02', 1, 0, 1));
  await spec.thenRows({ courseId: "x' or '1'='1" });
});

test('a day begins by the clocks of the zone, also where its offset is not of whole hours', async (t) => {
  const spec = await reportSpec(t, enrollmentTrend);
  // Midnight is at 18:30 UTC in Kolkata, and at 18:15 UTC in Kathmandu.
  await spec.events(
    enrollments,
    joins('ada', '2026-03-01T18:14:59.999Z'),
    joins('bo', '2026-03-01T18:15:00Z'),
    joins('eve', '2026-03-01T18:30:00Z'),
  );
  await spec.thenRows({}, row('2026-03-01', 3, 0, 3));
  await spec.thenRows({ zone: 'Asia/Kolkata' }, row('2026-03-01', 2, 0, 2), row('2026-03-02', 1, 0, 3));
  await spec.thenRows({ zone: 'Asia/Kathmandu' }, row('2026-03-01', 1, 0, 1), row('2026-03-02', 2, 0, 3));
  await spec.thenRows({ zone: 'Asia/Kathmandu', first: '2026-03-02' }, row('2026-03-02', 2, 0, 3));
});

test('the days on which clocks change have 23 and 25 hours', async (t) => {
  const spec = await reportSpec(t, enrollmentTrend);
  const zone = 'Europe/Berlin';
  await spec.events(
    enrollments,
    // 29 March 2026 is from 23:00 UTC to 22:00 UTC.
    joins('a', '2026-03-28T22:59:59Z'),
    joins('b', '2026-03-28T23:00:00Z'),
    joins('c', '2026-03-29T21:59:59Z'),
    joins('d', '2026-03-29T22:00:00Z'),
  );
  await spec.thenRows({ zone }, row('2026-03-28', 1, 0, 1), row('2026-03-29', 2, 0, 3), row('2026-03-30', 1, 0, 4));
  await spec.events(
    enrollments,
    // 25 October 2026 is from 22:00 UTC to 23:00 UTC.
    leaves('a', '2026-10-24T21:59:59Z'),
    leaves('b', '2026-10-24T22:00:00Z'),
    leaves('c', '2026-10-25T22:59:59Z'),
    leaves('d', '2026-10-25T23:00:00Z'),
  );
  const first = '2026-10-24';
  await spec.thenRows({ zone, first }, row(first, 0, 1, 3), row('2026-10-25', 0, 2, 1), row('2026-10-26', 0, 1, 0));
});

test('a course, a batch and days that do not fit are refused before it runs', async (t) => {
  const spec = await reportSpec(t, enrollmentTrend);
  spec.rows(
    [courseStructure, { courseId: 'algebra', retired: false }],
    [courseStructure, { courseId: 'latin', retired: true }],
    [batchSummary, { batchId: 'spring', courseId: 'algebra', status: 'ongoing' }],
    [batchSummary, { batchId: 'new', courseId: '', status: 'unknown' }],
  );
  await spec.thenProblems({});
  await spec.thenProblems({ courseId: 'algebra', batchId: 'spring' });
  // The course of this batch is not known yet.
  await spec.thenProblems({ courseId: 'algebra', batchId: 'new' });
  await spec.thenProblems({ courseId: 'Algebra' }, /^there is no course Algebra: there is algebra$/);
  await spec.thenProblems({ courseId: 'greek', batchId: 'autumn' }, /no course greek: look/, /no batch autumn: look/);
  await spec.thenProblems({ courseId: 'latin' }, /course latin was retired: set the parameter retired/);
  await spec.thenProblems({ courseId: 'latin', retired: true });
  await spec.thenProblems(
    { courseId: 'latin', batchId: 'spring', retired: true },
    /spring is of the course algebra, not of latin/,
  );
});
