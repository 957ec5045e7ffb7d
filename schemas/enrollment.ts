/** Events about one learner in one course. Topic `enrollment.events`, keyed by `userId`. */
import { defineEvent } from '../core/event.ts';
import { batchId, contentId, courseId, groupId, IN_LOG_ORDER, NEWEST_HOLDS, userId } from './fields.ts';

const namespace = 'org.tributary.enrollment';

const method = (doc: string) => ({ name: 'method', type: 'string', doc, default: '' }) as const;

export const enrolled = defineEvent(
  'enrollment.enrolled',
  {
    type: 'record',
    name: 'Enrolled',
    namespace,
    doc: `A learner joined a batch, for the first time or again. For an active learner it changes nothing. Of the events of one learner, batch and method: ${NEWEST_HOLDS} A late event may still change when the learner first joined. It is rejected if the batch is known to be of another course.`,
    fields: [
      userId,
      courseId,
      batchId,
      method(
        'How the learner came in, where a platform enrols in several ways: self, manual, cohort. A learner is in the batch while any of them holds.',
      ),
    ],
  },
  { userId: 'learner-1', courseId: 'AAA-2013J', batchId: 'AAA-2013J', method: 'self' },
);

export const unenrolled = defineEvent(
  'enrollment.unenrolled',
  {
    type: 'record',
    name: 'Unenrolled',
    namespace,
    doc: `A learner left a batch. The progress is kept for a learner who comes back. Of the events of one learner, batch and method: ${NEWEST_HOLDS} It may arrive before the joining that it ends.`,
    fields: [
      userId,
      courseId,
      batchId,
      method('The way of having come in that ends: the others hold. Without it, all of them end.'),
    ],
  },
  { userId: 'learner-1', courseId: 'AAA-2013J', batchId: 'AAA-2013J', method: 'self' },
);

export const contentProgressed = defineEvent(
  'enrollment.content-progressed',
  {
    type: 'record',
    name: 'ContentProgressed',
    namespace,
    doc: 'A learner opened or completed a content. It may arrive before the enrollment and before the course is known, and counts as soon as these are known. It may arrive in any order: the first and the latest visit and the first completion follow from the times, and a completion before a reset does not count, however late it arrives. A repeat (equal source and id) is not counted as a visit; the latest eight are remembered.',
    fields: [
      userId,
      courseId,
      contentId,
      {
        name: 'status',
        type: { type: 'enum', name: 'ContentStatus', symbols: ['started', 'completed'] },
        doc: 'The state of the content. A completed content stays completed, unless it is reset.',
      },
      { name: 'views', type: 'int', doc: 'How many visits this event stands for.', minimum: 0, default: 1 },
    ],
  },
  { userId: 'learner-1', courseId: 'AAA-2013J', contentId: '546669', status: 'completed', views: 3 },
);

export const assessmentSubmitted = defineEvent(
  'enrollment.assessment-submitted',
  {
    type: 'record',
    name: 'AssessmentSubmitted',
    namespace,
    doc: `A learner submitted one attempt of an assessment. Of the events of one attempt: ${NEWEST_HOLDS}`,
    fields: [
      userId,
      courseId,
      batchId,
      contentId,
      { name: 'attemptId', type: 'string', doc: 'The attempt. Submitting it again replaces it.' },
      { name: 'score', type: 'double', doc: 'Points reached.', unit: 'points' },
      { name: 'maxScore', type: 'double', doc: 'Points that could be reached.', unit: 'points', minimum: 0 },
      {
        name: 'answers',
        doc: 'The answers, if the platform reports them.',
        default: [],
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Answer',
            doc: 'One answered question.',
            fields: [
              { name: 'questionId', type: 'string', doc: 'The question.' },
              { name: 'score', type: 'double', doc: 'Points reached.', unit: 'points' },
              { name: 'maxScore', type: 'double', doc: 'Points that could be reached.', unit: 'points', minimum: 0 },
              { name: 'durationMs', type: ['null', 'long'], doc: 'Time spent.', unit: 'ms', minimum: 0, default: null },
            ],
          },
        },
      },
    ],
  },
  {
    userId: 'learner-1',
    courseId: 'AAA-2013J',
    batchId: 'AAA-2013J',
    contentId: '1752',
    attemptId: 'attempt-1',
    score: 7.5,
    maxScore: 10,
    answers: [{ questionId: 'q1', score: 1, maxScore: 1, durationMs: 12000 }],
  },
);

const learnerInCourse = { userId: 'learner-1', courseId: 'AAA-2013J' } as const;

export const progressReset = defineEvent(
  'enrollment.progress-reset',
  {
    type: 'record',
    name: 'ProgressReset',
    namespace,
    doc: `The completions of a learner in a course until then no longer count, nor does a completion of the course that follows from them. Visits stay counted, and later completions count. The order of arrival does not matter: completions with an earlier time than the reset are reset, and those with an equal time if they are earlier in the log. Batches are notified of the lower progress. A learner who completes the course again is not notified again. Of two resets: ${NEWEST_HOLDS}`,
    fields: [
      userId,
      courseId,
      {
        name: 'contentIds',
        type: ['null', { type: 'array', items: 'string' }],
        doc: 'The contents that are reset. Absent: the whole course.',
        default: null,
      },
    ],
  },
  { ...learnerInCourse, contentIds: ['546669'] },
);

export const courseRetaken = defineEvent(
  'enrollment.course-retaken',
  {
    type: 'record',
    name: 'CourseRetaken',
    namespace,
    doc: `A learner takes a course again: the progress starts anew with later completions. An earlier completion of the course stays, with its time, and completing it again emits nothing. Of two: ${NEWEST_HOLDS}`,
    fields: [userId, courseId],
  },
  learnerInCourse,
);

export const completionWithdrawn = defineEvent(
  'enrollment.completion-withdrawn',
  {
    type: 'record',
    name: 'CompletionWithdrawn',
    namespace,
    doc: `A completion of the course until then is withdrawn. The progress stays: the course is complete again when a required content is completed at a later time, again or for the first time, and none is missing. Of two: ${NEWEST_HOLDS}`,
    fields: [userId, courseId],
  },
  learnerInCourse,
);

export const progressFollowed = defineEvent(
  'enrollment.progress-followed',
  {
    type: 'record',
    name: 'ProgressFollowed',
    namespace,
    doc: `A group begins or ends to follow the progress of this learner in this course: it is notified at once and at every change. ${IN_LOG_ORDER}`,
    fields: [
      userId,
      courseId,
      groupId,
      { name: 'following', type: 'boolean', doc: 'Whether the group follows the progress.' },
    ],
  },
  { userId: 'learner-1', courseId: 'AAA-2013J', groupId: 'group-1', following: true },
);

/** A broadcast: one record in every partition, because the learners of a course are in all of them. */
export const courseStructureChanged = defineEvent(
  'enrollment.course-structure-changed',
  {
    type: 'record',
    name: 'CourseStructureChanged',
    namespace,
    doc: `The structure of a course has changed: the progress of all its learners is concluded again. ${IN_LOG_ORDER}`,
    fields: [courseId],
  },
  { courseId: 'AAA-2013J' },
);
