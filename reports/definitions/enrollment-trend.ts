/** Who joined, left and completed on each day, and how many learners there were. */
import { enrollments } from '../datasources/enrollments.ts';
import { defineReport } from '../define-report.ts';
import { count } from './columns.ts';
import { filterOutlook } from './outlooks.ts';
import { daysProblems, firstDay, lastDay, retired, someBatchId, someCourseId, zone } from './parameters.ts';

export const enrollmentTrend = defineReport({
  name: 'enrollment-trend',
  title: 'Enrollment by day',
  answers: 'How many learners join, leave and complete each day, and how many are in a batch at the end of the day?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { courseId: someCourseId, batchId: someBatchId, zone, first: firstDay, last: lastDay, retired },
  columns: {
    day: {
      title: 'Day',
      type: 'date',
      doc: 'A day in the time zone. Days without events are included.',
    },
    joined: count('Joined', 'learners', 'Learners who joined a batch, for the first time or again.'),
    departed: count('Left', 'learners', 'Learners who left a batch.'),
    completed: count('Completed', 'learners', 'Learners who completed the course of a batch.'),
    learners: count(
      'Learners',
      'learners',
      'Learners in a batch at the end of the day: all who had joined, minus those who had left. A learner in two batches counts twice.',
    ),
  },
  problems: daysProblems,
  outlook: filterOutlook,
  from: { reads: [enrollments], sql: new URL('./enrollment-trend.sql', import.meta.url) },
});
