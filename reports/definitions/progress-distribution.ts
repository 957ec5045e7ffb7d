/** How many learners of a course, a batch or all are at each tenth of progress, now or on a day of the past. */
import { progress } from '../datasources/progress.ts';
import { defineReport } from '../define-report.ts';
import { count, percent } from './columns.ts';
import { filterOutlook } from './outlooks.ts';
import { retired, someBatchId, someCourseId, zone } from './parameters.ts';

export const progressDistribution = defineReport({
  name: 'progress-distribution',
  title: 'Learners by progress',
  answers: 'How far are the learners of a course or a batch, all together, now or at the end of a day?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: {
    courseId: someCourseId,
    batchId: someBatchId,
    day: {
      type: 'date',
      optional: true,
      doc: 'At the end of which day, in the time zone; without it, after all that is counted.',
    },
    zone,
    retired,
  },
  columns: {
    from_percent: count('From', 'percent', 'The least progress of the tenth.'),
    to_percent: count('To', 'percent', 'The most progress of the tenth: the last one has 100 percent, too.'),
    learners: count(
      'Learners',
      'learners',
      'Who was there, and in a batch, at the end of the day. Who is in two batches is there twice.',
    ),
    or_further: count('Or further', 'learners', 'These, and those of all higher tenths.'),
    share: percent('Share', 'Of all who were in a batch. Null: nobody was.'),
  },
  outlook: async (values, reads) => ({ ...(await filterOutlook(values, reads)), rows: 10 }),
  from: { reads: [progress], sql: new URL('./progress-distribution.sql', import.meta.url) },
});
