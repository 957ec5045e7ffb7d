/**
 * The structure of each course, as last published. The progress of its learners is measured by it.
 *
 * - Publishing replaces the whole structure; publishing a retired course offers it again. Retiring keeps the structure, because what learners
 *   did in the course stays. The event with the newest time holds: an older one that arrives later changes nothing. A course that is retired
 *   before it is published is not shown until it is published.
 * - Everything in an optional unit is optional, at any depth. A content or unit in several places is required if it is required in any of
 *   them, and counts in every unit on the way to those places.
 * - If the unit of a unit or content is not in the course, the unit or content is placed in the course itself.
 * - Learners are concluded again only if their standing may have changed: if the name, the units, the required contents or the units of
 *   those changed. Names of units and contents, and a retirement, do not matter.
 */

import { Entries } from '../../core/entries.ts';
import type { EventOf } from '../../core/event.ts';
import type { RowOf } from '../../core/target.ts';
import { coursePublished, courseRetired } from '../../schemas/content.ts';
import { courseStructureChanged } from '../../schemas/enrollment.ts';
import { courseIndex, courseStructure } from '../../schemas/rows/course-structure.ts';
import { contentEvents, enrollmentEvents } from '../../topics/index.ts';
import { catchingUp, defineJob, emit, Rejection, view } from '../define.ts';
import { measuredAfter, measuredSince } from '../measure.ts';
import { same } from '../same.ts';
import { type PlacedUnit, placedUnits } from './units.ts';

type Course = RowOf<typeof courseStructure>;
type Published = EventOf<typeof coursePublished>['data'];
type Units = ReadonlyMap<string, PlacedUnit>;
type EntryOf<E> = E extends Entries<infer V> ? V : never;

export const projectCourse = defineJob({
  name: 'project-course',
  doc: 'Keeps the structure of each course, and has progress recalculated when it changes.',
  from: contentEvents,
  on: [coursePublished, courseRetired],
  to: [enrollmentEvents],
  row: courseStructure,

  key: ({ data }) => ({ courseId: data.courseId }),

  fold: {
    'content.published': (row, { data, time }) => {
      const units = placedUnits(data);
      if (units instanceof Rejection) return units;
      if (time < (row?.publishedAt ?? time)) return row;
      const contents = contentsOf(data, units);
      const retiredAt = row?.retiredAt ?? null;
      const course = {
        courseId: data.courseId,
        name: data.name,
        retired: retiredAt !== null && retiredAt > time,
        publishedAt: time,
        retiredAt,
        required: [...contents.values()].filter(({ required }) => required).length,
        units: replaced(row?.units, unitsOf(units, contents)),
        contents: replaced(row?.contents, contents),
        contentOrder: [...contents.keys()],
      };
      const measured = { ...course, measuredSince: measuredAfter(row, course, time) };
      return same(row, measured) ? row : measured;
    },

    'content.retired': (row, { data, time }) => {
      const course = row ?? unpublished(data);
      if (time < (course.retiredAt ?? time)) return row;
      const retired = course.retired || time >= (course.publishedAt ?? time);
      return retired === course.retired && time === course.retiredAt ? row : { ...course, retired, retiredAt: time };
    },
  },

  react: (before, after) => {
    if (after === undefined || before === after || after.publishedAt === null) return [];
    if (before !== undefined && measuredSince(before) === measuredSince(after)) return [];
    return [emit(courseStructureChanged, { courseId: after.courseId })];
  },

  views: [
    catchingUp(
      view(
        courseStructure,
        courseIndex,
        ({ units, contents, measuredSince: _since, retiredAt: _retiredAt, contentOrder: _order, ...course }) =>
          course.publishedAt === null ? undefined : { ...course, units: units.size, contents: contents.size },
      ),
    ),
  ],
});

function unpublished({ courseId }: { courseId: string }): Course {
  return {
    courseId,
    name: '',
    retired: false,
    publishedAt: null,
    retiredAt: null,
    required: 0,
    units: Entries.empty(),
    contents: Entries.empty(),
    contentOrder: [],
    measuredSince: null,
  };
}

function contentsOf({ contents }: Published, units: Units): Map<string, EntryOf<Course['contents']>> {
  const places = Map.groupBy(contents, ({ contentId }) => contentId);
  return new Map(
    [...places].map(([contentId, all]) => {
      const counting = new Set<string>();
      let required = false;
      for (const { unitId, optional } of all) {
        const unit = unitId === null ? undefined : units.get(unitId);
        if (optional || unit?.counts.size === 0) continue;
        required = true;
        for (const ancestor of unit?.counts ?? []) counting.add(ancestor);
      }
      const name = all.find((place) => place.name !== '')?.name ?? '';
      const type = all.find((place) => place.type !== '')?.type ?? '';
      return [contentId, { name, required, units: [...counting].sort(), type }];
    }),
  );
}

function unitsOf(
  units: Units,
  contents: ReadonlyMap<string, EntryOf<Course['contents']>>,
): Map<string, EntryOf<Course['units']>> {
  const required = new Map<string, number>();
  for (const content of contents.values()) {
    for (const unitId of content.units) required.set(unitId, (required.get(unitId) ?? 0) + 1);
  }
  return new Map(
    [...units].map(([unitId, { name, parentId, otherParentIds, counts }]) => {
      const optional = counts.size === 0;
      return [unitId, { name, parentId, otherParentIds, optional, required: required.get(unitId) ?? 0 }];
    }),
  );
}

/** The wanted entries. Unchanged entries are not touched. */
function replaced<V>(before: Entries<V> | undefined, wanted: ReadonlyMap<string, V>): Entries<V> {
  let entries = before ?? Entries.empty<V>();
  for (const name of entries.keys()) if (!wanted.has(name)) entries = entries.delete(name);
  for (const [name, value] of wanted) if (!same(entries.get(name), value)) entries = entries.set(name, value);
  return entries;
}
