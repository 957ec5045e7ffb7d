/**
 * Checks the ids within the data of an event: the topic's key, and every field at any depth named `…Id`, or list named `…Ids`. They
 * become parts of keys, here or downstream, so every store must accept them as such.
 */
import { present, type RecordSchema, type Schema } from '../../core/avro.ts';
import { isKeyPart } from '../../core/key-part.ts';

/** Returns the path of the first invalid id, such as `.contents[2].contentId`. Does not check that an id is present. */
export type FindWrong = (value: unknown) => string | undefined;

export function wrongId(schema: RecordSchema, key?: string): FindWrong {
  return inRecord(schema, key) ?? (() => undefined);
}

function inRecord({ fields }: RecordSchema, key?: string): FindWrong | undefined {
  const finders = fields.flatMap(({ name, type }) => {
    const find = inField(name, type, key);
    return find === undefined ? [] : [{ name, find }];
  });
  if (finders.length === 0) return undefined;
  return (value) => {
    for (const { name, find } of finders) {
      const wrong = find((value as Readonly<Record<string, unknown>>)[name]);
      if (wrong !== undefined) return `.${name}${wrong}`;
    }
    return undefined;
  };
}

function inField(name: string, type: Schema, key: string | undefined): FindWrong | undefined {
  const bare = present(type);
  if (bare === 'string') return name === key || name.endsWith('Id') ? isId : undefined;
  if (typeof bare === 'string') return undefined;
  if (bare.type === 'record') return unlessNull(inRecord(bare));
  if (bare.type !== 'array') return undefined;
  const items = present(bare.items);
  if (items === 'string') return name.endsWith('Ids') ? unlessNull(inEach(isId)) : undefined;
  return typeof items === 'object' && items.type === 'record' ? unlessNull(inEach(inRecord(items))) : undefined;
}

const isId: FindWrong = (value) => (value === null || isKeyPart(value) ? undefined : '');

function inEach(find: FindWrong | undefined): FindWrong | undefined {
  return (
    find &&
    ((values) => {
      let i = 0;
      for (const value of values as readonly unknown[]) {
        const wrong = find(value);
        if (wrong !== undefined) return `[${i}]${wrong}`;
        i += 1;
      }
      return undefined;
    })
  );
}

function unlessNull(find: FindWrong | undefined): FindWrong | undefined {
  return find && ((value) => (value === null ? undefined : find(value)));
}
