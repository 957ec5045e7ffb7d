/**
 * The progress of learners: every change, as transitions that add up.
 *
 * `track-progress` emits each change once, with the learner's previous progress. So the learners in a tenth at some
 * time are all that entered it by then minus all that left: a running sum of a column over the buckets.
 */

import type { AnyEventOf } from '../../core/event.ts';
import { learnerJoined, learnerLeft, learnerProgressed } from '../../schemas/batch.ts';
import { batchEvents } from '../../topics/index.ts';
import { defineDatasource } from '../define-datasource.ts';

type Change = AnyEventOf<typeof learnerJoined | typeof learnerProgressed | typeof learnerLeft>;

const TENTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** 0 to 9 percent first, 90 to 100 last. */
const tenthOf = (progress: number): number => Math.min(9, Math.floor(progress / 10));

/** The learner's progress after the change and before it; undefined where the learner is not in the batch. */
function stepOf({ type, data }: Change): { after?: number; before?: number } {
  switch (type) {
    case 'batch.learner-joined':
      return { after: data.progress };
    case 'batch.learner-left':
      return { before: data.progress };
    case 'batch.learner-progressed':
      return { after: data.progress, before: data.previousProgress };
  }
}

/** 1 for entering, -1 for leaving, 0 for no change. */
function movedInto(event: Change, isThere: (progress: number) => boolean): number {
  const { after, before } = stepOf(event);
  return Number(after !== undefined && isThere(after)) - Number(before !== undefined && isThere(before));
}

const tenth = <const N extends (typeof TENTHS)[number]>(n: N) => ({
  kind: 'sum' as const,
  type: 'long' as const,
  doc: `Learners who reached ${n * 10} to ${n === 9 ? 100 : n * 10 + 9} percent, minus those who left this range.`,
  unit: 'learners',
  of: (event: Change) => movedInto(event, (progress) => tenthOf(progress) === n),
});

export const progress = defineDatasource({
  name: 'progress',
  title: 'How far learners are',
  about:
    'Rows hold changes, not states. To get the number of learners at a given time, add up a column over all buckets until then.',
  from: batchEvents,
  on: [learnerJoined, learnerProgressed, learnerLeft],
  granularity: 'quarter-hour',

  dimensions: {
    course_id: { doc: 'The course.', field: 'courseId' },
    batch_id: { doc: 'The batch.', field: 'batchId' },
  },

  metrics: {
    learners: {
      kind: 'sum',
      type: 'long',
      doc: 'Learners who joined the batch, minus those who left.',
      unit: 'learners',
      of: (event) => movedInto(event, () => true),
    },
    ...Object.fromEntries(TENTHS.map((n) => [`at_${n * 10}`, tenth(n)])),
    gained: {
      kind: 'sum',
      type: 'long',
      doc: 'Progress that active learners made, minus progress that was taken back.',
      unit: 'percent',
      of: ({ type, data }) => (type === 'batch.learner-progressed' ? data.progress - data.previousProgress : null),
    },
    reached: {
      kind: 'quantile',
      doc: 'The progress of active learners after each change.',
      unit: 'percent',
      points: [0.25, 0.5, 0.75],
      on: [learnerProgressed],
      field: 'progress',
    },
  },
});
