/** What happens between one learner and one course. Topic `enrollment.events`, keyed by `userId`. */
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
    doc: `A learner joined a batch, for the first time or again. Saying it of an active learner changes nothing. Of what is said of one learner, batch and method: ${NEWEST_HOLDS} One that is told late still tells when the learner first joined. Refused if the batch is known to be of another course.`,
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
    doc: `A learner left a batch. Progress is kept: whoever comes back goes on with it. Of what is said of one learner, batch and method: ${NEWEST_HOLDS} It may come before the joining that it ends.`,
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
    doc: 'A learner opened or completed a content. May come before the enrollment and before the course is known; it counts when they come. May come in any order: the first visit, the latest and the first completion follow from the times, and what was completed before a reset does not count, however late it is told. The same event told twice (equal source and id) is one visit, as far as the latest eight tell.',
    fields: [
      userId,
      courseId,
      contentId,
      {
        name: 'status',
        type: { type: 'enum', name: 'ContentStatus', symbols: ['started', 'completed'] },
        doc: 'How far the content is. A completed content stays completed, unless it is reset.',
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
    doc: `A learner handed in one attempt of an assessment. Of what is said of one attempt: ${NEWEST_HOLDS}`,
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
        doc: 'The answers, where the platform tells them.',
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
    doc: `What a learner completed in a course until then does not count any more, nor does a completion of the course that follows from it. Visits stay counted. What is completed afterwards counts. Whatever comes in whichever order: what has an earlier time than the reset, or the same and was told before, is reset. Batches hear of it as of progress that goes back; a learner who completes the course again is not written to again. Of two resets: ${NEWEST_HOLDS}`,
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
    doc: `A learner takes a course once more: the progress begins anew with what is completed afterwards. A completion of the course stays, with its time, and completing it once more says nothing. Of two: ${NEWEST_HOLDS}`,
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
    doc: `A completion of the course until then is taken back. The progress stays: the course is complete again when a required content is completed at a later time, once more or for the first time, and none is missing. Of two: ${NEWEST_HOLDS}`,
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
    doc: `A group wants to be told how far this learner is in this course, now and at every change, or no longer. ${IN_LOG_ORDER}`,
    fields: [
      userId,
      courseId,
      groupId,
      { name: 'following', type: 'boolean', doc: 'Whether the group wants to be told.' },
    ],
  },
  { userId: 'learner-1', courseId: 'AAA-2013J', groupId: 'group-1', following: true },
);

/** A broadcast: one record in every partition, since the learners of a course lie in all of them. */
export const courseStructureChanged = defineEvent(
  'enrollment.course-structure-changed',
  {
    type: 'record',
    name: 'CourseStructureChanged',
    namespace,
    doc: `The contents of a course are others now: the progress of everybody in it is to be concluded again. ${IN_LOG_ORDER}`,
    fields: [courseId],
  },
  { courseId: 'AAA-2013J' },
);
