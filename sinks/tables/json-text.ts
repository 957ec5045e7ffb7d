/**
 * Values with parts, as JSON in which bytes are base64. If a record was written before one of its fields was declared,
 * it is read with the field's default, as a row is.
 */
import { isNullable, type Schema } from '../../core/avro.ts';

type Convert = (value: unknown) => unknown;
type Complete = (value: unknown) => void;

export interface Json {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

export function jsonOf(schema: Schema): Json {
  const toJson = converted(schema, (value) => Buffer.from(value as Uint8Array).toString('base64')) ?? same;
  const fromJson = converted(schema, (value) => Uint8Array.from(Buffer.from(value as string, 'base64'))) ?? same;
  const complete = completing(schema);
  return {
    stringify: (value) => JSON.stringify(toJson(value)),
    parse(text) {
      const value: unknown = JSON.parse(text);
      complete?.(value);
      return fromJson(value);
    },
  };
}

/** Adds the defaults of missing fields to the records within a parsed value; undefined if no record has such fields. */
function completing(schema: Schema): Complete | undefined {
  if (typeof schema === 'string') return undefined;
  if (isNullable(schema)) {
    const inner = completing(schema[1]);
    return inner && ((value) => value !== null && inner(value));
  }
  switch (schema.type) {
    case 'enum':
      return undefined;
    case 'array': {
      const item = completing(schema.items);
      return item && ((value) => (value as unknown[]).forEach(item));
    }
    case 'map': {
      const entry = completing(schema.values);
      return entry && ((value) => Object.values(value as object).forEach(entry));
    }
    case 'record': {
      const defaults = schema.fields.filter(({ default: missing }) => missing !== undefined);
      const parts = schema.fields.flatMap(({ name, type }) => {
        const complete = completing(type);
        return complete === undefined ? [] : [{ name, complete }];
      });
      if (defaults.length + parts.length === 0) return undefined;
      return (value) => {
        const record = value as Record<string, unknown>;
        for (const field of defaults) if (!Object.hasOwn(record, field.name)) record[field.name] = jsonDefault(field);
        for (const { name, complete } of parts) complete(record[name]);
      };
    }
  }
}

/** Avro writes a default of bytes as a string of the characters 0 to 255. */
function jsonDefault({ type, default: missing }: { type: Schema; default?: unknown }): unknown {
  return type === 'bytes' ? Buffer.from(missing as string, 'latin1').toString('base64') : structuredClone(missing);
}

const same: Convert = (value) => value;

/** Applies `bytes` to all bytes within a value; undefined if the schema has none, because then there is nothing to do. */
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
