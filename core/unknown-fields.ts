/**
 * Finds fields of JSON data that the schema does not have. Readers ignore these, because a producer may be newer. But one of them may be
 * a misspelt optional field, which would otherwise go unnoticed.
 */
import { present, type RecordSchema, type Schema } from './avro.ts';
import type { EventDef } from './event.ts';
import { once } from './once.ts';

/** Data may have any number of unknown fields. Only the first ones are reported. */
const MOST = 20;

/** Adds the paths of unknown fields below `path` to `found`. */
type Find = (value: unknown, path: string, found: string[]) => void;

/** The paths of unknown fields, such as `data.batch` or `data.answers[0].skore`; at most twenty. Values that do not fit are skipped. */
export function unknownFields(def: EventDef, data: unknown): string[] {
  const found: string[] = [];
  finderOf(def.schema)(data, 'data', found);
  return found;
}

const finderOf: (schema: RecordSchema) => Find = once((schema) => inRecord(schema));

function inRecord(schema: RecordSchema): Find {
  const fields = new Map(schema.fields.map(({ name, type }) => [name, within(type)]));
  return (value, path, found) => {
    if (!isObject(value)) return;
    for (const name of Object.keys(value)) {
      if (found.length >= MOST) return;
      if (!fields.has(name)) found.push(`${path}.${name}`);
      else fields.get(name)?.(value[name], `${path}.${name}`, found);
    }
  };
}

/** Undefined if the schema contains no record. */
function within(schema: Schema): Find | undefined {
  const bare = present(schema);
  if (typeof bare === 'string' || bare.type === 'enum') return undefined;
  if (bare.type === 'record') return inRecord(bare);
  const inner = within(bare.type === 'array' ? bare.items : bare.values);
  if (inner === undefined) return undefined;
  if (bare.type === 'array') {
    return (value, path, found) => {
      if (Array.isArray(value)) for (const [i, item] of value.entries()) inner(item, `${path}[${i}]`, found);
    };
  }
  return (value, path, found) => {
    if (isObject(value)) for (const [key, each] of Object.entries(value)) inner(each, `${path}.${key}`, found);
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
