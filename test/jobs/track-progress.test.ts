import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackProgress } from '../../jobs/track-progress.ts';
import { learnerCompleted, learnerJoined, learnerLeft, learnerProgressed } from '../../schemas/batch.ts';
import {
  contentProgressed,
  courseStructureChanged,
  enrolled,
  progressFollowed,
  unenrolled,
} from '../../schemas/enrollment.ts';
import { memberProgressed } from '../../schemas/group.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { jobSpec, minute, type SpecEvent, type SpecRow } from '../harness/job-spec.ts';
import { survives } from '../harness/survival.ts';

/** Two required contents in a unit within a unit, and one optional content. */
const course = {
  courseId: 'algebra',
  name: 'Algebra',
  retired: false,
  publishedAt: 0,
  required: 2,
  units: {
    all: { name: 'All', parentId: null, optional: false, required: 2 },
    deep: { name: 'Deep', parentId: 'all', optional: false, required: 1 },
  },
  contents: {
    a: { name: 'A', required: true, units: ['all'] },
    b: { name: 'B', required: true, units: ['all', 'deep'] },
    extra: { name: 'Extra', required: false, units: [] },
  },
};
const known: readonly SpecRow[] = [[courseStructure, course]];
const ada = { userId: 'ada', courseId: 'algebra' };
const inBatch = { ...ada, batchId: 'spring' };
const key = ['ada', 'algebra'];

const joins: SpecEvent = [enrolled, inBatch];
const leaves: SpecEvent = [unenrolled, inBatch];
const completes = (contentId: string): SpecEvent => [contentProgressed, { ...ada, contentId, status: 'completed' }];
const opens = (contentId: string, views = 1): SpecEvent => [
  contentProgressed,
  { ...ada, contentId, status: 'started', views },
];
const but = ([def, data]: SpecEvent, rest: SpecEvent[2]): SpecEvent => [def, data, { ...rest }];
const standing = (progress: number, state: string) => ({ ...inBatch, progress, state });
const completedAlgebra = [
  notificationRequested,
  {
    recipientId: 'ada',
    notificationId: 'course-completed/algebra',
    category: 'course',
    title: 'You have completed Algebra',
    body: '',
    link: null,
    urgent: false,
    expiresAt: null,
  },
] as const;

test('a learner who enrols for the first time joins the batch', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when(joins);
  await spec.thenRow(key, {
    batches: { spring: { active: true, since: minute(0), firstAt: minute(0), completionSaid: false } },
    required: 2,
    progress: 0,
    state: 'not_started',
  });
  await spec.thenEmits([learnerJoined, { ...standing(0, 'not_started'), first: true }]);
});

test('enrolling an active learner again changes nothing', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins);
  await spec.when(joins);
  await spec.thenRow(key, {
    batches: { spring: { active: true, since: minute(0), firstAt: minute(0), completionSaid: false } },
  });
  await spec.thenNothing();
});

test('a completed content counts in the percentage and in every unit that holds it', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins);
  await spec.when(completes('b'));
  await spec.thenRow(key, { completed: 1, progress: 50, state: 'in_progress', units: { all: 1, deep: 1 } });
  await spec.thenEmits([
    learnerProgressed,
    { ...standing(50, 'in_progress'), previousProgress: 0, previousState: 'not_started' },
  ]);
});

test('the last required content completes the course, and the learner, the batch and nobody else hear of it once', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'));
  await spec.when(completes('b'), completes('extra'), completes('b'));
  await spec.thenRow(key, { progress: 100, state: 'completed', completedAt: minute(2) });
  await spec.thenEmits(
    [learnerProgressed, { ...standing(100, 'completed'), previousProgress: 50, previousState: 'in_progress' }],
    [learnerCompleted, { ...inBatch, completedAt: minute(2) }],
    completedAlgebra,
  );
});

test('an optional content counts for nothing but its own visits', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, opens('a'));
  await spec.when(completes('extra'));
  await spec.thenRow(key, { completed: 0, progress: 0, state: 'in_progress' });
  await spec.thenNothing();
});

test('a course that requires nothing is completed by nobody', async (t) => {
  const nothing = { ...course, required: 0, units: {}, contents: { extra: { name: '', required: false, units: [] } } };
  const spec = await jobSpec(t, trackProgress, { rows: [[courseStructure, nothing]] });
  await spec.given(joins, completes('extra'));
  await spec.thenRow(key, { required: 0, progress: 0, state: 'in_progress', completedAt: null });
});

test('visits add up, and keep the first and the latest time whatever their order', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = opens('a', 2);
  await spec.given(
    [def, data, { time: minute(50) }],
    [def, data, { time: minute(10) }],
    [def, data, { time: minute(30) }],
  );
  await spec.thenRow(key, {
    contents: { a: { completed: false, views: 6, firstAt: minute(10), lastAt: minute(50), completedAt: null } },
    firstAccessAt: minute(10),
    lastAccessAt: minute(50),
  });
});

