/**
 * What a learner's standing is measured against: the name of the course, its units, which contents are required, and in which units they
 * count. `measuredSince` identifies it: equal values for one course mean the same measure.
 */

import type { RowOf } from '../core/target.ts';
import type { courseStructure } from '../schemas/rows/course-structure.ts';
import { same } from './same.ts';

type Course = RowOf<typeof courseStructure>;

/** Rows written before this field existed have had their structure since it was published. */
export function measuredSince({ measuredSince, publishedAt }: Course): number {
  return measuredSince ?? publishedAt ?? 0;
}

/** The `measuredSince` of a course that replaces another: that of the earlier one if their measures are equal, otherwise a later one. */
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
