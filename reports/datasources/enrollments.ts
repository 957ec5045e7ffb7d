/**
 * Who joins batches, leaves them and completes their courses.
 *
 * `track-progress` emits each of these facts once, so an enrollment that a platform repeats counts once. A learner who
 * returns joins again. Region and age band come from the profile at the time of counting. It is known by then if
 * accounts are produced before enrollments.
 */
import { lookup } from '../../jobs/define.ts';
import { learnerCompleted, learnerJoined, learnerLeft } from '../../schemas/batch.ts';
import { userProfile } from '../../schemas/rows/user-profile.ts';
import { batchEvents } from '../../topics/index.ts';
import { defineDatasource } from '../define-datasource.ts';

export const enrollments = defineDatasource({
  name: 'enrollments',
  title: 'Learners who join, leave and complete',
  about:
    'A completion counts at the time when the last content was completed, which may be before the event arrived. The number of learners at a given time is the number who had joined by then, minus the number who had left.',
  from: batchEvents,
  on: [learnerJoined, learnerLeft, learnerCompleted],
  granularity: 'quarter-hour',
  lookups: ({ data }) => ({ user: lookup(userProfile, { userId: data.userId }) }),
  time: { 'batch.learner-completed': 'completedAt' },

  dimensions: {
    course_id: { doc: 'The course.', field: 'courseId' },
    batch_id: { doc: 'The batch.', field: 'batchId' },
    region: {
      doc: 'Where the learner lives, as the platform names it.',
      personal: true,
      of: (_, { user }) => user?.region,
    },
    age_band: { doc: 'The age range of the learner.', personal: true, of: (_, { user }) => user?.ageBand },
  },

  metrics: {
    joined: {
      kind: 'count',
      doc: 'Learners who became active in the batch, for the first time or again.',
      unit: 'learners',
      on: [learnerJoined],
    },
    joined_first: {
      kind: 'count',
      doc: 'Learners who became active in the batch for the first time.',
      unit: 'learners',
      on: [learnerJoined],
      field: 'first',
    },
    departed: {
      kind: 'count',
      doc: 'Learners who are no longer active in the batch.',
      unit: 'learners',
      on: [learnerLeft],
    },
    completed: {
      kind: 'count',
      doc: 'Learners who completed the course while they were in the batch. If a completion is taken back and the learner completes the course again, both count.',
      unit: 'learners',
      on: [learnerCompleted],
    },
    learners: {
      kind: 'distinct',
      doc: 'Distinct learners who joined, left or completed.',
      unit: 'learners',
      field: 'userId',
    },
  },
});
