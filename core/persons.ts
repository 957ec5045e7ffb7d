/**
 * Finds the persons that a record names, by the fields declared as `person`, and takes them out. It works for any schema that a platform
 * declares.
 */

import { type Field, present, type RecordSchema, type Schema } from './avro.ts';
import type { Entries } from './entries.ts';
import { once } from './once.ts';
import type { TableDef } from './target.ts';
import { keyFields } from './target.ts';

type Data = Readonly<Record<string, unknown>>;
type IsGone = (id: string) => boolean;

const personFields: (schema: RecordSchema) => readonly Field[] = once(({ fields }) =>
  fields.filter(({ person, type }) => person === true && present(type) === 'string'),
);

/** The persons that an event or a record names in its top-level fields, not within lists and maps. */
export function personsIn(schema: RecordSchema, data: Data): string[] {
  const fields = personFields(schema);
  if (fields.length === 0) return [];
  return fields.map(({ name }) => data[name]).filter((id) => typeof id === 'string');
}

/** Whether rows of the table may name persons. */
export const mayName: (table: TableDef) => boolean = once(({ record }) =>
  record.fields.some((field) => field.person === true || namesWithin(field.type) !== undefined),
);

/** Whether the first field of the key is a person. If so, all rows of one person are stored together. */
export const isKeyedByPerson = ({ key, record }: TableDef): boolean =>
  personFields(record).some(({ name }) => name === key[0]);

/** Whether rows may name persons other than the one in the first field of their key. */
export const namesElsewhere: (table: TableDef) => boolean = once(({ key, record }) =>
  record.fields.some(
    (field) => (field.person === true && field.name !== key[0]) || namesWithin(field.type) !== undefined,
  ),
);

/** The row without the persons who are gone. The same object if it names none of them; undefined if the whole row must go. */
export function withoutPersons<R extends Data>(table: TableDef, row: R, isGone: IsGone): R | undefined {
  const keys = new Set(keyFields(table));
  let left: Record<string, unknown> | undefined;
  for (const field of table.record.fields) {
    const { name } = field;
    const before = row[name];
    const after = withoutIn(field, before, isGone);
    if (after === before) continue;
    if (keys.has(name)) return undefined;
    left ??= { ...row };
    left[name] = after;
  }
  return (left as R | undefined) ?? row;
}

function withoutIn({ type, person }: Field, value: unknown, isGone: IsGone): unknown {
  if (value === null || value === undefined) return value;
  const schema = present(type);
  if (schema === 'string') return person === true && isGone(value as string) ? (type === schema ? '' : null) : value;
  if (typeof schema === 'string') return value;
  if (schema.type === 'map') return withoutEntries(value as Entries<unknown>, schema.values, person === true, isGone);
  if (schema.type !== 'array') return value;
  const names = namesWithin(type);
  const isOut = (each: unknown) =>
    typeof each === 'string' ? person === true && isGone(each) : names?.(each).some(isGone) === true;
  const items = value as readonly unknown[];
  return items.some(isOut) ? items.filter((each) => !isOut(each)) : value;
}

function withoutEntries(
  entries: Entries<unknown>,
  values: Schema,
  areKeysPersons: boolean,
  isGone: IsGone,
): Entries<unknown> {
  const names = namesIn(values);
  if (!areKeysPersons && names === undefined) return entries;
  const out: string[] = [];
  for (const [key, value] of entries) {
    if ((areKeysPersons && isGone(key)) || names?.(value).some(isGone)) out.push(key);
  }
  return out.reduce((left, key) => left.delete(key), entries);
}

/** A function that finds the persons named in an item of a list or a value of a map; undefined if these cannot name any. */
function namesWithin(type: Schema): ((value: unknown) => string[]) | undefined {
  const schema = present(type);
  if (typeof schema === 'string') return undefined;
  if (schema.type === 'map') return namesIn(schema.values);
  return schema.type === 'array' ? namesIn(schema.items) : undefined;
}

function namesIn(type: Schema): ((value: unknown) => string[]) | undefined {
  const schema = present(type);
  if (typeof schema === 'string' || schema.type !== 'record' || personFields(schema).length === 0) return undefined;
  return (value) => personsIn(schema, value as Data);
}
