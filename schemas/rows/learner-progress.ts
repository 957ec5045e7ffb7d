import { defineCache, defineIndex, defineTable } from '../../core/target.ts';
import { learnerState, progress } from '../fields.ts';

const userId = { name: 'userId', type: 'string', doc: 'The learner.' } as const;
const courseId = { name: 'courseId', type: 'string', doc: 'The course.' } as const;
const time = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC' }) as const;

/** A time that rows of earlier releases do not have. */
const since = <const N extends string>(name: N, doc: string) => ({ ...time(name, doc), default: null }) as const;

const standing = [
  { name: 'required', type: 'int', doc: 'Required contents of the course; 0 while the course is not known.' },
  { name: 'completed', type: 'int', doc: 'How many of them are complete.' },
  progress,
  { name: 'state', type: learnerState, doc: 'Where the learner stands.' },
  time(
    'completedAt',
    'When the course was first complete. Stays, unless the progress is reset or the completion withdrawn.',
  ),
] as const;

/** How far one learner is in one course. */
export const learnerProgress = defineTable({
  name: 'learner_progress',
  doc: 'How far each learner is in each course: the facts, and what follows from them.',
  key: ['userId'],
  sort: ['courseId'],
  indexed: ['courseId'],
  record: {
    type: 'record',
    name: 'LearnerProgress',
    fields: [
      userId,
      courseId,
      { name: 'courseName', type: 'string', doc: 'What people call the course; empty while it is not known.' },
      ...standing,
      time('firstAccessAt', 'The first visit to any content.'),
      time('lastAccessAt', 'The latest visit to any content.'),
      {
        name: 'batches',
        doc: 'The batches of the course the learner is or was in, by batch.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Membership',
            fields: [
              { name: 'active', type: 'boolean', doc: 'Whether the learner is in the batch now.' },
              { name: 'since', type: 'long', doc: 'When that began.', unit: 'ms since 1970 UTC' },
              {
                name: 'firstAt',
                type: 'long',
                doc: 'When the learner first joined; 0 while no joining was told.',
                unit: 'ms since 1970 UTC',
              },
              { name: 'completionSaid', type: 'boolean', doc: 'Whether the batch was told of the completion.' },
              {
                name: 'joined',
                type: 'boolean',
                doc: 'Whether a joining was told. A leaving may come first.',
                default: true,
              },
              since('leftAt', 'When the learner last left by all methods at once.'),
              {
                name: 'methods',
                doc: 'The ways by which the learner came in, in the order of their names. The learner is in the batch while any holds.',
                default: [],
                type: {
                  type: 'array',
                  items: {
                    type: 'record',
                    name: 'Method',
                    fields: [
                      { name: 'method', type: 'string', doc: 'Its name; empty if the platform names none.' },
                      { name: 'active', type: 'boolean', doc: 'Whether it holds.' },
                      { name: 'since', type: 'long', doc: 'When that began.', unit: 'ms since 1970 UTC' },
                      time('enrolledAt', 'The latest joining by it.'),
                      time('leftAt', 'The latest leaving.'),
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
        doc: 'What the learner did, by content, whether it is part of the course now or not.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'ContentProgress',
            fields: [
              {
                name: 'completed',
                type: 'boolean',
                doc: 'Whether it was completed, since the course was last taken anew.',
              },
              { name: 'views', type: 'int', doc: 'How many visits.' },
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
                doc: 'The latest seven completions after the first, since a reset that is told late spares those after it.',
                unit: 'ms since 1970 UTC',
                default: [],
              },
            ],
          },
        },
      },
      {
        name: 'units',
        doc: 'Completed required contents, by unit.',
        type: { type: 'map', values: 'int' },
      },
      { name: 'followers', type: { type: 'array', items: 'string' }, doc: 'Groups that are told of every change.' },
      {
        name: 'recent',
        type: { type: 'array', items: 'string' },
        doc: 'The ids of the latest visits, since a visit told twice is one visit.',
      },
      since('resetAt', 'When the whole progress was last reset.'),
      {
        name: 'resets',
        doc: 'When single contents were last reset, by content, if later than the whole.',
        type: { type: 'map', values: 'long' },
        default: {},
      },
      since('retakenAt', 'When the course was last taken anew.'),
      since('withdrawnAt', 'When a completion was last withdrawn.'),
      {
        name: 'startedOver',
        type: 'boolean',
        doc: 'Whether nothing was visited since the whole progress was last reset.',
        default: false,
      },
      {
        name: 'measuredSince',
        type: ['null', 'long'],
        doc: 'That of the course with which the counts were made. Absent: they are to be made anew.',
        unit: 'ms since 1970 UTC',
        default: null,
      },
    ],
  },
});

/** Who is in a batch, in pages: a view of `learner_progress`. */
export const batchLearners = defineTable({
  name: 'batch_learners',
  doc: 'The learners of each batch, those who left included.',
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
      { name: 'since', type: 'long', doc: 'When that began.', unit: 'ms since 1970 UTC' },
      progress,
      { name: 'state', type: learnerState, doc: 'Where the learner stands.' },
      time('completedAt', 'When the course was completed.'),
      time('lastAccessAt', 'The latest visit.'),
    ],
  },
});

/** Enrollments to search in: a view of `learner_progress`. */
export const enrollmentIndex = defineIndex({
  name: 'enrollments',
  doc: 'Who learns what, and how far they are.',
  key: ['userId'],
  sort: ['courseId'],
  text: ['courseName'],
  record: {
    type: 'record',
    name: 'Enrollment',
    fields: [
      userId,
      courseId,
      { name: 'courseName', type: 'string', doc: 'What people call the course; empty while it is not known.' },
      { name: 'active', type: 'boolean', doc: 'Whether the learner is in any batch of the course now.' },
      { name: 'batches', type: { type: 'array', items: 'string' }, doc: 'The batches the learner is in now.' },
      progress,
      { name: 'state', type: learnerState, doc: 'Where the learner stands.' },
      time('completedAt', 'When the course was completed.'),
      time('lastAccessAt', 'The latest visit.'),
    ],
  },
});

/** What a home page shows of a learner, in one read: a view of `learner_progress`, one field a course. */
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
      { name: 'state', type: learnerState, doc: 'Where the learner stands.' },
    ],
  },
});
