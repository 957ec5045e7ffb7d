/** Events about one course batch. Topic `batch.events`, keyed by `batchId`. */
import { defineEvent } from '../core/event.ts';
import { moment } from '../core/moment.ts';
import { batchId, courseId, IN_LOG_ORDER, learnerState, NEWEST_HOLDS, progress, state, userId } from './fields.ts';

const namespace = 'org.tributary.batch';

const whole = [
  batchId,
  courseId,
  { name: 'name', type: 'string', doc: 'The name of the batch.' },
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
    doc: `A batch was created. An update replaces a creation, whatever their times. Of two creations, ${NEWEST_HOLDS}`,
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
    doc: `A batch was changed. The event carries the whole batch as it is now, not only what changed. Of two updates, ${NEWEST_HOLDS} If the course has changed, the batch counts the learners of the new course.`,
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
    doc: 'A batch was retired. This is final: no other event about the batch changes it, whenever that event happened or arrives.',
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
    doc: `A learner became active in the batch. The event carries the progress made so far. If the unenrollment arrived before the enrollment, the learner joins and leaves at once. ${IN_LOG_ORDER}`,
    fields: [
      ...learner,
      { name: 'first', type: 'boolean', doc: 'Whether the learner is in this batch for the first time.' },
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
    doc: `The progress or the state of an active learner has changed. Either may also go back: when the course grows, the progress is reset or a completion is withdrawn. ${IN_LOG_ORDER}`,
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
    doc: `An active learner completed the course, or a learner who had already completed it joined the batch. Emitted once for each batch and learner. If the completion is taken back, it is emitted again when the learner completes the course again. ${IN_LOG_ORDER}`,
    fields: [
      batchId,
      courseId,
      userId,
      {
        name: 'completedAt',
        type: 'long',
        doc: 'When the last required content was completed, as far as was known when the event was emitted. Events that arrive later may show that it was earlier.',
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
    doc: `The batch has reached its start time. ${IN_LOG_ORDER}`,
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
    doc: `The batch has reached its end time. ${IN_LOG_ORDER}`,
    fields: [batchId, courseId],
  },
  { batchId: 'AAA-2013J', courseId: 'AAA-2013J' },
);
