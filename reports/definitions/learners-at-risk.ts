/** Which learners of a batch may not complete it: those who are inactive, and those far behind the others. */
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { batchLearners } from '../../schemas/rows/learner-progress.ts';
import { defineReport, type Reads } from '../define-report.ts';
import { type BatchLearner, daysSince, learnersIn, quietSince } from './batch-learners.ts';
import * as columns from './columns.ts';
import { batchOutlook } from './outlooks.ts';
import { asOf, batchId, inactiveDays, retired } from './parameters.ts';

export const learnersAtRisk = defineReport({
  name: 'learners-at-risk',
  title: 'Learners at risk',
  answers: 'Which learners of a batch have not completed it, and are inactive or far behind the others?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: {
    batchId,
    inactiveDays,
    behindPoints: {
      type: 'long',
      unit: 'percent',
      min: 1,
      max: 100,
      default: 20,
      doc: 'How many percentage points a learner has to be behind the median progress of the batch to count as behind.',
    },
    asOf,
    retired,
  },
  columns: {
    course_id: columns.courseId,
    batch_id: columns.batchId,
    user_id: columns.userId,
    reason: columns.string(
      'Reason',
      'inactive: no visit for the given number of days. behind: the progress is too far below the median. inactive and behind: both.',
    ),
    state: columns.state,
    progress: columns.progressMade,
    median_progress: columns.count(
      'Median progress',
      'percent',
      'The median progress of the learners who are in the batch now: the lowest value that at least half of them do not exceed.',
    ),
    last_access_at: columns.lastAccessAt,
    days_inactive: columns.count(
      'Days inactive',
      'days',
      'Whole days from the latest visit, or from joining if that was later, to the moment of `asOf`.',
    ),
  },
  outlook: (values, reads) => batchOutlook(values, reads, ({ learners, completed }) => learners - completed),
  from: {
    reads: [batchLearners, batchSummary],
    async *rows(values, reads) {
      const median = await medianProgress(values.batchId, reads);
      const of = { ...values, median };
      for await (const { page } of learnersIn({ ...values, learners: 'active' }, reads))
        yield page.flatMap((learner) => rowOf(learner, of) ?? []);
    },
  },
});

/** The median over current learners, from a count for each percent: a batch may have a million learners. */
async function medianProgress(batchId: string, reads: Reads): Promise<number> {
  const counts = Array<number>(101).fill(0);
  let all = 0;
  for await (const { page } of learnersIn({ batchId, learners: 'active' }, reads)) {
    for (const { progress } of page) counts[progress] = (counts[progress] ?? 0) + 1;
    all += page.length;
  }
  let until = 0;
  return counts.findIndex((count) => {
    until += count;
    return 2 * until >= all;
  });
}

interface Of {
  readonly median: number;
  readonly inactiveDays: number;
  readonly behindPoints: number;
  readonly asOf: number;
}

function rowOf(learner: BatchLearner, { median, inactiveDays, behindPoints, asOf }: Of) {
  const { batchId, courseId, userId, state, progress, lastAccessAt } = learner;
  const quiet = daysSince(quietSince(learner), asOf);
  const reasons = [
    ...(quiet >= inactiveDays ? ['inactive'] : []),
    ...(median - progress >= behindPoints ? ['behind'] : []),
  ];
  if (state === 'completed' || reasons.length === 0) return undefined;
  return {
    course_id: courseId,
    batch_id: batchId,
    user_id: userId,
    reason: reasons.join(' and '),
    state,
    progress,
    median_progress: median,
    last_access_at: lastAccessAt,
    days_inactive: quiet,
  };
}
