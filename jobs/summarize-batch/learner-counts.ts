/** The counts of a course batch's learners: exact sums of transitions from one standing to another. */

import type { EventOf } from '../../core/event.ts';
import type { RowOf } from '../../core/target.ts';
import type { learnerLeft } from '../../schemas/batch.ts';
import type { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { Rejection, reject } from '../define.ts';

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
};

/** A learner's standing before and now. Undefined: not in the batch. */
interface Move {
  readonly before?: Standing;
  readonly after?: Standing;
  /** Whether the learner was never in the batch before. */
  readonly isFirst?: boolean;
}

/** The counts of the learners of one course. */
type Counts = Pick<Batch, keyof typeof NOBODY>;
type Learner = Pick<Batch, 'batchId' | 'courseId'>;

/** The batch without the learner's previous standing, and with the current one. A rejection if the previous standing was never counted. */
export function counted(row: Batch, { courseId }: Learner, move: Move): Batch | Rejection {
  const batch = row.courseId === '' ? ofCourse(row, courseId) : row;
  const isOther = courseId !== batch.courseId;
  const counts = isOther ? (batch.others.get(courseId) ?? NOBODY) : countsOf(batch);
  const next = movedIn(counts, batch.batchId, move);
  if (next instanceof Rejection) return next;
  return isOther ? { ...batch, others: batch.others.set(courseId, next) } : { ...batch, ...next };
}

/** The batch as belonging to this course, with the counts of the course's learners. */
export function ofCourse(batch: Batch, courseId: string): Batch {
  if (batch.courseId === courseId) return batch;
  const counts = countsOf(batch);
  const own = batch.others.get(courseId) ?? NOBODY;
  const others = counts.ever > 0 ? batch.others.set(batch.courseId, counts) : batch.others;
  return { ...batch, ...own, courseId, others: others.delete(courseId) };
}

function countsOf(batch: Batch): Counts {
  const { learners, ever, left, notStarted, inProgress, completed, meanProgress, histogram, progressSum } = batch;
  return { learners, ever, left, notStarted, inProgress, completed, meanProgress, histogram, progressSum };
}

function movedIn(counts: Counts, batchId: string, { before, after, isFirst = false }: Move): Counts | Rejection {
  const next = { ...counts, ever: counts.ever + (isFirst ? 1 : 0) };
  for (const [standing, by] of [[before, -1] as const, [after, 1] as const]) {
    if (standing === undefined) continue;
    const { progress, state } = standing;
    if (progress < 0 || progress > 100) {
      return reject('FACT_IMPOSSIBLE', `a progress of ${progress} percent: produce it again with 0 to 100`);
    }
    const tenth = Math.min(9, Math.floor(progress / 10));
    next.learners += by;
    next[COUNT[state]] += by;
    const inTenth = (next.histogram[tenth] as number) + by;
    next.histogram = next.histogram.with(tenth, inTenth);
    next.progressSum += by * progress;
    if (Math.min(next.learners, next[COUNT[state]], next.progressSum, inTenth) < 0) return uncounted(batchId);
  }
  if (next.ever < next.learners) return uncounted(batchId);
  next.left = next.ever - next.learners;
  next.meanProgress = next.learners === 0 ? 0 : Math.round((10 * next.progressSum) / next.learners) / 10;
  return next;
}

function uncounted(batchId: string): Rejection {
  return reject(
    'FACT_IMPOSSIBLE',
    `batch ${batchId} has not counted this learner in the former state: replay this after the learner has joined`,
  );
}
