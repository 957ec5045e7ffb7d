/**
 * The units of a published course, and which units contain which. A unit may be in several places, optional in one and required in another;
 * so may a content. There may be too many paths from a unit up to the course to walk them all, so what is required is found unit by unit.
 */

import type { EventOf } from '../../core/event.ts';
import type { coursePublished } from '../../schemas/content.ts';
import { type Rejection, reject } from '../define.ts';

type Published = EventOf<typeof coursePublished>['data'];

export interface PlacedUnit {
  readonly name: string;
  /** The unit that contains it in its first place, and those in its other places. Null: the course itself. */
  readonly parentId: string | null;
  readonly otherParentIds: readonly string[];
  /** The unit itself and all units above it, on the paths up to the course without an optional unit. Empty if the unit is optional. */
  readonly counts: ReadonlySet<string>;
  /** How many units are above it, on the longest path. */
  readonly depth: number;
}

type Places = ReadonlyMap<string, Published['units']>;

/** The deepest nesting of units. A deeper one is a mistake, and would make the row much larger than its event. */
const DEEPEST = 64;
const OPTIONAL: ReadonlySet<string> = new Set();

/** All units, each after the units that contain it; or a rejection with the problem. */
export function placedUnits({ courseId, units }: Published): ReadonlyMap<string, PlacedUnit> | Rejection {
  const places: Places = Map.groupBy(units, ({ unitId }) => unitId);
  for (const [unitId, all] of places) {
    if (new Set(all.map((place) => parentOf(place, places))).size === all.length) continue;
    return reject(
      'FACT_IMPOSSIBLE',
      `course ${courseId} has two units with the same id, ${unitId}, in one place: publish it with a different id for each`,
    );
  }
  const placed = new Map<string, PlacedUnit>();
  for (const unitId of places.keys()) {
    const flaw = place(unitId, places, placed, []);
    if (typeof flaw === 'string') {
      return reject(
        'FACT_IMPOSSIBLE',
        `course ${courseId}: unit ${unitId} lies ${flaw}: publish it with other parents`,
      );
    }
  }
  return placed;
}

/** The parent. Null, for the course itself, if the course does not have that unit. */
function parentOf({ parentId }: Published['units'][number], places: Places): string | null {
  return parentId !== null && places.has(parentId) ? parentId : null;
}

/** Places the unit, after the units that contain it. Returns the reason if it cannot be placed. `within`: the units on the path to it. */
function place(
  unitId: string,
  places: Places,
  placed: Map<string, PlacedUnit>,
  within: readonly string[],
): PlacedUnit | string {
  const known = placed.get(unitId);
  if (known !== undefined) return known;
  const tooDeep = `deeper than ${DEEPEST} units`;
  if (within.includes(unitId)) return 'in a circle of units';
  if (within.length === DEEPEST) return tooDeep;
  const all = places.get(unitId) ?? [];
  const counts = new Set<string>();
  let depth = 0;
  for (const one of all) {
    const parentId = parentOf(one, places);
    const parent = parentId === null ? undefined : place(parentId, places, placed, [...within, unitId]);
    if (typeof parent === 'string') return parent;
    if (parent !== undefined) depth = Math.max(depth, parent.depth + 1);
    if (depth === DEEPEST) return tooDeep;
    if (one.optional || parent?.counts.size === 0) continue;
    for (const ancestor of parent?.counts ?? []) counts.add(ancestor);
    counts.add(unitId);
  }
  const [parentId = null, ...others] = all.map((one) => parentOf(one, places));
  const unit: PlacedUnit = {
    name: all.find(({ name }) => name !== '')?.name ?? '',
    parentId,
    otherParentIds: others.filter((other) => other !== null).sort(),
    counts: counts.size === 0 ? OPTIONAL : counts,
    depth,
  };
  placed.set(unitId, unit);
  return unit;
}
