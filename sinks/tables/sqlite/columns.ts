/**
 * What one field of a record is as a column: its SQL type, and its values on the way in and out.
 *
 * Everything a person may want to compare or sort has a column type of its own; what has parts (arrays, records,
 * nested maps) is JSON text, in which bytes are base64. The type of such a column is spelled "JSON TEXT", which SQLite
 * takes as TEXT, so that a field that turned from a string into a list is seen as another type.
 */
import { type Field, isNullable, type Schema } from '../../../schemas/avro.ts';

export type SqlValue = null | number | string | Uint8Array;

export interface Column {
  readonly name: string;
  readonly type: string;
  /** What follows name and type where the column is created. */
  readonly constraint: string;
  /**
   * What follows name and type where the column is added to rows that are there: how they get the field's default.
   * Undefined: the field is neither nullable nor has it a default, so those rows cannot have it.
   */
  readonly added: string | undefined;
}

/** The values of one schema as one SQL value each. A missing value and `null` are NULL. */
export interface Codec {
  readonly type: 'TEXT' | 'INTEGER' | 'REAL' | 'BLOB' | 'JSON TEXT';
  encode(value: unknown): SqlValue;
  decode(value: SqlValue): unknown;
}

export function codecOf(schema: Schema): Codec {
  const bare = isNullable(schema) ? schema[1] : schema;
  if (typeof bare === 'object' && 'type' in bare && bare.type === 'enum') return plain('TEXT');
  switch (bare) {
    case 'string':
      return plain('TEXT');
    case 'int':
    case 'long':
      return plain('INTEGER');
    case 'double':
      return plain('REAL');
    case 'bytes':
      return plain('BLOB');
    case 'boolean':
      return BOOLEAN;
    default:
      return json(bare);
  }
}

/** The column of a field that is not a map. */
export function columnOf(field: Field): Column {
  const codec = codecOf(field.type);
  const { type } = codec;
  return { name: field.name, type, constraint: '', added: addition(field, codec) };
}

function plain(type: Codec['type']): Codec {
  return { type, encode: (value) => (value ?? null) as SqlValue, decode: (value) => value };
}

const BOOLEAN: Codec = {
  type: 'INTEGER',
  encode: (value) => (value === true ? 1 : value === false ? 0 : null),
  decode: (value) => (value === null ? null : value === 1),
};

function json(schema: Schema): Codec {
  const out = converted(schema, (value) => Buffer.from(value as Uint8Array).toString('base64'));
  const back = converted(schema, (value) => Uint8Array.from(Buffer.from(value as string, 'base64')));
  return {
    type: 'JSON TEXT',
    encode(value) {
      if (value === null || value === undefined) return null;
      return JSON.stringify(out === undefined ? value : out(value));
    },
    decode(value) {
      if (value === null) return null;
      const parsed: unknown = JSON.parse(value as string);
      return back === undefined ? parsed : back(parsed);
    },
  };
}

type Convert = (value: unknown) => unknown;

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

function addition(field: Field, codec: Codec): string | undefined {
  if (field.default === undefined) return isNullable(field.type) ? '' : undefined;
  if (field.default === null) return '';
  // Avro writes a default of bytes as a string of the characters 0 to 255.
  if (codec.type === 'BLOB') return `DEFAULT X'${Buffer.from(field.default as string, 'latin1').toString('hex')}'`;
  const value = codec.encode(field.default) as string | number;
  return `DEFAULT ${typeof value === 'number' ? value : `'${value.replaceAll("'", "''")}'`}`;
}

/** A name as SQL takes it, whatever it is. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
