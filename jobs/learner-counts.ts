/** The counts of a batch's learners: exact sums of transitions from one standing to another. */
import type { learnerLeft } from '../schemas/batch.ts';
import type { EventOf } from '../schemas/event.ts';
import type { batchSummary } from '../schemas/rows/batch-summary.ts';
import type { RowOf } from '../schemas/target.ts';
import { type Rejection, reject } from './define.ts';

type Batch = RowOf<typeof batchSummary>;
/** How far a learner is. */
type Standing = Pick<EventOf<typeof learnerLeft>['data'], 'progress' | 'state'>;

const COUNT = { not_started: 'notStarted', in_progress: 'inProgress', completed: 'completed' } as const;

export const NOBODY = {
  learners: 0,
  ever: 0,
  left: 0,
  notStarted: 0,
  inProgress: 0,
  completed: 0,
  meanProgress: 0,
  histogram: Array<number>(10).fill(0),
  progressSum: 0,
} as const;

/**
 * The batch with one learner's standing counted out and the other counted in; undefined stands for not being in the batch.
 * A learner who cannot be counted out was never counted in: then nothing is counted.
 */
export function counted(batch: Batch, before: Standing | undefined, after: Standing | undefined): Batch | Rejection {
  const next = { ...batch };
  for (const [standing, by] of [[before, -1] as const, [after, 1] as const]) {
    if (standing === undefined) continue;
    const { progress, state } = standing;
    if (progress < 0 || progress > 100) {
      return reject('FACT_IMPOSSIBLE', `a progress of ${progress} percent: say it again with 0 to 100`);
    }
    const tenth = Math.min(9, Math.floor(progress / 10));
    next.learners += by;
    next[COUNT[state]] += by;
    const inTenth = (next.histogram[tenth] as number) + by;
    next.histogram = next.histogram.with(tenth, inTenth);
    next.progressSum += by * progress;
    if (Math.min(next.learners, next[COUNT[state]], next.progressSum, inTenth) < 0) return uncounted(batch);
  }
  if (next.ever < next.learners) return uncounted(batch);
  next.left = next.ever - next.learners;
  next.meanProgress = next.learners === 0 ? 0 : Math.round((10 * next.progressSum) / next.learners) / 10;
  return next;
}

function uncounted({ batchId }: Batch): Rejection {
  return reject(
    'FACT_IMPOSSIBLE',
    `batch ${batchId} has counted no learner who stood there: replay this after the learner's joining`,
  );
}