test('a visit told twice is one visit', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = opens('a', 3);
  await spec.given([def, data, { id: 'visit' }], opens('b'), [def, data, { id: 'visit' }]);
  const visits = { completed: false, completedAt: null };
  await spec.thenRow(key, {
    contents: {
      a: { ...visits, views: 3, firstAt: minute(0), lastAt: minute(0) },
      b: { ...visits, views: 1, firstAt: minute(1), lastAt: minute(1) },
    },
    lastAccessAt: minute(1),
  });
});

test('a visit told again is forgotten after eight others, and counts again then', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const visit = but(opens('a'), { id: 'visit' });
  const views = async () => (await spec.row(learnerProgress, key))?.contents?.get('a')?.views;
  await spec.given(visit, ...Array.from({ length: 7 }, () => opens('b')), visit);
  assert.equal(await views(), 1);
  await spec.given(opens('b'), visit);
  assert.equal(await views(), 2);
});

test('a visit told again as a completion completes, and stays one visit', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = opens('a');
  await spec.given(joins, [def, data, { id: 'visit' }]);
  await spec.when([def, { ...data, status: 'completed' }, { id: 'visit' }]);
  await spec.thenRow(key, {
    contents: { a: { completed: true, views: 1, firstAt: minute(1), lastAt: minute(2), completedAt: minute(2) } },
    progress: 50,
  });
  await spec.thenEmits([
    learnerProgressed,
    { ...standing(50, 'in_progress'), previousProgress: 0, previousState: 'in_progress' },
  ]);
});

test('a completion that is told late is the first one if it was, and the course stays completed when it was', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = completes('a');
  await spec.given(joins, [def, data, { time: minute(50) }], but(completes('b'), { time: minute(40) }));
  await spec.when([def, data, { time: minute(20) }], [def, data, { time: minute(60) }]);
  const a = { completed: true, views: 3, firstAt: minute(20), lastAt: minute(60), completedAt: minute(20) };
  const b = { completed: true, views: 1, firstAt: minute(40), lastAt: minute(40), completedAt: minute(40) };
  await spec.thenRow(key, { contents: { a, b }, completedAt: minute(50) });
  await spec.thenNothing();
});

test('opening a completed content again leaves it completed', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'));
  await spec.when(opens('a'));
  await spec.thenRow(key, {
    progress: 50,
    contents: { a: { completed: true, views: 2, firstAt: minute(1), lastAt: minute(2), completedAt: minute(1) } },
  });
  await spec.thenNothing();
});

test('what was done before the enrollment counts when it comes', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when(completes('a'), completes('b'));
  await spec.thenNothing();
  await spec.when(joins);
  await spec.thenEmits(
    [learnerJoined, { ...standing(100, 'completed'), first: true }],
    [learnerCompleted, { ...inBatch, completedAt: minute(1) }],
    completedAlgebra,
  );
});

test('what was done before the course is known counts when it is published', async (t) => {
  const spec = await jobSpec(t, trackProgress);
  await spec.given(joins, completes('a'));
  await spec.thenRow(key, { required: 0, progress: 0, state: 'in_progress' });
  await spec.lookups(...known);
  await spec.when([courseStructureChanged, { courseId: 'algebra' }]);
  await spec.thenRow(key, { required: 2, completed: 1, progress: 50, courseName: 'Algebra' });
  await spec.thenEmits([
    learnerProgressed,
    { ...standing(50, 'in_progress'), previousProgress: 0, previousState: 'in_progress' },
  ]);
});

test('a completion stays when the course grows, while the percentage follows the course', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'));
  const grown = {
    ...course,
    required: 3,
    contents: { ...course.contents, c: { name: 'C', required: true, units: ['all'] } },
  };
  await spec.lookups([courseStructure, grown]);
  await spec.when([courseStructureChanged, { courseId: 'algebra' }]);
  await spec.thenRow(key, { required: 3, completed: 2, progress: 66, state: 'completed', completedAt: minute(2) });
  await spec.thenEmits([
    learnerProgressed,
    { ...standing(66, 'completed'), previousProgress: 100, previousState: 'completed' },
  ]);
});

test('a unit that is no longer in the course is no longer counted, and one that lost its contents counts none', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('b'));
  const shrunk = {
    ...course,
    required: 1,
    units: {
      all: { ...course.units.all, required: 0 },
      fresh: { name: 'Fresh', parentId: null, optional: false, required: 1 },
    },
    contents: { a: { name: 'A', required: true, units: ['fresh'] }, b: { name: 'B', required: false, units: [] } },
  };
  await spec.lookups([courseStructure, shrunk]);
  await spec.when([courseStructureChanged, { courseId: 'algebra' }]);
  await spec.thenRow(key, { completed: 0, progress: 0, units: { all: 0 } });
});

