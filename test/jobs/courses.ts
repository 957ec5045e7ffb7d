/**
 * Courses in one line each, for tables of tests. A unit or content is its id, then `<` and the unit it lies in, `=` and a name,
 * and `?` if it is optional, as far as it has them: `publishes('one two<one?', 'a<two=Apples b')`.
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

/** A row in the same way: units with how many contents they require, contents with all units they count in. */
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
