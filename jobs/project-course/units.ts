/**
 * The units of a published course: which lie in which. A unit may stand in several places, in units that lie in each other or not, and
 * be optional in one place and not in another, as a content may. So there are many ways from a unit up to the course; what is required is
 * found unit by unit, since the ways themselves may be too many to be walked.
 */

import type { EventOf } from '../../core/event.ts';
import type { coursePublished } from '../../schemas/content.ts';
import { type Rejection, reject } from '../define.ts';

type Published = EventOf<typeof coursePublished>['data'];

export interface PlacedUnit {
  readonly name: string;
  /** The unit of its first place, and of the others; null: the course itself. */
  readonly parentId: string | null;
  readonly otherParentIds: readonly string[];
  /** All units on the ways from it up to the course on which nothing is optional, itself included; none: it is optional. */
  readonly counts: ReadonlySet<string>;
  /** How many units lie around it, on the longest way. */
  readonly depth: number;
}

type Places = ReadonlyMap<string, Published['units']>;

/** Units within units: deeper is a mistake, and would make a row much larger than its event. */
const DEEPEST = 64;
const OPTIONAL: ReadonlySet<string> = new Set();

/** All units, those that hold others before those they hold; or what is wrong with them. */
export function placedUnits({ courseId, units }: Published): ReadonlyMap<string, PlacedUnit> | Rejection {
  const places: Places = Map.groupBy(units, ({ unitId }) => unitId);
  for (const [unitId, all] of places) {
    if (new Set(all.map((place) => parentOf(place, places))).size === all.length) continue;
    return reject(
      'FACT_IMPOSSIBLE',
      `course ${courseId} has two units of one id, ${unitId}, in one place: publish it with an id of its own for each`,
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

/** A unit that the course does not have is the course itself. */
function parentOf({ parentId }: Published['units'][number], places: Places): string | null {
  return parentId !== null && places.has(parentId) ? parentId : null;
}

/** Places the unit, and before it what it lies in; or says how it lies. `within`: the units it is asked for by. */
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
    for (const holding of parent?.counts ?? []) counts.add(holding);
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
