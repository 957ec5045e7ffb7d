/**
 * A schema is one Avro literal. Its TypeScript type is inferred here, and `avsc` compiles it elsewhere, so there is no second
 * declaration and no generated code.
 *
 * A field may have attributes beyond those of Avro: `unit` ("ms since 1970 UTC", "percent"), `minimum` and `maximum` of a number,
 * `lenient: true`, `personal: true` for personal data, and `person: true` for the id of a user. Avro readers ignore them. Our readers
 * check the bounds and leave out values of lenient fields that do not fit; documentation and reports use the others.
 */

export type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'double' | 'string' | 'bytes';

export interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly doc: string;
  readonly default?: unknown;
  readonly unit?: string;
  /** The bounds of a number, both inclusive. */
  readonly minimum?: number;
  readonly maximum?: number;
  readonly personal?: true;
  /** The string, or each string of the list, is the id of a user. For a map: its keys are ids of users. */
  readonly person?: true;
  /**
   * A value that does not fit is left out of the event and named in its `unfit`, instead of making the whole event unreadable. That may
   * be an item of a list, a nested field with a default, or else this whole field, which must have a default.
   */
  readonly lenient?: true;
}

export interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly Field[];
}
export interface EnumSchema {
  readonly type: 'enum';
  readonly name: string;
  readonly doc?: string;
  readonly symbols: readonly string[];
}
interface ArraySchema {
  readonly type: 'array';
  readonly items: Schema;
}
export interface MapSchema {
  readonly type: 'map';
  readonly values: Schema;
}
/** A union of `null` and one other schema. It is the only union that is allowed, because JSON cannot distinguish others. */
export type NullableSchema = readonly ['null', Schema];

export type Schema = Primitive | RecordSchema | EnumSchema | ArraySchema | MapSchema | NullableSchema;

type PrimitiveValue = {
  null: null;
  boolean: boolean;
  int: number;
  long: number;
  double: number;
  string: string;
  bytes: Uint8Array;
};

/** The data of a schema of which only the kind is known. */
type Unknown<S> = S extends RecordSchema ? Readonly<Record<string, unknown>> : unknown;
/** Whether only the kind of schema is known. Inference from such a type would never end. */
type Wide<S> = Schema extends S ? true : RecordSchema extends S ? true : false;

/** The type of a decoded value: every field is present. */
export type Infer<S> =
  Wide<S> extends true
    ? Unknown<S>
    : S extends keyof PrimitiveValue
      ? PrimitiveValue[S]
      : S extends readonly ['null', infer V]
        ? Infer<V> | null
        : S extends { type: 'record'; fields: infer F extends readonly Field[] }
          ? { readonly [K in F[number] as K['name']]: Infer<K['type']> }
          : S extends { type: 'array'; items: infer I }
            ? readonly Infer<I>[]
            : S extends { type: 'map'; values: infer V }
              ? { readonly [key: string]: Infer<V> }
              : S extends { type: 'enum'; symbols: readonly (infer E)[] }
                ? E
                : never;

/** The type of a value to encode: fields with a default may be left out. */
export type Input<S> =
  Wide<S> extends true
    ? Unknown<S>
    : S extends { type: 'record'; fields: infer F extends readonly Field[] }
      ? { readonly [K in F[number] as K extends { default: unknown } ? never : K['name']]: Input<K['type']> } & {
          readonly [K in F[number] as K extends { default: unknown } ? K['name'] : never]?: Input<K['type']>;
        }
      : S extends readonly ['null', infer V]
        ? Input<V> | null
        : S extends { type: 'array'; items: infer I }
          ? readonly Input<I>[]
          : S extends { type: 'map'; values: infer V }
            ? { readonly [key: string]: Input<V> }
            : Infer<S>;

export function isNullable(schema: Schema): schema is NullableSchema {
  return Array.isArray(schema);
}

/** The schema without its `null` branch. */
export function present(schema: Schema): Exclude<Schema, NullableSchema> {
  return (isNullable(schema) ? schema[1] : schema) as Exclude<Schema, NullableSchema>;
}

/**
 * The same schema with each named type spelled out only at its first use. Avro requires the name alone at later uses, whereas our
 * literals repeat the whole type.
 */
export function normalize(schema: Schema): unknown {
  const seen = new Set<string>();
  const walk = (node: Schema): unknown => {
    if (typeof node === 'string') return node;
    if (isNullable(node)) return [walk(node[0]), walk(node[1])];
    if (node.type === 'array') return { type: 'array', items: walk(node.items) };
    if (node.type === 'map') return { type: 'map', values: walk(node.values) };
    if (seen.has(node.name)) return node.name;
    seen.add(node.name);
    if (node.type === 'enum') return { ...node };
    return { ...node, fields: node.fields.map((field) => ({ ...field, type: walk(field.type) })) };
  };
  return walk(schema);
}
