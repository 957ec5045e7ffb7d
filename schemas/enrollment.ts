/** What happens between one learner and one course. Topic `enrollment.events`, keyed by `userId`. */
import { defineEvent } from './event.ts';
import { batchId, contentId, courseId, groupId, userId } from './fields.ts';

const namespace = 'org.tributary.enrollment';

export const enrolled = defineEvent(
  'enrollment.enrolled',
  {
    type: 'record',
    name: 'Enrolled',
    namespace,
    doc: 'A learner joined a batch, for the first time or again. Saying it of an active learner changes nothing.',
    fields: [userId, courseId, batchId],
  },
  { userId: 'learner-1', courseId: 'AAA-2013J', batchId: 'AAA-2013J' },
);

export const unenrolled = defineEvent(
  'enrollment.unenrolled',
  {
    type: 'record',
    name: 'Unenrolled',
    namespace,
    doc: 'A learner left a batch. Progress is kept: whoever comes back goes on with it.',
    fields: [userId, courseId, batchId],
  },
  { userId: 'learner-1', courseId: 'AAA-2013J', batchId: 'AAA-2013J' },
);

export const contentProgressed = defineEvent(
  'enrollment.content-progressed',
  {
    type: 'record',
    name: 'ContentProgressed',
    namespace,
    doc: 'A learner opened or completed a content. May come before the enrollment and before the course is known; it counts when they come.',
    fields: [
      userId,
      courseId,
      contentId,
      {
        name: 'status',
        type: { type: 'enum', name: 'ContentStatus', symbols: ['started', 'completed'] },
        doc: 'How far the content is. A completed content stays completed whatever comes later.',
      },
      { name: 'views', type: 'int', doc: 'How many visits this event stands for.', default: 1 },
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
    doc: 'A learner handed in one attempt of an assessment.',
    fields: [
      userId,
      courseId,
      batchId,
      contentId,
      { name: 'attemptId', type: 'string', doc: 'The attempt. Submitting it again replaces it.' },
      { name: 'score', type: 'double', doc: 'Points reached.', unit: 'points' },
      { name: 'maxScore', type: 'double', doc: 'Points that could be reached.', unit: 'points' },
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
              { name: 'maxScore', type: 'double', doc: 'Points that could be reached.', unit: 'points' },
              { name: 'durationMs', type: ['null', 'long'], doc: 'Time spent.', unit: 'ms', default: null },
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

export const progressFollowed = defineEvent(
  'enrollment.progress-followed',
  {
    type: 'record',
    name: 'ProgressFollowed',
    namespace,
    doc: 'A group wants to be told how far this learner is in this course, now and at every change, or no longer.',
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
    doc: 'The contents of a course are others now: the progress of everybody in it is to be concluded again.',
    fields: [courseId],
  },
  { courseId: 'AAA-2013J' },
);
