/** What happens to one batch. Topic `batch.events`, keyed by `batchId`. */
import { defineEvent } from '../core/event.ts';
import { moment } from '../core/moment.ts';
import { batchId, courseId, IN_LOG_ORDER, learnerState, NEWEST_HOLDS, progress, state, userId } from './fields.ts';

const namespace = 'org.tributary.batch';

const whole = [
  batchId,
  courseId,
  { name: 'name', type: 'string', doc: 'What people call the batch.' },
  { name: 'startsAt', type: 'long', doc: 'When the batch starts.', ...moment },
  {
    name: 'endsAt',
    type: ['null', 'long'],
    doc: 'When the batch ends: the first moment that is no longer part of it. Absent: it does not end.',
    ...moment,
    default: null,
  },
] as const;

const example = {
  batchId: 'AAA-2013J',
  courseId: 'AAA-2013J',
  name: 'AAA, autumn 2013',
  startsAt: 1380585600000,
  endsAt: 1403740800000,
} as const;

export const batchCreated = defineEvent(
  'batch.created',
  {
    type: 'record',
    name: 'Created',
    namespace,
    doc: `A batch was set up. An update says more than a creation, whatever their times. Of two creations: ${NEWEST_HOLDS}`,
    fields: whole,
  },
  example,
);

export const batchUpdated = defineEvent(
  'batch.updated',
  {
    type: 'record',
    name: 'Updated',
    namespace,
    doc: `A batch was changed. The event carries the whole batch as it is now, not only what changed. Of two updates: ${NEWEST_HOLDS} A batch of another course than before counts the learners of that one.`,
    fields: whole,
  },
  example,
);

export const batchRetired = defineEvent(
  'batch.retired',
  {
    type: 'record',
    name: 'Retired',
    namespace,
    doc: 'A batch was taken away, for good: whatever is told of it, before or after, and with whatever time.',
    fields: [batchId],
  },
  { batchId: 'AAA-2013J' },
);

const learner = [batchId, courseId, userId, progress, state] as const;
const learnerExample = {
  batchId: 'AAA-2013J',
  courseId: 'AAA-2013J',
  userId: 'learner-1',
  progress: 40,
  state: 'in_progress',
} as const;

export const learnerJoined = defineEvent(
  'batch.learner-joined',
  {
    type: 'record',
    name: 'LearnerJoined',
    namespace,
    doc: `A learner became active in the batch, with the progress made so far. One whose leaving was known already joins and leaves at once. ${IN_LOG_ORDER}`,
    fields: [
      ...learner,
      { name: 'first', type: 'boolean', doc: 'Whether the learner was never in this batch before.' },
    ],
  },
  { ...learnerExample, progress: 38, first: true },
);

export const learnerProgressed = defineEvent(
  'batch.learner-progressed',
  {
    type: 'record',
    name: 'LearnerProgressed',
    namespace,
    doc: `The progress or the state of an active learner is another one now: less than before, too, when a course grows, a progress is reset or a completion withdrawn. ${IN_LOG_ORDER}`,
    fields: [
      ...learner,
      { ...progress, name: 'previousProgress', doc: 'The progress before.' },
      { name: 'previousState', type: learnerState, doc: 'The state before.' },
    ],
  },
  { ...learnerExample, previousProgress: 38, previousState: 'in_progress' },
);

export const learnerCompleted = defineEvent(
  'batch.learner-completed',
  {
    type: 'record',
    name: 'LearnerCompleted',
    namespace,
    doc: `An active learner completed the course, or joined having completed it. Said once a batch and learner, and once more after a completion that was taken back. ${IN_LOG_ORDER}`,
    fields: [
      batchId,
      courseId,
      userId,
      {
        name: 'completedAt',
        type: 'long',
        doc: 'When the last required content was completed, as far as was known then. Facts that come later may make it earlier.',
        unit: 'ms since 1970 UTC',
      },
    ],
  },
  { batchId: 'AAA-2013J', courseId: 'AAA-2013J', userId: 'learner-1', completedAt: 1390000000000 },
);

export const learnerLeft = defineEvent(
  'batch.learner-left',
  {
    type: 'record',
    name: 'LearnerLeft',
    namespace,
    doc: `A learner is no longer active in the batch. ${IN_LOG_ORDER}`,
    fields: learner,
  },
  learnerExample,
);

export const batchStarted = defineEvent(
  'batch.started',
  {
    type: 'record',
    name: 'Started',
    namespace,
    doc: `The start of the batch was reached. ${IN_LOG_ORDER}`,
    fields: [batchId, courseId],
  },
  { batchId: 'AAA-2013J', courseId: 'AAA-2013J' },
);

export const batchEnded = defineEvent(
  'batch.ended',
  {
    type: 'record',
    name: 'Ended',
    namespace,
    doc: `The end of the batch was reached. ${IN_LOG_ORDER}`,
    fields: [batchId, courseId],
  },
  { batchId: 'AAA-2013J', courseId: 'AAA-2013J' },
);
