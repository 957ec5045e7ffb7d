/**
 * The JSON Schema of the JSON data that a producer may send in an event. It accepts the same data as the codec. The only difference is
 * the length of ids beyond the Basic Multilingual Plane: the codec counts UTF-16 code units, and JSON Schema counts characters.
 */
import { type EnumSchema, type Field, isNullable, type RecordSchema, type Schema } from '../../core/avro.ts';
import type { EventDef } from '../../core/event.ts';
import { INT_MAX, INT_MIN, LONG_MAX } from '../../core/json.ts';
import { LONGEST_KEY_PART } from '../../core/key-part.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Returns a reference to a named type, and makes sure that its schema is there. */
export type Refer = (named: RecordSchema | EnumSchema, schema: () => JsonSchema) => JsonSchema;

/** A complete document, with nested types in `$defs`. `key` is the field that is the key of the event's record. */
export function schemaOf({ type, schema }: EventDef, key: string | undefined): JsonSchema {
  const defs = new Map<string, JsonSchema>();
  const refer: Refer = (named, make) => {
    if (!defs.has(named.name)) {
      // Reserve the entry first, so that nested types come after it.
      defs.set(named.name, {});
      defs.set(named.name, make());
    }
    return { $ref: `#/$defs/${named.name}` };
  };
  const data = dataSchema(schema, refer, key);
  return {
    $schema: DIALECT,
    $id: `${type}.json`,
    ...data,
    ...(defs.size === 0 ? {} : { $defs: Object.fromEntries(defs) }),
  };
}

/** The schema of the data alone; `refer` places the nested types. */
export function dataSchema({ name, doc, fields }: RecordSchema, refer: Refer, key?: string): JsonSchema {
  const required = fields.filter((field) => !('default' in field)).map((field) => field.name);
  return {
    title: name,
    ...documented(doc),
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field, refer, field.name === key)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

const documented = (doc: string | undefined): JsonSchema => (doc === undefined ? {} : { description: doc });

function fieldSchema(field: Field, refer: Refer, isKey: boolean): JsonSchema {
  const { name, type, doc, unit, minimum, maximum, personal } = field;
  const schema = valueSchema(type, refer, isKey || name.endsWith('Id'), name.endsWith('Ids'));
  return {
    description: doc,
    ...schema,
    ...(minimum === undefined ? {} : { minimum: Math.max(minimum, least(schema)) }),
    ...(maximum === undefined ? {} : { maximum: Math.min(maximum, most(schema)) }),
    ...('default' in field ? { default: field.default } : {}),
    ...(unit === undefined ? {} : { 'x-unit': unit }),
    ...(personal === undefined ? {} : { 'x-personal': personal }),
  };
}

const least = ({ minimum }: JsonSchema): number => (minimum as number | undefined) ?? Number.NEGATIVE_INFINITY;
const most = ({ maximum }: JsonSchema): number => (maximum as number | undefined) ?? Number.POSITIVE_INFINITY;

function valueSchema(schema: Schema, refer: Refer, isId = false, areIds = false): JsonSchema {
  if (isNullable(schema)) return nullable(valueSchema(schema[1], refer, isId, areIds));
  if (typeof schema === 'string') return schema === 'string' && isId ? idOf(LONGEST_KEY_PART) : PRIMITIVES[schema];
  switch (schema.type) {
    case 'enum':
      return refer(schema, () => ({
        title: schema.name,
        ...documented(schema.doc),
        type: 'string',
        enum: schema.symbols,
      }));
    case 'array':
      return { type: 'array', items: valueSchema(schema.items, refer, areIds) };
    case 'map':
      return { type: 'object', additionalProperties: valueSchema(schema.values, refer) };
    case 'record':
      return refer(schema, () => dataSchema(schema, refer));
  }
}

const nullable = (schema: JsonSchema): JsonSchema =>
  typeof schema['type'] === 'string'
    ? { ...schema, type: [schema['type'], 'null'] }
    : { anyOf: [schema, { type: 'null' }] };

const PRIMITIVES = {
  null: { type: 'null' },
  boolean: { type: 'boolean' },
  int: { type: 'integer', minimum: INT_MIN, maximum: INT_MAX },
  long: { type: 'integer', minimum: -LONG_MAX, maximum: LONG_MAX },
  double: { type: 'number' },
  string: { type: 'string' },
  bytes: {
    type: 'string',
    contentEncoding: 'base64',
    pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==|[A-Za-z0-9+/]=))?$',
  },
} as const satisfies Record<string, JsonSchema>;

/** A text that every store accepts as part of a key. */
export const idOf = (longest: number): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength: longest,
  pattern: '^[^\\u0000\\uFFFD]*$',
});
