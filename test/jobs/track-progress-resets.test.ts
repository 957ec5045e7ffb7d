/** The events for batches, groups and the learner when progress is reset, a course is taken again, or a completion is withdrawn. */
import { test } from 'node:test';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { learnerCompleted, learnerJoined, learnerProgressed } from '../../schemas/batch.ts';
import { completionWithdrawn, courseRetaken, progressFollowed, progressReset } from '../../schemas/enrollment.ts';
import { memberProgressed } from '../../schemas/group.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
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
  opens,
  standing,
} from './learners.ts';

const resets = (...contentIds: string[]): SpecEvent => [
  progressReset,
  { ...ada, contentIds: contentIds.length === 0 ? null : contentIds },
];
const retakes: SpecEvent = [courseRetaken, ada];
const withdraws: SpecEvent = [completionWithdrawn, ada];
const follows: SpecEvent = [progressFollowed, { ...ada, groupId: 'red', following: true }];
const moved = (progress: number, state: string, previousProgress: number, previousState: string) =>
  [learnerProgressed, { ...standing(progress, state), previousProgress, previousState }] as const;
const onBoard = (progress: number, state: string, completedAt: number | null) =>
  [memberProgressed, { ...ada, groupId: 'red', enrolled: true, progress, state, completedAt }] as const;

test('a reset of the whole course withdraws progress and completion, and batches and groups get that', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, follows, completes('a'), completes('b'));
  await spec.when(resets());
  await spec.thenRow(key, {
    progress: 0,
    completed: 0,
    state: 'not_started',
    completedAt: null,
    units: { all: 0, deep: 0 },
  });
  await spec.thenEmits(moved(0, 'not_started', 100, 'completed'), onBoard(0, 'not_started', null));
});

test('a learner who completes a course again after a reset is reported to the batch as for the first time', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'), resets(), completes('a'));
  await spec.when(completes('b'));
  await spec.thenRow(key, { progress: 100, state: 'completed', completedAt: minute(5) });
  await spec.thenEmits(
    moved(100, 'completed', 50, 'in_progress'),
    [learnerCompleted, { ...inBatch, completedAt: minute(5) }],
    completedAlgebra,
  );
});

test('a reset of what the course does not require leaves the completion, and emits nothing', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'), completes('extra'));
  await spec.when(resets('extra'));
  await spec.thenRow(key, { progress: 100, state: 'completed', completedAt: minute(2) });
  await spec.thenNothing();
});

test('a reset of one content leaves the others, and the visits', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'));
  await spec.when(resets('b', 'b'));
  await spec.thenRow(key, { progress: 50, state: 'in_progress', completedAt: null, units: { all: 1, deep: 0 } });
  await spec.thenEmits(moved(50, 'in_progress', 100, 'completed'));
});

test('a reset for an unknown learner is kept, and is in no view', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when(resets('a'), [progressFollowed, { ...ada, groupId: 'red', following: false }]);
  await spec.thenRow(key, { resets: { a: minute(0) }, state: 'not_started' });
  await spec.thenNothing();
  await spec.thenView('enrollments');
});

test('a course that is taken again keeps its completion, and completing it again emits nothing', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'));
  await spec.when(retakes);
  await spec.thenRow(key, { progress: 0, state: 'completed', completedAt: minute(2) });
  await spec.thenEmits(moved(0, 'completed', 100, 'completed'));
  await spec.when(completes('a'), completes('b'));
  await spec.thenRow(key, { progress: 100, state: 'completed', completedAt: minute(2) });
  await spec.thenEmits(moved(50, 'completed', 0, 'completed'), moved(100, 'completed', 50, 'completed'));
});

test('a withdrawn completion leaves the progress, and the next completed content completes the course again', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'));
  await spec.when(withdraws);
  await spec.thenRow(key, { progress: 100, state: 'in_progress', completedAt: null });
  await spec.thenEmits(moved(100, 'in_progress', 100, 'completed'));
  await spec.when(opens('a'), completes('extra'));
  await spec.thenNothing();
  await spec.when(completes('a'));
  await spec.thenRow(key, { progress: 100, state: 'completed', completedAt: minute(6) });
  await spec.thenEmits(
    moved(100, 'completed', 100, 'in_progress'),
    [learnerCompleted, { ...inBatch, completedAt: minute(6) }],
    completedAlgebra,
  );
});

test('a learner who left gets no withdrawal, and is in progress after returning', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'), leaves);
  await spec.when(withdraws);
  await spec.thenNothing();
  await spec.when(joins);
  await spec.thenEmits([learnerJoined, { ...standing(100, 'in_progress'), first: false }]);
});

test('a completion that the course has outgrown is withdrawn by a reset of what it is based on', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'), completes('b'));
  const c = { name: 'C', required: true, units: ['all'] };
  await spec.lookups([
    courseStructure,
    { ...course, required: 3, publishedAt: 1, contents: { ...course.contents, c } },
  ]);
  await spec.when(resets('c'));
  await spec.thenRow(key, { progress: 66, state: 'completed', completedAt: minute(2) });
  await spec.when(resets('a'));
  await spec.thenRow(key, { progress: 33, state: 'in_progress', completedAt: null });
});

const TIES: readonly (readonly [rule: string, events: readonly SpecEvent[], row: Record<string, unknown>])[] = [
  ['a reset after a completion', [completes('a'), resets()], { progress: 0, state: 'not_started' }],
  ['a completion after a reset', [resets(), completes('a')], { progress: 50, state: 'in_progress' }],
  ['a visit after a reset', [completes('a'), resets(), opens('a')], { progress: 0, state: 'in_progress' }],
  ['a completion after a reset of its content', [resets('a'), completes('a')], { progress: 50 }],
  ['a completion after a retake', [retakes, completes('a')], { progress: 50 }],
  ['a retake after a completion', [completes('a'), retakes], { progress: 0 }],
  ['a leaving after a joining', [joins, leaves], { batches: { spring: { active: false } } }],
  ['a joining after a leaving', [joins, leaves, joins], { batches: { spring: { active: true } } }],
];

for (const [rule, events, row] of TIES) {
  test(`of the same time as what arrived before, ${rule} applies`, async (t) => {
    const spec = await jobSpec(t, trackProgress, { rows: known });
    await spec.given(...events.map(([def, data]): SpecEvent => [def, data, { time: minute(5) }]));
    await spec.thenPartOfRow(key, row);
  });
}

survives(
  trackProgress,
  [
    joins,
    completes('a'),
    completes('b'),
    resets('a'),
    completes('a'),
    withdraws,
    leaves,
    resets(),
    retakes,
    joins,
    completes('b'),
  ],
  { rows: known },
);
