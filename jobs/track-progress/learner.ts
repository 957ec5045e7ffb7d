/** The row of one learner in one course: a new one, and questions about it. */
import { Entries } from '../../core/entries.ts';
import type { Learner } from './standing.ts';

export function newLearner({ userId, courseId }: { userId: string; courseId: string }): Learner {
  return {
    userId,
    courseId,
    courseName: '',
    required: 0,
    completed: 0,
    progress: 0,
    state: 'not_started',
    completedAt: null,
    firstAccessAt: null,
    lastAccessAt: null,
    batches: Entries.empty(),
    contents: Entries.empty(),
    units: Entries.empty(),
    followers: [],
    recent: [],
    measuredSince: null,
    resetAt: null,
    resets: Entries.empty(),
    retakenAt: null,
    withdrawnAt: null,
    startedOver: false,
  };
}

/** Whether nothing is known about the learner except followers. */
export function isUntouched({ batches, contents, resetAt, resets, retakenAt, withdrawnAt }: Learner): boolean {
  const isTakenBack = [resetAt, retakenAt, withdrawnAt].some((time) => time !== null);
  return batches.size + contents.size + resets.size === 0 && !isTakenBack;
}

/** Whether the learner is in any batch of the course. */
export const isEnrolled = (row: Learner | undefined): boolean => row?.batches.some(({ active }) => active) === true;
/** Whether the learner is or was in any batch. */
export const wasEnrolled = (row: Learner): boolean => row.batches.some(({ joined }) => joined);
