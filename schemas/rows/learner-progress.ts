import { defineCache, defineIndex, defineTable } from '../../core/target.ts';
import { learnerState, progress } from '../fields.ts';

const userId = { name: 'userId', type: 'string', doc: 'The learner.', person: true } as const;
const courseId = { name: 'courseId', type: 'string', doc: 'The course.' } as const;
const time = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC' }) as const;

/** A time that rows of earlier releases lack. */
const since = <const N extends string>(name: N, doc: string) => ({ ...time(name, doc), default: null }) as const;

const standing = [
  {
    name: 'required',
    type: 'int',
    doc: 'The number of required contents of the course; 0 while the course is unknown.',
  },
  { name: 'completed', type: 'int', doc: 'How many of them are complete.' },
  progress,
  { name: 'state', type: learnerState, doc: 'The state of the learner in the course.' },
  time(
    'completedAt',
    'When the course was first complete. Kept unless the progress is reset or the completion is withdrawn.',
  ),
] as const;

/** How far one learner is in one course. */
export const learnerProgress = defineTable({
  name: 'learner_progress',
  doc: 'The progress of each learner in each course: the facts, and the figures that follow from them.',
  key: ['userId'],
  sort: ['courseId'],
  indexed: ['courseId'],
  record: {
    type: 'record',
    name: 'LearnerProgress',
    fields: [
      userId,
      courseId,
      { name: 'courseName', type: 'string', doc: 'The name of the course; empty while it is unknown.' },
      ...standing,
      time('firstAccessAt', 'The first visit to any content.'),
      time('lastAccessAt', 'The latest visit to any content.'),
      {
        name: 'batches',
        doc: 'The batches of the course that the learner is or was in, by id.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Membership',
            fields: [
              { name: 'active', type: 'boolean', doc: 'Whether the learner is in the batch now.' },
              { name: 'since', type: 'long', doc: 'When this status began.', unit: 'ms since 1970 UTC' },
              {
                name: 'firstAt',
                type: 'long',
                doc: 'When the learner first joined; 0 while no enrollment is known.',
                unit: 'ms since 1970 UTC',
              },
              { name: 'completionSaid', type: 'boolean', doc: 'Whether the completion was emitted to the batch.' },
              {
                name: 'joined',
                type: 'boolean',
                doc: 'Whether an enrollment is known. An unenrollment may arrive first.',
                default: true,
              },
              since('leftAt', 'When the learner was last unenrolled by all methods at once.'),
              {
                name: 'methods',
                doc: 'The methods of enrollment, in the order of their names. The learner is in the batch while any of them is active.',
                default: [],
                type: {
                  type: 'array',
                  items: {
                    type: 'record',
                    name: 'Method',
                    fields: [
                      {
                        name: 'method',
                        type: 'string',
                        doc: 'The name of the method; empty if the platform gives none.',
                      },
                      { name: 'active', type: 'boolean', doc: 'Whether the learner is enrolled by it now.' },
                      { name: 'since', type: 'long', doc: 'When this status began.', unit: 'ms since 1970 UTC' },
                      time('enrolledAt', 'The latest enrollment by this method.'),
                      time('leftAt', 'The latest unenrollment.'),
                    ],
                  },
                },
              },
            ],
          },
        },
      },
      {
        name: 'contents',
        doc: 'The progress in each content, by id, including contents that are not part of the course now.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'ContentProgress',
            fields: [
              {
                name: 'completed',
                type: 'boolean',
                doc: 'Whether it was completed since the course was last retaken.',
              },
              { name: 'views', type: 'int', doc: 'The number of visits.' },
              { name: 'firstAt', type: 'long', doc: 'The first visit.', unit: 'ms since 1970 UTC' },
              { name: 'lastAt', type: 'long', doc: 'The latest visit.', unit: 'ms since 1970 UTC' },
              {
                name: 'completedAt',
                type: ['null', 'long'],
                doc: 'The first completion that was not reset.',
                unit: 'ms since 1970 UTC',
              },
              {
                name: 'again',
                type: { type: 'array', items: 'long' },
                doc: 'The latest seven completions after the first. They are kept because a reset that arrives late does not affect later completions.',
                unit: 'ms since 1970 UTC',
                default: [],
              },
            ],
          },
        },
      },
      {
        name: 'units',
        doc: 'The number of completed required contents, by unit.',
        type: { type: 'map', values: 'int' },
      },
      { name: 'followers', type: { type: 'array', items: 'string' }, doc: 'Groups that are notified of every change.' },
      {
        name: 'recent',
        type: { type: 'array', items: 'string' },
        doc: 'The ids of the latest visits, to recognise repeats.',
      },
      since('resetAt', 'When the whole progress was last reset.'),
      {
        name: 'resets',
        doc: 'When individual contents were last reset, by id, if that was later than the reset of the whole course.',
        type: { type: 'map', values: 'long' },
        default: {},
      },
      since('retakenAt', 'When the course was last retaken.'),
      since('withdrawnAt', 'When a completion was last withdrawn.'),
      {
        name: 'startedOver',
        type: 'boolean',
        doc: 'Whether the learner has visited nothing since the whole course was last reset.',
        default: false,
      },
      {
        name: 'measuredSince',
        type: ['null', 'long'],
        doc: 'The measuredSince of the course that the counts are based on. Absent: they have to be recalculated.',
        unit: 'ms since 1970 UTC',
        default: null,
      },
    ],
  },
});

