import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { learnerCompleted, learnerJoined, learnerLeft, learnerProgressed } from '../../schemas/batch.ts';
import { contentProgressed, courseStructureChanged, enrolled, progressFollowed } from '../../schemas/enrollment.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { jobSpec, minute } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import {
  ada,
  completedAlgebra,
  completes,
  course,
  inBatch,
  joins,
  key,
  known,
  leaves,
  member,
  opens,
  standing,
} from './learners.ts';

test('a learner who enrolls for the first time joins the batch', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when(joins);
  await spec.thenRow(key, {
    batches: { spring: member(minute(0)) },
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
  const methods = [{ method: '', active: true, since: minute(0), enrolledAt: minute(1), leftAt: null }];
  await spec.thenRow(key, { batches: { spring: member(minute(0), { methods }) } });
  await spec.thenNothing();
});

test('a completed content counts in the percentage and in every unit that contains it', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins);
  await spec.when(completes('b'));
  await spec.thenRow(key, { completed: 1, progress: 50, state: 'in_progress', units: { all: 1, deep: 1 } });
  await spec.thenEmits([
    learnerProgressed,
    { ...standing(50, 'in_progress'), previousProgress: 0, previousState: 'not_started' },
  ]);
});

test('the last required content completes the course, and only the learner and the batch are notified, once', async (t) => {
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

test('a course that requires nothing is never completed', async (t) => {
  const nothing = { ...course, required: 0, units: {}, contents: { extra: { name: '', required: false, units: [] } } };
  const spec = await jobSpec(t, trackProgress, { rows: [[courseStructure, nothing]] });
  await spec.given(joins, completes('extra'));
  await spec.thenRow(key, { required: 0, progress: 0, state: 'in_progress', completedAt: null });
});

test('what was done before the enrollment counts once it arrives', async (t) => {
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

test('leaving keeps progress, nothing is emitted meanwhile, and returning continues with it', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'));
  await spec.when(leaves);
  await spec.thenEmits([learnerLeft, standing(50, 'in_progress')]);
  await spec.when(completes('b'));
  await spec.thenNothing();
  await spec.when(joins);
  const methods = [{ method: '', active: true, since: minute(4), enrolledAt: minute(4), leftAt: minute(2) }];
  const again = { firstAt: minute(0), completionSaid: true, leftAt: minute(2), methods };
  await spec.thenRow(key, { batches: { spring: member(minute(4), again) } });
  await spec.thenEmits(
    [learnerJoined, { ...standing(100, 'completed'), first: false }],
    [learnerCompleted, { ...inBatch, completedAt: minute(3) }],
    completedAlgebra,
  );
});

test('leaving a batch without having joined is kept for the joining that it ends, and is in no view', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when(leaves);
  await spec.thenNothing();
  for (const view of ['batch_learners', 'enrollments', 'learner_courses']) await spec.thenView(view);
  await spec.given(joins, leaves);
  await spec.when(leaves);
  await spec.thenNothing();
});

test('a second batch of a completed course gets the completion too, but the learner does not get it again', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'));
  await spec.when([enrolled, { ...ada, batchId: 'autumn' }]);
  await spec.thenEmits(
    [learnerJoined, { ...ada, batchId: 'autumn', progress: 100, state: 'completed', first: true }],
    [learnerCompleted, { ...ada, batchId: 'autumn', completedAt: minute(2) }],
  );
});

test('its views show who is in a batch, and have the data for searches and for a home page', async (t) => {
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
    left: ['spring'],
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
