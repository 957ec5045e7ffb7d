/** The contents of a course by which reports about a batch group learners. The course bounds their number, whatever learners visited. */
import { entryOf, type Learner } from './batch-learners.ts';
import type { Course } from './outlooks.ts';

type Content = Course['contents'][string];
type Visited = Learner['contents'][string];

/** Null stands for all contents that are not part of the course now. There may be any number of them. */
export const placeOf = (contentId: string, course: Course | undefined): string | null =>
  entryOf(course?.contents, contentId) === undefined ? null : contentId;

export const contentOf = (contentId: string | null, course: Course | undefined): Content | undefined =>
  contentId === null ? undefined : entryOf(course?.contents, contentId);

/** The innermost unit that requires the content; of several, the first by id. Undefined if no unit requires it. */
export function unitOf(
  content: Content | undefined,
  course: Course | undefined,
): { readonly unitId: string; readonly name: string } | undefined {
  const units = content?.units ?? [];
  const containing = new Set(
    units.flatMap((id) => {
      const unit = entryOf(course?.units, id);
      return unit === undefined ? [] : [unit.parentId, ...unit.otherParentIds];
    }),
  );
  const [unitId] = units.filter((id) => !containing.has(id)).sort();
  return unitId === undefined ? undefined : { unitId, name: entryOf(course?.units, unitId)?.name ?? '' };
}

/** The content visited last; of several at the same time, the first by id. Undefined if none was visited. */
export function lastVisited(
  contents: Learner['contents'],
): { readonly contentId: string; readonly at: number } | undefined {
  let last: { contentId: string; at: number } | undefined;
  for (const [contentId, { lastAt }] of Object.entries(contents) as [string, Visited][]) {
    const isLater = last === undefined || lastAt > last.at || (lastAt === last.at && contentId < last.contentId);
    if (isLater) last = { contentId, at: lastAt };
  }
  return last;
}
