/**
 * What learners do in courses: visits to contents, and their completions.
 *
 * These events come from platforms, one for each visit. A job that emitted each of them again would double the log. So
 * where repeats are possible, distinct values are counted: learners, and pairs of learner and completed content. These
 * counts do not change however often an event is repeated. Only views are added up, repeats included.
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
    'Every visit to a content counts, whether the learner is enrolled or not. If an event is repeated, learners and completions count it once, and views count it again.',
  from: enrollmentEvents,
  on: [contentProgressed],
  granularity: 'quarter-hour',
  lookups: ({ data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),

  dimensions: {
    course_id: { doc: 'The course.', field: 'courseId' },
    content_type: {
      doc: 'The type of the content, as the platform calls it. Null: the course gives no type, or does not have the content.',
      of: ({ data }, { course }) => course?.contents.get(data.contentId)?.type || null,
    },
  },

  metrics: {
    views: {
      kind: 'sum',
      type: 'long',
      doc: 'Visits, as reported: a visit that a platform reports twice counts twice.',
      unit: 'visits',
      field: 'views',
    },
    learners: {
      kind: 'distinct',
      doc: 'Distinct learners who visited a content.',
      unit: 'learners',
      field: 'userId',
    },
    completions: {
      kind: 'distinct',
      doc: 'Completions of contents by learners. A content that a learner completes several times counts once.',
      unit: 'completions',
      of: ({ data }) =>
        data.status === 'completed' ? JSON.stringify([data.userId, data.courseId, data.contentId]) : null,
    },
  },
});
