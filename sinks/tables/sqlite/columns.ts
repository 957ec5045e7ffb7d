/**
 * The column of a record's field: its SQL type, and the conversion of its values in both directions.
 *
 * Everything that a person may want to compare or sort has its own column type. Values with parts (arrays, records,
 * nested maps) are JSON text, in which bytes are base64. Such a column has the type "JSON TEXT", which SQLite treats as
 * TEXT. So a field that changed from a string to a list has another type.
 */
import { type Field, isNullable, type Schema } from '../../../core/avro.ts';
import { jsonOf } from '../json-text.ts';

export type SqlValue = null | number | string | Uint8Array;

export interface Column {
  readonly name: string;
  readonly type: string;
  /** What follows the name and type when the column is created with the table. */
  readonly constraint: string;
  /**
   * What follows the name and type when the column is added to existing rows: how they get the field's default.
   * Undefined: those rows cannot have the field, because it is not nullable and has no default.
   */
  readonly added: string | undefined;
}

/** Converts the values of one schema to one SQL value each. A missing value and `null` are NULL. */
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

/** Any name in the form that SQL accepts. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