test('a change of a course touches the learners of that course only', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, [enrolled, { userId: 'ada', courseId: 'botany', batchId: 'summer' }]);
  await spec.when([courseStructureChanged, { courseId: 'nobody-learns-this' }]);
  await spec.thenNothing();
  assert.equal((await spec.view('learner_progress')).length, 2);
});

test('leaving keeps progress, nothing is said meanwhile, and coming back goes on with it', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'));
  await spec.when(leaves);
  await spec.thenEmits([learnerLeft, standing(50, 'in_progress')]);
  await spec.when(completes('b'));
  await spec.thenNothing();
  await spec.when(joins);
  await spec.thenRow(key, {
    batches: { spring: { active: true, since: minute(4), firstAt: minute(0), completionSaid: true } },
  });
  await spec.thenEmits(
    [learnerJoined, { ...standing(100, 'completed'), first: false }],
    [learnerCompleted, { ...inBatch, completedAt: minute(3) }],
    completedAlgebra,
  );
});

test('leaving a batch one is not in changes nothing', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when(leaves);
  await spec.thenRow(key, undefined);
  await spec.given(joins, leaves);
  await spec.when(leaves);
  await spec.thenNothing();
});

test('a second batch of a course that was completed hears of the completion too, and the learner does not again', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'));
  await spec.when([enrolled, { ...ada, batchId: 'autumn' }]);
  await spec.thenEmits(
    [learnerJoined, { ...ada, batchId: 'autumn', progress: 100, state: 'completed', first: true }],
    [learnerCompleted, { ...ada, batchId: 'autumn', completedAt: minute(2) }],
  );
});

test('a group that follows an enrolled learner is told at once, at every change, and when the learner leaves', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const follows: SpecEvent = [progressFollowed, { ...ada, groupId: 'red', following: true }];
  const told = (enrolledNow: boolean, progress: number, state: string) =>
    [memberProgressed, { ...ada, groupId: 'red', enrolled: enrolledNow, progress, state, completedAt: null }] as const;
  await spec.given(joins);
  await spec.when(follows);
  await spec.thenEmits(told(true, 0, 'not_started'));
  await spec.when(completes('a'));
  await spec.thenEmits(
    [learnerProgressed, { ...standing(50, 'in_progress'), previousProgress: 0, previousState: 'not_started' }],
    told(true, 50, 'in_progress'),
  );
  await spec.when(leaves);
  await spec.thenEmits([learnerLeft, standing(50, 'in_progress')], told(false, 50, 'in_progress'));
});

test('a group that follows somebody who is not enrolled is told when that changes', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when([progressFollowed, { ...ada, groupId: 'red', following: true }]);
  await spec.thenNothing();
  await spec.thenView('learner_courses');
  await spec.thenView('enrollments');
  await spec.when(joins);
  await spec.thenEmits(
    [learnerJoined, { ...standing(0, 'not_started'), first: true }],
    [
      memberProgressed,
      { ...ada, groupId: 'red', enrolled: true, progress: 0, state: 'not_started', completedAt: null },
    ],
  );
});

test('a group that follows no longer is told nothing', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(
    joins,
    [progressFollowed, { ...ada, groupId: 'red', following: true }],
    [progressFollowed, { ...ada, groupId: 'red', following: false }],
  );
  await spec.when(leaves);
  await spec.thenEmits([learnerLeft, standing(0, 'not_started')]);
});

test('its views show who is in a batch, what can be searched, and what a home page needs', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), leaves);
  const row = { ...ada, progress: 50, state: 'in_progress' };
  await spec.thenView('batch_learners', {
    batchId: 'spring',
    ...row,
    active: false,
    since: minute(2),
    completedAt: null,
    lastAccessAt: minute(1),
  });
  await spec.thenView('enrollments', {
    ...row,
    courseName: 'Algebra',
    active: false,
    batches: [],
    completedAt: null,
    lastAccessAt: minute(1),
  });
  await spec.thenView('learner_courses', { ...row, active: false });
});

survives(
  trackProgress,
  [
    joins,
    completes('a'),
    [enrolled, { ...inBatch, userId: 'ben' }],
    [progressFollowed, { ...ada, groupId: 'red', following: true }],
    [contentProgressed, { ...ada, userId: 'ben', contentId: 'b', status: 'started', views: 4 }],
    completes('b'),
    [courseStructureChanged, { courseId: 'algebra' }],
    leaves,
    [enrolled, { ...ada, courseId: 'botany', batchId: 'summer' }],
    joins,
  ],
  { rows: known },
);
