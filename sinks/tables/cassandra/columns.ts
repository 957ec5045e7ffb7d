/**
 * A field of a record as a column: its name, its CQL type, and the conversion of its values in both directions.
 *
 * | field | column |
 * | --- | --- |
 * | `string`, an enum | `text` |
 * | `int`, `long`, `double`, `boolean`, `bytes` | `int`, `bigint`, `double`, `boolean`, `blob` |
 * | an array of these | `frozen<list<…>>` |
 * | a map at the top of the record | `map<text, …>`, not frozen: each entry is a separate cell |
 * | a record, and everything else with parts | `text`: JSON, in which bytes are base64 |
 *
 * JSON is used instead of user-defined types, because those are shared, cannot lose or change a field, and would have
 * to be altered before the first worker of a new release writes. A record within a field grows with its schema.
 *
 * Names are in snake_case, so that `SELECT user_id, progress FROM learner_progress` needs no quotes.
 */
import { type Field, isNullable, type MapSchema, type Schema } from '../../../core/avro.ts';
import { TributaryError } from '../../../core/errors.ts';
import { jsonOf } from '../json-text.ts';

/** Converts the values of one schema to what the driver accepts, and back. A missing value and `null` are null. */
export interface Codec {
  readonly type: string;
  encode(value: unknown): unknown;
  decode(value: unknown): unknown;
}

export interface Column {
  /** The name of the field. */
  readonly field: string;
  readonly name: string;
  readonly codec: Codec;
  /** The value for a row that was written before the field was declared. */
  readonly missing: unknown;
  /** Whether rows without the field can be read, because it is nullable or has a default. */
  readonly addable: boolean;
}

/** The encoding of a list without elements: the driver would turn an empty array into null. */
const EMPTY_LIST = Buffer.alloc(4);

export function columnOf(field: Field): Column {
  const addable = isNullable(field.type) || field.default !== undefined;
  const codec = codecOf(field.type);
  return { field: field.name, name: columnName(field.name), codec, missing: missingOf(field), addable };
}

/** The column of a top-level map field, and the codec of its entries' values. */
export function mapColumnOf(field: Field & { type: MapSchema }): { readonly column: Column; readonly values: Codec } {
  const { values } = field.type;
  // A null cannot be the value of an entry: it would remove the entry.
  const codec = isNullable(values) || values === 'null' ? json(values, false) : codecOf(values);
  const column = { type: `map<text, ${codec.type}>`, encode: same, decode: same };
  return {
    column: { field: field.name, name: columnName(field.name), codec: column, missing: null, addable: true },
    values: codec,
  };
}

export function codecOf(schema: Schema): Codec {
  const bare = isNullable(schema) ? schema[1] : schema;
  const scalar = scalarOf(bare);
  if (scalar !== undefined) return scalar;
  if (typeof bare === 'object' && 'type' in bare && bare.type === 'array') {
    const item = scalarOf(bare.items);
    if (item !== undefined) return list(item);
  }
  return json(bare, true);
}

function scalarOf(schema: Schema): Codec | undefined {
  if (typeof schema === 'object' && 'type' in schema && schema.type === 'enum') return TEXT;
  switch (schema) {
    case 'string':
      return TEXT;
    case 'int':
    case 'double':
    case 'boolean':
      return plain(schema);
    case 'long':
      return LONG;
    case 'bytes':
      return BYTES;
    default:
      return undefined;
  }
}

const same = (value: unknown): unknown => value;

function plain(type: string): Codec {
  return { type, encode: (value) => value ?? null, decode: same };
}

const TEXT = plain('text');

const LONG: Codec = {
  type: 'bigint',
  encode: (value) => value ?? null,
  decode: (value) => (value === null ? null : (value as { toNumber(): number }).toNumber()),
};

const BYTES: Codec = {
  type: 'blob',
  encode(value) {
    if (value === null || value === undefined) return null;
    const { buffer, byteOffset, byteLength } = value as Uint8Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  },
  // A copy: the driver's value would keep the whole network packet in memory.
  decode: (value) => (value === null ? null : Uint8Array.from(value as Buffer)),
};

function list(item: Codec): Codec {
  return {
    type: `frozen<list<${item.type}>>`,
    encode(value) {
      if (value === null || value === undefined) return null;
      const items = value as unknown[];
      return items.length === 0 ? EMPTY_LIST : items.map(item.encode);
    },
    decode: (value) => (value === null ? null : (value as unknown[]).map(item.decode)),
  };
}

function json(schema: Schema, nullIsNull: boolean): Codec {
  const { stringify, parse } = jsonOf(schema);
  return {
    type: 'text',
    encode: (value) => (nullIsNull && (value === null || value === undefined) ? null : stringify(value ?? null)),
    decode: (value) => (value === null ? null : parse(value as string)),
  };
}

function missingOf(field: Field): unknown {
  if (isNullable(field.type) || field.default === undefined) return null;
  // Avro writes a default of bytes as a string of the characters 0 to 255.
  if (field.type === 'bytes') return Uint8Array.from(Buffer.from(field.default as string, 'latin1'));
  return field.default;
}

/** `completionSaid` is `completion_said`. */
export function columnName(field: string): string {
  return field
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

const LONGEST_NAME = 48;

/** Throws for a table that Cassandra cannot have: names that are too long, reserved or equal. */
export function checkNames(table: string, fields: readonly string[]): void {
  const invalid = (what: string): never => {
    throw new TributaryError('DECLARATION_INVALID', `${table}: ${what}; choose another name`);
  };
  if (!/^[a-z][a-z0-9_]*$/i.test(table) || table.length > LONGEST_NAME) {
    invalid(`a table of Cassandra is named by 1 to ${LONGEST_NAME} letters, digits and "_", a letter first`);
  }
  const taken = new Map<string, string>();
  for (const field of fields) {
    const name = columnName(field);
    if (field.startsWith('_') || name === 'tenant') {
      invalid(
        `the name of the field ${field} is taken: "tenant" and names that begin with "_" are columns of the store`,
      );
    }
    if (name.length > LONGEST_NAME) invalid(`the column ${name} has more than ${LONGEST_NAME} letters`);
    const other = taken.get(name);
    if (other !== undefined) invalid(`the fields ${other} and ${field} are both the column ${name}`);
    taken.set(name, field);
  }
}

/** Any name in the form that CQL accepts. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
