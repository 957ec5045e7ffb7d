/** How far each learner of a batch is: one row for each learner. */
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { batchLearners, learnerProgress as progressTable } from '../../schemas/rows/learner-progress.ts';
import { defineReport } from '../define-report.ts';
import {
  type BatchLearner,
  daysSince,
  entryOf,
  known,
  type Learner,
  learnersIn,
  progressOf,
} from './batch-learners.ts';
import * as columns from './columns.ts';
import { type Batch, batchOutlook } from './outlooks.ts';
import { asOf, batchId, learners, retired } from './parameters.ts';

export const learnerProgress = defineReport({
  name: 'learner-progress',
  title: 'Progress of learners',
  answers: 'How far is each learner of a batch, and when was each last active?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { batchId, learners, asOf, retired },
  columns: {
    course_id: columns.courseId,
    course_name: columns.courseName,
    batch_id: columns.batchId,
    batch_name: columns.batchName,
    user_id: columns.userId,
    active: columns.active,
    joined_at: columns.at('Joined', 'When the learner first joined. Null: only an unenrollment is known.'),
    left_at: columns.at('Left', 'When the learner left. Null: the learner is in the batch.'),
    state: columns.state,
    progress: columns.progress,
    completed_contents: columns.completedContents,
    required_contents: columns.requiredContents,
    views: columns.count(
      'Views',
      'visits',
      'Visits to contents of the course, including optional and former contents. Null: not known.',
    ),
    first_access_at: columns.at('First access', 'The first visit to any content. Null: there is none.'),
    last_access_at: columns.lastAccessAt,
    completed_at: columns.completedAt,
    days_inactive: columns.daysInactive,
  },
  outlook: (values, reads) =>
    batchOutlook(values, reads, (batch) => (values.learners === 'all' ? batch.ever : batch.learners)),
  from: {
    reads: [batchLearners, progressTable, batchSummary],
    async *rows(values, reads) {
      for await (const { batch, page } of learnersIn(values, reads)) {
        const rows = await progressOf(page, reads);
        yield page.map((learner, i) => rowOf(learner, rows[i], { batch, asOf: values.asOf }));
      }
    },
  },
});

function rowOf(
  learner: BatchLearner,
  row: Learner | undefined,
  { batch, asOf }: { readonly batch: Batch | undefined; readonly asOf: number },
) {
  const { batchId, userId, courseId, active, since, state, completedAt, lastAccessAt } = learner;
  const membership = entryOf(row?.batches, batchId);
  const isMeasured = row !== undefined && row.required > 0;
  return {
    course_id: courseId,
    course_name: known(row?.courseName),
    batch_id: batchId,
    batch_name: known(batch?.name),
    user_id: userId,
    active,
    joined_at: membership?.firstAt || null,
    left_at: active ? null : since,
    state,
    progress: isMeasured ? row.progress : null,
    completed_contents: isMeasured ? row.completed : null,
    required_contents: isMeasured ? row.required : null,
    views: row === undefined ? null : viewsOf(row),
    first_access_at: row?.firstAccessAt ?? null,
    last_access_at: lastAccessAt,
    completed_at: completedAt,
    days_inactive: lastAccessAt === null ? null : daysSince(lastAccessAt, asOf),
  };
}

const viewsOf = ({ contents }: Learner): number =>
  Object.values(contents).reduce((sum, content) => sum + content.views, 0);
