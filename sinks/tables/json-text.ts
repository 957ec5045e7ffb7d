/** What has parts, as JSON: bytes within it are base64. */
import { isNullable, type Schema } from '../../schemas/avro.ts';

type Convert = (value: unknown) => unknown;

export interface Json {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

export function jsonOf(schema: Schema): Json {
  const toJson = converted(schema, (value) => Buffer.from(value as Uint8Array).toString('base64')) ?? same;
  const fromJson = converted(schema, (value) => Uint8Array.from(Buffer.from(value as string, 'base64'))) ?? same;
  return { stringify: (value) => JSON.stringify(toJson(value)), parse: (text) => fromJson(JSON.parse(text)) };
}

const same: Convert = (value) => value;

/** Applies `bytes` to all bytes within a value; undefined where the schema has none, since then nothing is to do. */
function converted(schema: Schema, bytes: Convert): Convert | undefined {
  if (schema === 'bytes') return bytes;
  if (typeof schema === 'string') return undefined;
  if (isNullable(schema)) {
    const inner = converted(schema[1], bytes);
    return inner && ((value) => (value === null ? null : inner(value)));
  }
  switch (schema.type) {
    case 'enum':
      return undefined;
    case 'array': {
      const item = converted(schema.items, bytes);
      return item && ((value) => (value as unknown[]).map(item));
    }
    case 'map': {
      const entry = converted(schema.values, bytes);
      return entry && ((value) => Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, entry(v)])));
    }
    case 'record': {
      const fields = schema.fields.flatMap((field) => {
        const convert = converted(field.type, bytes);
        return convert === undefined ? [] : [{ name: field.name, convert }];
      });
      if (fields.length === 0) return undefined;
      return (value) => {
        const result = { ...(value as Record<string, unknown>) };
        for (const { name, convert } of fields) result[name] = convert(result[name]);
        return result;
      };
    }
  }
}
