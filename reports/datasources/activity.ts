/**
 * What learners do in courses: visits to contents, and their completions.
 *
 * These events come from platforms, once a visit; a job that emitted each of them again would double the log. So what may be
 * repeated is counted by distinct values: learners, and pairs of learner and completed content. Such counts are
 * the same however often an event is repeated. Only views are added up, repeats included.
 */
import { lookup } from '../../jobs/define.ts';
import { contentProgressed } from '../../schemas/enrollment.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import { defineDatasource } from '../define-datasource.ts';

export const activity = defineDatasource({
  name: 'activity',
  title: 'What learners do in courses',
  about:
    'Every visit to a content counts, whoever makes it and whether the learner is enrolled or not. Different learners and completions stay the same however often a visit is told; views do not.',
  from: enrollmentEvents,
  on: [contentProgressed],
  granularity: 'quarter-hour',
  lookups: ({ data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),

  dimensions: {
    course_id: { doc: 'The course.', field: 'courseId' },
    content_type: {
      doc: 'What kind of content it is, in the words of the platform. Null: the course does not say, or does not have it.',
      of: ({ data }, { course }) => course?.contents.get(data.contentId)?.type || null,
    },
  },

  metrics: {
    views: {
      kind: 'sum',
      type: 'long',
      doc: 'Visits that the events stand for, as told: a visit that a platform tells twice counts twice.',
      unit: 'visits',
      field: 'views',
    },
    learners: {
      kind: 'distinct',
      doc: 'Different learners who visited a content.',
      unit: 'learners',
      field: 'userId',
    },
    completions: {
      kind: 'distinct',
      doc: 'Contents that learners completed: a content that one learner completes several times is one.',
      unit: 'completions',
      of: ({ data }) =>
        data.status === 'completed' ? JSON.stringify([data.userId, data.courseId, data.contentId]) : null,
    },
  },
});
