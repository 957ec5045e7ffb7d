/**
 * What each course consists of, as last published: what the progress of its learners is measured against.
 *
 * - Publishing replaces the whole structure; publishing a retired course offers it again. Retiring keeps the structure,
 *   since what learners did in it stays.
 * - What lies in an optional unit is optional, however deep. A content in several places is required if it is in any, and
 *   counts in every unit on the way to those places.
 * - A unit or content whose unit the course does not have lies in the course itself.
 * - Learners are concluded again only when their standing can be another one: when the name, the units, the required contents
 *   or the units of those changed. Names of units and contents, and a retirement, are no such change.
 */
import { coursePublished, courseRetired } from '../schemas/content.ts';
import { courseStructureChanged } from '../schemas/enrollment.ts';
import { Entries } from '../schemas/entries.ts';
import type { EventOf } from '../schemas/event.ts';
import { courseIndex, courseStructure } from '../schemas/rows/course-structure.ts';
import type { RowOf } from '../schemas/target.ts';
import { contentEvents, enrollmentEvents } from '../topics/index.ts';
import { catchingUp, defineJob, emit, Rejection, reject, view } from './define.ts';
import { measuredAfter, measuredSince } from './measure.ts';
import { same } from './same.ts';

type Course = RowOf<typeof courseStructure>;
type Published = EventOf<typeof coursePublished>['data'];
type Unit = Published['units'][number];
type Line = [Unit, ...Unit[]];
type EntryOf<E> = E extends Entries<infer V> ? V : never;

/** Units within units: deeper is a mistake, and would make a row much larger than its event. */
const DEEPEST = 64;

export const projectCourse = defineJob({
  name: 'project-course',
  doc: 'Keeps what each course consists of, and has progress concluded again when that changes.',
  from: contentEvents,
  on: [coursePublished, courseRetired],
  to: [enrollmentEvents],
  row: courseStructure,

  key: ({ data }) => ({ courseId: data.courseId }),

  fold: {
    'content.published': (row, { data, time }) => {
      const lines = linesOf(data);
      if (lines instanceof Rejection) return lines;
      const contents = contentsOf(data, lines);
      const course = {
        courseId: data.courseId,
        name: data.name,
        retired: false,
        publishedAt: time,
        required: [...contents.values()].filter(({ required }) => required).length,
        units: replaced(row?.units, unitsOf(lines, contents)),
        contents: replaced(row?.contents, contents),
      };
      const measured = { ...course, measuredSince: measuredAfter(row, course, time) };
      return same(row, measured) ? row : measured;
    },

    'content.retired': (row) => (row === undefined || row.retired ? row : { ...row, retired: true }),
  },

  react: (before, after) => {
    if (after === undefined || before === after) return [];
    if (before !== undefined && measuredSince(before) === measuredSince(after)) return [];
    return [emit(courseStructureChanged, { courseId: after.courseId })];
  },

  views: [
    catchingUp(
      view(courseStructure, courseIndex, ({ units, contents, measuredSince: _, ...course }) => ({
        ...course,
        units: units.size,
        contents: contents.size,
      })),
    ),
  ],
});

/** By unit: the unit itself, then what it lies in, the innermost first. */
function linesOf({ courseId, units }: Published): Map<string, Line> | Rejection {
  const known = new Map(units.map((unit) => [unit.unitId, unit]));
  if (known.size < units.length) {
    return reject(
      'FACT_IMPOSSIBLE',
      `course ${courseId} has two units of one id: publish it with an id of its own for each`,
    );
  }
  const lines = new Map<string, Line>();
  for (const unit of units) {
    const line: Line = [unit];
    for (let above = parentOf(unit, known); above !== undefined; above = parentOf(above, known)) {
      if (line.includes(above) || line.length === DEEPEST) {
        const flaw = line.length === DEEPEST ? `deeper than ${DEEPEST} units` : 'in a circle of units';
        return reject(
          'FACT_IMPOSSIBLE',
          `course ${courseId}: unit ${unit.unitId} lies ${flaw}: publish it with other parents`,
        );
      }
      line.push(above);
    }
    lines.set(unit.unitId, line);
  }
  return lines;
}

function parentOf({ parentId }: Unit, known: ReadonlyMap<string, Unit>): Unit | undefined {
  return parentId === null ? undefined : known.get(parentId);
}

function contentsOf(
  { contents }: Published,
  lines: ReadonlyMap<string, Line>,
): Map<string, EntryOf<Course['contents']>> {
  const places = Map.groupBy(contents, ({ contentId }) => contentId);
  return new Map(
    [...places].map(([contentId, all]) => {
      const ways = all
        .filter(({ optional }) => !optional)
        .map(({ unitId }) => (unitId === null ? [] : (lines.get(unitId) ?? [])))
        .filter((line) => !line.some(({ optional }) => optional));
      const units = [...new Set(ways.flat().map(({ unitId }) => unitId))].sort();
      const name = all.find((place) => place.name !== '')?.name ?? '';
      return [contentId, { name, required: ways.length > 0, units }];
    }),
  );
}

function unitsOf(
  lines: ReadonlyMap<string, Line>,
  contents: ReadonlyMap<string, EntryOf<Course['contents']>>,
): Map<string, EntryOf<Course['units']>> {
  const required = new Map<string, number>();
  for (const content of contents.values()) {
    for (const unitId of content.units) required.set(unitId, (required.get(unitId) ?? 0) + 1);
  }
  return new Map(
    [...lines].map(([unitId, line]) => {
      const [{ name }, parent] = line;
      const optional = line.some((unit) => unit.optional);
      return [unitId, { name, parentId: parent?.unitId ?? null, optional, required: required.get(unitId) ?? 0 }];
    }),
  );
}

/** The wanted entries; those that were so already stay untouched. */
function replaced<V>(before: Entries<V> | undefined, wanted: ReadonlyMap<string, V>): Entries<V> {
  let entries = before ?? Entries.empty<V>();
  for (const name of entries.keys()) if (!wanted.has(name)) entries = entries.delete(name);
  for (const [name, value] of wanted) if (!same(entries.get(name), value)) entries = entries.set(name, value);
  return entries;
}
