/**
 * What the standing of a learner is measured by: the name of the course, its units, and which contents are required and count in
 * which units. `measuredSince` names it: equal ones of one course are of the same measure.
 */

import type { RowOf } from '../core/target.ts';
import type { courseStructure } from '../schemas/rows/course-structure.ts';
import { same } from './same.ts';

type Course = RowOf<typeof courseStructure>;

/** Of a row that was written before there was such a field, the structure it holds has been the same since it was published. */
export function measuredSince({ measuredSince, publishedAt }: Course): number {
  return measuredSince ?? publishedAt ?? 0;
}

/** The name of what the course is measured by when it comes after the other: that one's if it is the same, and a later one if not. */
export function measuredAfter(before: Course | undefined, course: Omit<Course, 'measuredSince'>, time: number): number {
  if (before === undefined) return time;
  const since = measuredSince(before);
  return same(measureOf(before), measureOf(course)) ? since : Math.max(time, since + 1);
}

function measureOf({ name, units, contents }: Pick<Course, 'name' | 'units' | 'contents'>) {
  const required = [...contents].filter(([, content]) => content.required);
  return {
    name,
    units: [...units.keys()].sort(),
    required: Object.fromEntries(required.map(([contentId, content]) => [contentId, content.units])),
  };
}
