/** Which learners a batch counts, and in which state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { learnerCompleted, learnerJoined, learnerLeft, learnerProgressed } from '../../schemas/batch.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { jobSpec, type SpecEvent } from '../../testing/job-spec.ts';
import { Random } from '../../testing/random.ts';
import { creates, ids, joins, key, leaves, moves, retires, stateOf } from './batches.ts';

/** The counts of a batch whose current learners have this progress, after `left` others left. */
function counts(now: readonly number[], left = 0) {
  const sum = now.reduce((total, progress) => total + progress, 0);
  const histogram = Array.from({ length: 10 }, (_, tenth) => {
    return now.filter((progress) => progress >= 10 * tenth && (progress < 10 * tenth + 10 || tenth === 9)).length;
  });
  const inState = (state: string) => now.filter((progress) => stateOf(progress) === state).length;
  return {
    learners: now.length,
    ever: now.length + left,
    left,
    notStarted: inState('not_started'),
    inProgress: inState('in_progress'),
    completed: inState('completed'),
    meanProgress: now.length === 0 ? 0 : Number((sum / now.length).toFixed(1)),
    histogram,
    progressSum: sum,
  };
}

const HISTORIES: readonly (readonly [
  rule: string,
  events: readonly SpecEvent[],
  now: readonly number[],
  left?: number,
])[] = [
  ['a batch that nobody joined counts nobody', [creates(0, null)], []],
  [
    'a learner who joins counts where the learner stands',
    [joins('ada'), joins('ben', 35), joins('eve', 100)],
    [0, 35, 100],
  ],
  [
    'a learner who progresses counts there, and no longer where the learner stood',
    [joins('ada'), moves('ada', 0, 47)],
    [47],
  ],
  ['progress may go down, when a course grows', [joins('ada', 90), moves('ada', 90, 60)], [60]],
  ['a learner who leaves is counted as left', [joins('ada', 20), joins('ben', 30), leaves('ada', 20)], [30], 1],
  [
    'a learner who comes back is in it, and no longer left',
    [joins('ada', 20), leaves('ada', 20), joins('ada', 50, false)],
    [50],
  ],
  [
    'a learner who comes back was not one more ever',
    [joins('ada'), leaves('ada', 0), joins('ada', 0, false), leaves('ada', 0)],
    [],
    1,
  ],
  [
    'learners of a retired batch are still counted',
    [creates(0, null), retires, joins('ada'), moves('ada', 0, 10)],
    [10],
  ],
  ['learners are counted before the batch is known', [joins('ada', 10), leaves('ada', 10), creates(0, null)], [], 1],
];

for (const [rule, events, now, left] of HISTORIES) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(...events);
    await spec.thenRow(key, counts(now, left));
  });
}

const BINS = [
  [0, 0],
  [1, 0],
  [9, 0],
  [10, 1],
  [19, 1],
  [20, 2],
  [29, 2],
  [50, 5],
  [89, 8],
  [90, 9],
  [99, 9],
  [100, 9],
] as const;

for (const [progress, tenth] of BINS) {
  test(`${progress} percent counts in tenth ${tenth}`, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(joins('ada', progress));
    await spec.thenRow(key, { histogram: Array.from({ length: 10 }, (_, i) => (i === tenth ? 1 : 0)) });
  });
}

const MEANS = [
  [[], 0],
  [[33], 33],
  [[0, 1], 0.5],
  [[0, 0, 1], 0.3],
  [[0, 0, 2], 0.7],
  [[1, 1, 0, 0, 0, 0, 0, 0], 0.3],
  [[100, 100, 99], 99.7],
] as const;

for (const [progresses, mean] of MEANS) {
  test(`the mean of ${progresses.join(', ') || 'nobody'} is ${mean}, to one decimal`, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(creates(0, null), ...progresses.map((progress, i) => joins(`learner-${i}`, progress)));
    await spec.thenRow(key, { meanProgress: mean });
  });
}

test('a state counts as it is given: a completion stays one when the course has grown', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(joins('ada', 100), [
    learnerProgressed,
    { ...ids, userId: 'ada', progress: 66, state: 'completed', previousProgress: 100, previousState: 'completed' },
  ]);
  await spec.thenRow(key, { completed: 1, inProgress: 0, progressSum: 66, histogram: [0, 0, 0, 0, 0, 0, 1, 0, 0, 0] });
});

test('facts about learners are counted without emitting anything', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(100, null));
  await spec.when(joins('ada'), moves('ada', 0, 100), leaves('ada', 100));
  await spec.thenNothing();
});

test('a completion is not counted separately: the progress includes it', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(joins('ada', 100));
  await spec.when([learnerCompleted, { ...ids, userId: 'ada', completedAt: 0 }]);
  await spec.thenRow(key, counts([100]));
});

const IMPOSSIBLE: readonly (readonly [what: string, given: readonly SpecEvent[], event: SpecEvent])[] = [
  ['leaves without having joined', [], leaves('ada', 0)],
  ['leaves from where nobody stands', [joins('ben', 40)], leaves('ada', 50)],
  [
    'leaves in a state in which nobody is',
    [joins('ben', 99)],
    [learnerLeft, { ...ids, userId: 'ada', progress: 99, state: 'completed' }],
  ],
  ['progresses without having joined', [], moves('ada', 0, 10)],
  ['progresses from where nobody stands', [joins('ben', 40)], moves('ada', 20, 30)],
  ['comes back though nobody left', [joins('ben')], joins('ada', 0, false)],
  [
    'joins with less than nothing',
    [],
    [learnerJoined, { ...ids, userId: 'ada', progress: -1, state: 'in_progress', first: true }],
  ],
  [
    'joins with more than all',
    [],
    [learnerJoined, { ...ids, userId: 'ada', progress: 101, state: 'completed', first: true }],
  ],
  ['progresses beyond all', [joins('ada', 90)], moves('ada', 90, 110)],
  ['progresses from below nothing', [joins('ada')], moves('ada', -5, 10)],
  ['leaves with more than was counted', [joins('ada', 92), joins('ben', 0)], leaves('ada', 98)],
];

for (const [what, given, event] of IMPOSSIBLE) {
  test(`a learner who ${what} is not counted at all`, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(...given);
    const before = await spec.row(batchSummary, key);
    await spec.when(event);
    assert.deepEqual(await spec.row(batchSummary, key), before);
    await spec.thenNothing();
    await spec.thenDeadLetters('FACT_IMPOSSIBLE');
  });
}

test('whatever learners do, the counts are those of the learners who are in the batch', async (t) => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const spec = await jobSpec(t, summarizeBatch);
    const inIt = new Map<string, number>();
    const ever = new Set<string>();
    const events = Array.from({ length: 200 }, (): SpecEvent => {
      const userId = `learner-${random.below(20)}`;
      const before = inIt.get(userId);
      const after = random.pick([0, 9, 10, 33, 66, 99, 100]);
      if (before === undefined) {
        inIt.set(userId, after);
        const first = !ever.has(userId);
        ever.add(userId);
        return joins(userId, after, first);
      }
      if (random.chance(0.3)) {
        inIt.delete(userId);
        return leaves(userId, before);
      }
      inIt.set(userId, after);
      return moves(userId, before, after);
    });
    await spec.given(...events);
    await spec.thenRow(key, counts([...inIt.values()], ever.size - inIt.size));
  }
});