/** The learners of a batch, in pages: a view of `learner_progress`. */
export const batchLearners = defineTable({
  name: 'batch_learners',
  doc: 'The learners of each batch, including those who have left.',
  key: ['batchId'],
  sort: ['userId', 'courseId'],
  record: {
    type: 'record',
    name: 'BatchLearner',
    fields: [
      { name: 'batchId', type: 'string', doc: 'The batch.' },
      userId,
      courseId,
      { name: 'active', type: 'boolean', doc: 'Whether the learner is in the batch now.' },
      { name: 'since', type: 'long', doc: 'When this status began.', unit: 'ms since 1970 UTC' },
      progress,
      { name: 'state', type: learnerState, doc: 'The state of the learner in the course.' },
      time('completedAt', 'When the course was completed.'),
      time('lastAccessAt', 'The latest visit.'),
    ],
  },
});

/** The search index of enrollments: a view of `learner_progress`. */
export const enrollmentIndex = defineIndex({
  name: 'enrollments',
  doc: 'All learners in their courses, with their progress.',
  key: ['userId'],
  sort: ['courseId'],
  text: ['courseName'],
  record: {
    type: 'record',
    name: 'Enrollment',
    fields: [
      userId,
      courseId,
      { name: 'courseName', type: 'string', doc: 'The name of the course; empty while it is unknown.' },
      { name: 'active', type: 'boolean', doc: 'Whether the learner is in any batch of the course now.' },
      { name: 'batches', type: { type: 'array', items: 'string' }, doc: 'The batches that the learner is in now.' },
      {
        name: 'left',
        type: { type: 'array', items: 'string' },
        doc: 'The batches that the learner has left. Empty in documents of earlier releases until the row changes or the views are rebuilt.',
        default: [],
      },
      progress,
      { name: 'state', type: learnerState, doc: 'The state of the learner in the course.' },
      time('completedAt', 'When the course was completed.'),
      time('lastAccessAt', 'The latest visit.'),
    ],
  },
});

/** A learner's courses for a home page, in one read: a view of `learner_progress`, with one field for each course. */
export const learnerCourses = defineCache({
  name: 'learner_courses',
  doc: 'The courses of each learner.',
  key: ['userId'],
  sort: ['courseId'],
  record: {
    type: 'record',
    name: 'LearnerCourse',
    fields: [
      userId,
      courseId,
      { name: 'active', type: 'boolean', doc: 'Whether the learner is in any batch of the course now.' },
      progress,
      { name: 'state', type: learnerState, doc: 'The state of the learner in the course.' },
    ],
  },
});
