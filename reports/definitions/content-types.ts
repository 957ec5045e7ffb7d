/** How much each kind of content is used: pages, videos, quizzes, and whatever else the platform has. */
import { activity } from '../datasources/activity.ts';
import { defineReport } from '../define-report.ts';
import { summarySql } from '../sql/finish.ts';
import * as columns from './columns.ts';
import { daysSql } from './local-days.ts';
import { filterOutlook } from './outlooks.ts';
import { daysProblems, firstDay, lastDay, retired, someCourseId, zone } from './parameters.ts';

export const contentTypes = defineReport({
  name: 'content-types',
  title: 'Use of kinds of content',
  answers: 'Which types of content do learners visit and complete most, in one course or in all?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { courseId: someCourseId, zone, first: firstDay, last: lastDay, retired },
  columns: {
    content_type: columns.contentType,
    learners: columns.count(
      'Learners',
      'learners',
      'Distinct learners who visited a content of this type, enrolled or not. Exact below 4,096, within a few percent above. Never add up these numbers.',
    ),
    views: columns.count('Views', 'visits', 'Visits to contents of this type. The most visited type comes first.'),
    completions: columns.count(
      'Completions',
      'completions',
      'Completions of contents of this type by learners. A content that a learner completes several times counts once. As exact as the number of learners.',
    ),
  },
  problems: daysProblems,
  outlook: filterOutlook,
  from: {
    reads: [activity],
    sql: ({ courseId, first, last }) => {
      const ofCourse = courseId === null ? '' : 'and course_id = :courseId';
      const from = `(select * from activity__rollup where tenant = :tenant ${ofCourse} ${daysSql({ first, last })}) _chosen`;
      return `select content_type, learners, views, coalesce(completions, 0) as completions
from (
${summarySql(activity, { from, by: ['content_type'] })}
) _summary
order by views desc, content_type`;
    },
  },
});
