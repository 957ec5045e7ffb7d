/** Who learns, and how much, by day, week or month. */
import { activity as visits } from '../datasources/activity.ts';
import { defineReport } from '../define-report.ts';
import { summarySql } from '../sql/finish.ts';
import { count } from './columns.ts';
import { daysSql } from './local-days.ts';
import { filterOutlook } from './outlooks.ts';
import { daysProblems, firstDay, lastDay, retired, someCourseId, zone } from './parameters.ts';

export const activity = defineReport({
  name: 'activity',
  title: 'Activity of learners',
  answers: 'How many learners are active in each week, day or month, and what do they do?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: {
    every: { type: 'choice', of: ['day', 'week', 'month'], default: 'week', doc: 'The length of a period.' },
    courseId: someCourseId,
    byCourse: { type: 'boolean', default: false, doc: 'Whether each course has rows of its own.' },
    zone,
    first: firstDay,
    last: lastDay,
    retired,
  },
  columns: {
    period: {
      title: 'Period',
      type: 'date',
      doc: 'The first day of the period. Weeks begin on Monday. A period without activity has no row. The first and the last period have only the days that were asked for.',
    },
    course_id: {
      title: 'Course id',
      type: 'string',
      doc: 'The course. Null: all courses that were asked for, together.',
    },
    active_learners: count(
      'Active learners',
      'learners',
      'Distinct learners who visited a content. A learner who comes every day counts once in the period. Exact below 4,096, within a few percent above. Never add up these numbers.',
    ),
    views: count('Views', 'visits', 'Visits to contents.'),
    completions: count(
      'Completions',
      'completions',
      'Completions of contents by learners. A content that a learner completes several times in the period counts once. As exact as the number of learners.',
    ),
  },
  problems: daysProblems,
  outlook: filterOutlook,
  from: {
    reads: [visits],
    sql: ({ every, zone, byCourse, courseId, first, last }) => {
      const ofCourse = courseId === null ? '' : 'and course_id = :courseId';
      const from = `(select * from activity__rollup where tenant = :tenant ${ofCourse} ${daysSql({ first, last })}) _chosen`;
      const by = byCourse ? ['course_id'] : [];
      return `select date as period, ${byCourse ? 'course_id' : 'cast(null as varchar) as course_id'},
  learners as active_learners, views, coalesce(completions, 0) as completions
from (
${summarySql(visits, { from, time: { every, zone }, by })}
) _summary
order by period, course_id`;
    },
  },
});
