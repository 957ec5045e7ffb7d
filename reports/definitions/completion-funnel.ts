/** How many learners of a batch reach each stage. */
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { batchLearners } from '../../schemas/rows/learner-progress.ts';
import { defineReport } from '../define-report.ts';
import { type BatchLearner, learnersIn, share } from './batch-learners.ts';
import * as columns from './columns.ts';
import { batchOutlook } from './outlooks.ts';
import { batchId, learners, retired } from './parameters.ts';

/** In order. A learner who is at a stage counts in all earlier ones: the course may have grown since the learner completed it. */
const STAGES: readonly { readonly stage: string; readonly isReached: (learner: BatchLearner) => boolean }[] = [
  { stage: 'joined', isReached: () => true },
  { stage: 'started', isReached: ({ state }) => state !== 'not_started' },
  ...[25, 50, 75].map((percent) => ({
    stage: `${percent} percent`,
    isReached: ({ state, progress }: BatchLearner) => state === 'completed' || progress >= percent,
  })),
  { stage: 'completed', isReached: ({ state }) => state === 'completed' },
];

export const completionFunnel = defineReport({
  name: 'completion-funnel',
  title: 'From joining to completion',
  answers:
    'How many learners of a batch have started the course, reached a quarter, half and three quarters of it, and completed it?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { batchId, learners, retired },
  columns: {
    batch_id: columns.batchId,
    stage: columns.string(
      'Stage',
      'The stages, in this order: joined, started, 25 percent, 50 percent, 75 percent, completed.',
    ),
    learners: columns.count('Learners', 'learners', 'Learners who are at this stage or beyond it.'),
    share: columns.percent('Share', 'These learners as a share of all who joined. Null: nobody joined.'),
    lost: columns.count('Lost', 'learners', 'Learners who reached the previous stage but not this one.'),
  },
  outlook: (values, reads) => batchOutlook(values, reads, () => STAGES.length),
  from: {
    reads: [batchLearners, batchSummary],
    async *rows(values, reads) {
      const counts = STAGES.map(() => 0);
      for await (const { page } of learnersIn(values, reads)) {
        for (const learner of page)
          for (const [i, { isReached }] of STAGES.entries()) if (isReached(learner)) counts[i] = (counts[i] ?? 0) + 1;
      }
      const joined = counts[0] ?? 0;
      yield STAGES.map(({ stage }, i) => {
        const learners = counts[i] ?? 0;
        const before = counts[i - 1] ?? learners;
        return { batch_id: values.batchId, stage, learners, share: share(learners, joined), lost: before - learners };
      });
    },
  },
});
