/** Which batch a learner is in: by which methods, of which course, and in which order of events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { learnerJoined, learnerLeft } from '../../schemas/batch.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { jobSpec, minute, type SpecEvent, type SpecRow } from '../../testing/job-spec.ts';
import { but, completes, course, joins, key, known, leaves, standing } from './learners.ts';

const by = (method: string, [def, data]: SpecEvent): SpecEvent => [def, { ...data, method }];
const at = (n: number, event: SpecEvent): SpecEvent => but(event, { time: minute(n) });

test('a learner is in a batch while any method applies, and the batch gets the first joining and the last leaving', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.when(by('self', joins), by('cohort', joins));
  await spec.thenEmits([learnerJoined, { ...standing(0, 'not_started'), first: true }]);
  await spec.when(by('self', leaves));
  await spec.thenNothing();
  await spec.when(by('cohort', leaves));
  await spec.thenEmits([learnerLeft, standing(0, 'not_started')]);
});

test('leaving by a method without a joining leaves the others', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins);
  await spec.when(by('self', leaves));
  await spec.thenNothing();
  await spec.thenPartOfRow(key, { batches: { spring: { active: true } } });
});

test('a joining that arrives after its leaving is emitted with it, so that batches count everybody who was there', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(at(5, leaves), completes('a'));
  await spec.when(at(3, joins));
  await spec.thenEmits(
    [learnerJoined, { ...standing(50, 'in_progress'), first: true }],
    [learnerLeft, standing(50, 'in_progress')],
  );
  await spec.when(at(2, joins), at(3, joins));
  await spec.thenNothing();
});

test('a leaving has the standing that the batch has received last, though the course is another one by now', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'));
  const c = { name: 'C', required: true, units: ['all'] };
  const grown = { ...course, required: 3, publishedAt: 1, contents: { ...course.contents, c } };
  await spec.lookups([courseStructure, grown]);
  await spec.when(leaves);
  await spec.thenEmits([learnerLeft, standing(50, 'in_progress')]);
});

test('a learner has at most fifty methods in a batch, since a sender may mean single enrollments by them', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(...Array.from({ length: 50 }, (_, n) => by(`method-${n}`, joins)));
  await spec.when(by('one-more', joins), by('one-more', leaves), by('method-1', leaves));
  await spec.thenNothing();
  await spec.thenDeadLetters('FACT_IMPOSSIBLE', 'FACT_IMPOSSIBLE');
});

// ---- whose course ----

const batchOf = (courseId: string, startsAt: number | null): SpecRow => [
  batchSummary,
  {
    batchId: 'spring',
    courseId,
    name: 'Spring',
    startsAt,
    endsAt: null,
    status: startsAt === null ? 'unknown' : 'ongoing',
    learners: 0,
    ever: 0,
    left: 0,
    notStarted: 0,
    inProgress: 0,
    completed: 0,
    meanProgress: 0,
    histogram: [],
    progressSum: 0,
    others: {},
  },
];

test('an enrollment in a batch of another course is refused, and the batch gets nothing', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: [...known, batchOf('botany', 0)] });
  await spec.when(joins);
  await spec.thenRow(key, undefined);
  await spec.thenNothing();
  await spec.thenDeadLetters('FACT_IMPOSSIBLE');
  const [letter] = await spec.deadLetterRecords();
  assert.match(String(letter?.headers[DEAD_LETTER.message]), /batch spring belongs to course botany, not to algebra/);
});

for (const [what, row] of [
  ['is of the same course', batchOf('algebra', 0)],
  ['is known only from learners', batchOf('botany', null)],
] as const) {
  test(`an enrollment in a batch that ${what} is accepted`, async (t) => {
    const spec = await jobSpec(t, trackProgress, { rows: [...known, row] });
    await spec.when(joins);
    await spec.thenEmits([learnerJoined, { ...standing(0, 'not_started'), first: true }]);
  });
}

// ---- rows of an earlier release ----

const before = (active: boolean, since: number): SpecRow => [
  learnerProgress,
  {
    userId: 'ada',
    courseId: 'algebra',
    courseName: 'Algebra',
    required: 2,
    completed: 1,
    progress: 50,
    state: 'in_progress',
    completedAt: null,
    firstAccessAt: minute(1),
    lastAccessAt: minute(1),
    batches: { spring: { active, since, firstAt: minute(0), completionSaid: false } },
    contents: { a: { completed: true, views: 1, firstAt: minute(1), lastAt: minute(1), completedAt: minute(1) } },
    units: Entries.of([['all', 1]]),
    followers: [],
    recent: [],
    measuredSince: 0,
    resets: {},
    startedOver: false,
  },
];

const EARLIER: readonly (readonly [what: string, active: boolean, event: SpecEvent, becomes: boolean])[] = [
  ['a learner who was in it leaves', true, at(20, leaves), false],
  ['a learner who was in it leaves by a method', true, at(20, by('self', leaves)), false],
  ['a learner who was in it stays, when an older leaving arrives', true, at(5, leaves), true],
  ['a learner who had left comes back', false, at(20, joins), true],
  ['a learner who had left stays away, when an older joining arrives', false, at(5, joins), false],
];

for (const [what, active, event, becomes] of EARLIER) {
  test(`by a row of an earlier release, ${what}`, async (t) => {
    const spec = await jobSpec(t, trackProgress, { rows: [...known, before(active, minute(10))] });
    await spec.when(event);
    await spec.thenPartOfRow(key, { batches: { spring: { active: becomes } } });
  });
}

test('a content that an earlier release kept is completed, and completes the course with the others', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: [...known, before(true, minute(0))] });
  await spec.when(completes('b'), at(0, completes('a')));
  await spec.thenPartOfRow(key, {
    progress: 100,
    state: 'completed',
    contents: { a: { completed: true, completedAt: minute(0), again: [minute(1)] } },
  });
});
