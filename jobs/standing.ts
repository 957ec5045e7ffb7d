/**
 * Where a learner stands in a course: what follows from the contents that were completed and from the course as it is now.
 *
 * Counting all contents takes as long as there are contents. One more completed content adds a known amount instead, if the counts
 * before were made with the same structure: a row says with which one, by the course's `measuredSince`.
 */
import type { courseStructure } from '../schemas/rows/course-structure.ts';
import type { learnerProgress } from '../schemas/rows/learner-progress.ts';
import type { RowOf } from '../schemas/target.ts';
import { measuredSince } from './measure.ts';

export type Learner = RowOf<typeof learnerProgress>;
export type Course = RowOf<typeof courseStructure>;
/** How many required contents are complete, in all and by unit. */
type Counts = Pick<Learner, 'completed' | 'units'>;

/**
 * The same facts, with what follows from them. Without a course nothing follows but that something was visited. `completing` is the
 * content that this event completed, if it did: the only one of which the counts before do not know.
 */
export function concluded(learner: Learner, course: Course | undefined, completing?: string): Learner {
  const since = course === undefined ? null : measuredSince(course);
  const counts =
    course !== undefined && learner.measuredSince === since
      ? countedOn(learner, course, completing)
      : countedWhole(learner, course);
  const required = course?.required ?? 0;
  const isComplete = required > 0 && counts.completed === required;
  const completedAt = learner.completedAt ?? (isComplete ? lastCompletion(learner, course) : null);
  return {
    ...learner,
    ...counts,
    courseName: course?.name ?? learner.courseName,
    required,
    progress: required === 0 ? 0 : Math.floor((100 * counts.completed) / required),
    state: completedAt !== null ? 'completed' : learner.contents.size > 0 ? 'in_progress' : 'not_started',
    completedAt,
    batches: completedAt === null ? learner.batches : completionsSaid(learner.batches),
    measuredSince: since,
  };
}

/** The same, whatever the row says of the counts before. */
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
  forEachCompleted(contents, course, (_, unitIds) => {
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

/** Walks all contents: asked for once in the life of a row, when the course is complete. */
function lastCompletion({ contents }: Learner, course: Course | undefined): number {
  let last = 0;
  forEachCompleted(contents, course, (completedAt) => {
    last = Math.max(last, completedAt);
  });
  return last;
}

function forEachCompleted(
  contents: Learner['contents'],
  course: Course | undefined,
  visit: (completedAt: number, unitIds: readonly string[]) => void,
): void {
  if (course === undefined) return;
  contents.forEach(({ completedAt }, contentId) => {
    if (completedAt === null) return;
    const content = course.contents.get(contentId);
    if (content?.required) visit(completedAt, content.units);
  });
}

/** Every batch the learner is in is told of the completion, once. */
function completionsSaid(before: Learner['batches']): Learner['batches'] {
  let batches = before;
  before.forEach((batch, batchId) => {
    if (batch.active && !batch.completionSaid) batches = batches.set(batchId, { ...batch, completionSaid: true });
  });
  return batches;
}
