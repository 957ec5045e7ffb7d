/** How many learners of a course, a batch or all are in each tenth of progress, now or on a past day. */
import { progress } from '../datasources/progress.ts';
import { defineReport } from '../define-report.ts';
import { count, percent } from './columns.ts';
import { filterOutlook } from './outlooks.ts';
import { retired, someBatchId, someCourseId, zone } from './parameters.ts';

export const progressDistribution = defineReport({
  name: 'progress-distribution',
  title: 'Learners by progress',
  answers: 'How is the progress of the learners of a course or a batch distributed, now or at the end of a day?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: {
    courseId: someCourseId,
    batchId: someBatchId,
    day: {
      type: 'date',
      optional: true,
      doc: 'The day, in the time zone, at the end of which progress is shown. Without it, the latest progress.',
    },
    zone,
    retired,
  },
  columns: {
    from_percent: count('From', 'percent', 'The lowest progress in this tenth.'),
    to_percent: count('To', 'percent', 'The highest progress in this tenth. The last tenth includes 100 percent.'),
    learners: count(
      'Learners',
      'learners',
      'Learners in a batch with this progress at the end of the day. A learner in two batches counts twice.',
    ),
    or_further: count('Or further', 'learners', 'Learners in this tenth and in all higher ones.'),
    share: percent('Share', 'These learners as a share of all who were in a batch. Null: nobody was.'),
  },
  outlook: async (values, reads) => ({ ...(await filterOutlook(values, reads)), rows: 10 }),
  from: { reads: [progress], sql: new URL('./progress-distribution.sql', import.meta.url) },
});
