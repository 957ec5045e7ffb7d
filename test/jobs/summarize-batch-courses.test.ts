/** A batch counts only learners of its own course, each once, whichever event arrived first. */
import { test } from 'node:test';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { at, creates, dates, joins, key, leaves, moves, updates } from './batches.ts';

const of = (courseId: string, [def, data]: SpecEvent): SpecEvent => [def, { ...data, courseId }];

const ORDERS: readonly (readonly [rule: string, events: readonly SpecEvent[], row: Record<string, unknown>])[] = [
  [
    'learners of another course are not counted',
    [creates(0, null), joins('ada', 50), of('botany', joins('ada', 20)), of('botany', moves('ada', 20, 30))],
    { courseId: 'algebra', learners: 1, ever: 1, progressSum: 50 },
  ],
  [
    'nor when they came before the batch was announced',
    [
      of('botany', joins('ada', 20)),
      joins('ada', 50),
      joins('ben'),
      creates(0, null),
      of('botany', moves('ada', 20, 30)),
    ],
    { courseId: 'algebra', learners: 2, ever: 2, progressSum: 50 },
  ],
  [
    'nor when all of them learn the other',
    [of('botany', joins('ada', 20)), creates(0, null), of('botany', leaves('ada', 20))],
    { courseId: 'algebra', learners: 0, ever: 0, left: 0, progressSum: 0 },
  ],
  [
    'a batch that turns out to be of another course counts the learners of that one',
    [joins('ada', 50), creates(0, null), of('botany', joins('ben', 20)), of('botany', updates(0, null))],
    { courseId: 'botany', learners: 1, ever: 1, progressSum: 20 },
  ],
  [
    'and of its own again, when it is put right',
    [joins('ada', 50), of('botany', creates(0, null)), joins('eve', 10), updates(0, null), moves('ada', 50, 60)],
    { courseId: 'algebra', learners: 2, ever: 2, progressSum: 70, others: {} },
  ],
];

for (const [rule, events, row] of ORDERS) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(...events);
    await spec.thenRow(key, row);
  });
}

test('another course whose learner never joined is refused like its own', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(0, null));
  await spec.when(of('botany', leaves('ada', 20)));
  await spec.thenDeadLetters('FACT_IMPOSSIBLE');
});

// ---- rows of an earlier release, whose fields have no time ----

const earlier = {
  batchId: 'spring',
  courseId: 'algebra',
  name: 'Spring',
  ...dates(10, 20),
  status: 'upcoming',
  learners: 1,
  ever: 1,
  left: 0,
  notStarted: 1,
  inProgress: 0,
  completed: 0,
  meanProgress: 0,
  histogram: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  progressSum: 0,
  others: {},
};

test('an earlier release may have applied an update, so that a creation adds nothing', async (t) => {
  const spec = await jobSpec(t, summarizeBatch, { rows: [[batchSummary, earlier]] });
  await spec.when(creates(1, 2, 'Old'));
  await spec.thenRow(key, { name: 'Spring', ...dates(10, 20), createdAt: null });
});

test('any update is newer than what an earlier release kept, and counting continues', async (t) => {
  const spec = await jobSpec(t, summarizeBatch, { rows: [[batchSummary, earlier]] });
  await spec.when(at(-5, updates(11, 30, 'Late spring')), joins('ben'), moves('ada', 0, 10));
  await spec.thenRow(key, { name: 'Late spring', ...dates(11, 30), learners: 2, ever: 2, updatedAt: minute(-5) });
});

test('of two updates of the same time, the later in the log applies', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(at(3, updates(10, 20, 'First')), at(3, updates(10, 20, 'Second')), at(2, updates(10, 20, 'Third')));
  await spec.thenRow(key, { name: 'Second' });
});
