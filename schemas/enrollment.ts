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
    doc: `A learner joined a batch, for the first time or again. If the learner is already active in it, nothing changes. Of two events about the same learner, batch and method, ${NEWEST_HOLDS} A late event may still change when the learner first joined. The event is rejected if the batch is known to belong to another course.`,
    fields: [
      userId,
      courseId,
      batchId,
      method(
        'The method of enrollment, such as self, manual or cohort, on a platform that has several. A learner is in the batch while any method is active.',
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
    doc: `A learner left a batch. The progress is kept, in case the learner comes back. Of two events about the same learner, batch and method, ${NEWEST_HOLDS} The event may arrive before the enrollment that it ends.`,
    fields: [
      userId,
      courseId,
      batchId,
      method('The method of enrollment that ends. Other methods stay active. Without it, all of them end.'),
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
    doc: 'A learner opened or completed a content. The event may arrive before the enrollment and before the course is known. It counts as soon as both are known. Events may arrive in any order: their times determine the first visit, the latest visit and the first completion. A completion before a reset does not count, however late it arrives. A repeat (same source and id) is not counted as a visit; the latest eight visits are remembered.',
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
    doc: `A learner submitted one attempt at an assessment. Of two events about the same attempt, ${NEWEST_HOLDS}`,
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
    doc: `The progress of a learner in a course was reset. Completions of contents up to then no longer count, and neither does a completion of the course that follows from them. Visits still count, and so do later completions. The order of arrival does not matter: a completion is reset if its time is earlier than that of the reset, or if the times are equal and it is earlier in the log. Batches are notified of the lower progress. A learner who completes the course again is not notified again. Of two resets, ${NEWEST_HOLDS}`,
    fields: [
      userId,
      courseId,
      {
        name: 'contentIds',
        type: ['null', { type: 'array', items: 'string' }],
        doc: 'The contents to reset. Absent: the whole course.',
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
    doc: `A learner takes a course again. Progress starts from zero, and only later completions of contents count. An earlier completion of the course is kept, with its time, and completing the course again emits nothing. Of two such events, ${NEWEST_HOLDS}`,
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
    doc: `An earlier completion of the course is withdrawn. The progress is kept. The course is complete again once a required content is completed at a later time, again or for the first time, and no required content is missing. Of two such events, ${NEWEST_HOLDS}`,
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
    doc: `A group starts or stops following the progress of this learner in this course. A group that follows is notified at once, and then of every change. ${IN_LOG_ORDER}`,
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
    doc: `The structure of a course has changed, so the progress of all its learners is recalculated. ${IN_LOG_ORDER}`,
    fields: [courseId],
  },
  { courseId: 'AAA-2013J' },
);
