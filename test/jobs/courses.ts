/**
 * Courses in one line each, for tables of tests. A unit or content is its id, followed by `<` and its unit, `=` and a name,
 * and `?` if it is optional, each only if present: `publishes('one two<one?', 'a<two=Apples b')`.
 */

import type { RowOf } from '../../core/target.ts';
import { coursePublished } from '../../schemas/content.ts';
import type { courseStructure } from '../../schemas/rows/course-structure.ts';
import type { SpecEvent } from '../../testing/job-spec.ts';

const PLACE = /^(?<id>\w+)(?:<(?<within>\w+))?(?:=(?<name>\w+))?(?<optional>\?)?$/;

export function publishes(
  units: string,
  contents: string,
  course: { courseId?: string; name?: string } = {},
): SpecEvent {
  const data = {
    courseId: 'algebra',
    name: 'Algebra',
    ...course,
    units: placesOf(units).map(({ id, within, ...rest }) => ({ unitId: id, parentId: within, ...rest })),
    contents: placesOf(contents).map(({ id, within, ...rest }) => ({ contentId: id, unitId: within, ...rest })),
  };
  return [coursePublished, data];
}

function placesOf(text: string) {
  const words = text.split(' ').filter((word) => word !== '');
  return words.map((word) => {
    const place = PLACE.exec(word)?.groups;
    if (place === undefined) throw new Error(`${word} is no unit or content`);
    return {
      id: String(place['id']),
      within: place['within'] ?? null,
      name: place['name'] ?? '',
      optional: place['optional'] === '?',
    };
  });
}

/** A row in the same notation: units with the number of required contents, contents with all units in which they count. */
export function structureOf(row: Partial<RowOf<typeof courseStructure>> | undefined) {
  const units = [...(row?.units ?? [])].map(([id, { parentId, name, optional, required }]) => {
    return `${written(id, parentId, name, optional)}:${required}`;
  });
  const contents = [...(row?.contents ?? [])].map(([id, { name, required, units }]) => {
    return written(id, units.join('+') || null, name, !required);
  });
  return { required: row?.required, units: units.sort().join(' '), contents: contents.sort().join(' ') };
}

function written(id: string, within: string | null, name: string, optional: boolean): string {
  return `${id}${within === null ? '' : `<${within}`}${name === '' ? '' : `=${name}`}${optional ? '?' : ''}`;
}
