/**
 * The standing of a learner in a course. It follows from the completed contents and from the course as it is now.
 *
 * Counting all contents takes time in proportion to their number. One more completed content only adds a known amount, if the earlier
 * counts were made with the same structure. A row stores the structure of its counts as the course's `measuredSince`.
 */

import type { RowOf } from '../../core/target.ts';
import type { courseStructure } from '../../schemas/rows/course-structure.ts';
import type { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { measuredSince } from '../measure.ts';
import { completionsOf } from './completions.ts';

export type Learner = RowOf<typeof learnerProgress>;
export type Course = RowOf<typeof courseStructure>;
/** How many required contents are complete, in all and by unit. */
type Counts = Pick<Learner, 'completed' | 'units'>;

/**
 * The learner with the same facts and the conclusions from them. Without a course, the only conclusion is that something was visited.
 * `completing`: the content that this event has completed, if any, which is the only one that the earlier counts lack. `earlier`: a
 * completion arrived that is older than the completion of the course, so the course may have been complete earlier.
 */
export function concluded(
  learner: Learner,
  course: Course | undefined,
  { completing, earlier = false }: { completing?: string | undefined; earlier?: boolean } = {},
): Learner {
  const since = course === undefined ? null : measuredSince(course);
  const counts =
    course !== undefined && learner.measuredSince === since
      ? countedOn(learner, course, completing)
      : countedWhole(learner, course);
  const required = course?.required ?? 0;
  const completedAt = completionOf(learner, course, counts, earlier);
  const hasBegun = learner.contents.size > 0 && !learner.startedOver;
  return {
    ...learner,
    ...counts,
    courseName: course?.name ?? learner.courseName,
    required,
    progress: required === 0 ? 0 : Math.floor((100 * counts.completed) / required),
    state: completedAt !== null ? 'completed' : hasBegun ? 'in_progress' : 'not_started',
    completedAt,
    batches: withCompletionSaid(learner.batches, completedAt !== null),
    measuredSince: since,
  };
}

/** The same, but counts all contents again. */
export function concludedWhole(learner: Learner, course: Course | undefined): Learner {
  return concluded({ ...learner, measuredSince: null }, course);
}

function countedOn({ completed, units }: Learner, course: Course, completing: string | undefined): Counts {
  const content = completing === undefined ? undefined : course.contents.get(completing);
  if (!content?.required) return { completed, units };
  let counted = units;
  for (const unitId of content.units) counted = counted.set(unitId, (counted.get(unitId) ?? 0) + 1);
  return { completed: completed + 1, units: counted };
}

function countedWhole({ contents, units }: Learner, course: Course | undefined): Counts {
  const counts = new Map<string, number>();
  let completed = 0;
  forEachCompleted(contents, course, (unitIds) => {
    completed += 1;
    for (const unitId of unitIds) counts.set(unitId, (counts.get(unitId) ?? 0) + 1);
  });
  let counted = units;
  units.forEach((count, unitId) => {
    if (!course?.units.has(unitId)) counted = counted.delete(unitId);
    else if (count > 0 && !counts.has(unitId)) counted = counted.set(unitId, 0);
  });
  counts.forEach((count, unitId) => {
    counted = counted.set(unitId, count);
  });
  return { completed, units: counted };
}

/** When the course was first complete. This stays, even when the course grows, unless facts show an earlier completion. */
function completionOf(learner: Learner, course: Course | undefined, counts: Counts, earlier: boolean): number | null {
  const { completedAt, retakenAt } = learner;
  if (course === undefined || course.required === 0 || (completedAt !== null && !earlier)) return completedAt;
  // A learner who takes the course again may have completed it before, which may become known only now.
  if (retakenAt === null && counts.completed < course.required) return completedAt;
  const found = lastCompletion(learner, course);
  return found === null ? completedAt : Math.min(completedAt ?? found, found);
}

/**
 * When the last required content was completed; null if one is not complete. After a withdrawn completion, it is the next completion of any of
 * them at the earliest. Walks all contents, but only when the course is complete, which is rare in the life of a row.
 */
function lastCompletion({ contents, withdrawnAt }: Learner, course: Course): number | null {
  let last = Number.NEGATIVE_INFINITY;
  let next = Number.POSITIVE_INFINITY;
  let completed = 0;
  contents.forEach((content, contentId) => {
    if (content.completedAt === null || !course.contents.get(contentId)?.required) return;
    completed += 1;
    last = Math.max(last, content.completedAt);
    for (const time of completionsOf(content))
      if (withdrawnAt !== null && time > withdrawnAt) next = Math.min(next, time);
  });
  if (completed < course.required) return null;
  if (withdrawnAt === null || last > withdrawnAt) return last;
  return next === Number.POSITIVE_INFINITY ? null : next;
}

function forEachCompleted(
  contents: Learner['contents'],
  course: Course | undefined,
  visit: (unitIds: readonly string[]) => void,
): void {
  if (course === undefined) return;
  contents.forEach(({ completed }, contentId) => {
    if (!completed) return;
    const content = course.contents.get(contentId);
    if (content?.required) visit(content.units);
  });
}

/** Notes that the completion is emitted once to every batch that the learner is in; or to none of them, after it was taken back. */
function withCompletionSaid(before: Learner['batches'], isComplete: boolean): Learner['batches'] {
  let batches = before;
  before.forEach((batch, batchId) => {
    const completionSaid = isComplete && (batch.completionSaid || batch.active);
    if (completionSaid !== batch.completionSaid) batches = batches.set(batchId, { ...batch, completionSaid });
  });
  return batches;
}
