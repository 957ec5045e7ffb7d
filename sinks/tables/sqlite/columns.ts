/**
 * What one field of a record is as a column: its SQL type, and its values on the way in and out.
 *
 * Everything a person may want to compare or sort has a column type of its own; what has parts (arrays, records,
 * nested maps) is JSON text, in which bytes are base64. The type of such a column is spelled "JSON TEXT", which SQLite
 * takes as TEXT, so that a field that turned from a string into a list is seen as another type.
 */
import { type Field, isNullable, type Schema } from '../../../core/avro.ts';
import { jsonOf } from '../json-text.ts';

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
  const { stringify, parse } = jsonOf(schema);
  return {
    type: 'JSON TEXT',
    encode: (value) => (value === null || value === undefined ? null : stringify(value)),
    decode: (value) => (value === null ? null : parse(value as string)),
  };
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
