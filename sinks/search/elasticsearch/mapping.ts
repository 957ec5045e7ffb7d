/**
 * The definition of an index in Elasticsearch, derived only from its declaration.
 *
 * The index "<prefix><name>-v1" is used only by its alias "<prefix><name>"; "v1" is its generation. A document has the fields of its
 * record, so that services can search and sort by them with Elasticsearch's own means, and the object "tributary":
 *
 *     tenant    the tenant of the record
 *     words     the words of all text fields, without case and accents: see `../words.ts`
 * What Elasticsearch does with a field.
 */
import { type Field, isNullable, type Primitive, type Schema } from '../../../core/avro.ts';
import { TributaryError } from '../../../core/errors.ts';
import { type IndexDef, keyFields } from '../../../core/target.ts';

/** What Elasticsearch does with a field. */
export interface Property {
  readonly type: string;
  readonly [setting: string]: unknown;
}

export interface Mapping {
  readonly dynamic: 'strict';
  /** The part of the declaration that the properties do not show. */
  readonly _meta: { readonly tributary: { readonly key: readonly string[]; readonly text: readonly string[] } };
  readonly properties: Readonly<Record<string, Property>>;
}

export interface IndexSettings {
  /** The prefix of every index and alias: lower-case letters, digits, `-`, `_` and `.`. */
  readonly prefix: string;
  readonly shards: number;
  /** Replicas besides the primary. Undefined: one, if there is a second node for it. */
  readonly replicas: number | undefined;
}

/**
 * UTF-16 units of a text that can be matched exactly: with three bytes each they fill the longest term, 32,766 bytes.
 */
export const LONGEST_VALUE = 10_922;
/** The object with everything that is not a field of the record. */
export const OWN = 'tributary';

type Kind = 'string' | 'number' | 'boolean';

/** A field that can be used in filters. */
export interface Filterable {
  readonly kind: Kind;
  readonly isWhole: boolean;
  /** Whether the field is an array, which may have several values. */
  readonly many: boolean;
}

const KEYWORD: Property = { type: 'keyword', ignore_above: LONGEST_VALUE };
const STORED: Property = { type: 'object', enabled: false };

const EXACT: Partial<Record<Primitive, Omit<Filterable, 'many'> & { readonly property: Property }>> = {
  string: { kind: 'string', isWhole: false, property: KEYWORD },
  // Both are `long`, so that the index stays the same if an int becomes a long.
  int: { kind: 'number', isWhole: true, property: { type: 'long' } },
  long: { kind: 'number', isWhole: true, property: { type: 'long' } },
  double: { kind: 'number', isWhole: false, property: { type: 'double' } },
  boolean: { kind: 'boolean', isWhole: false, property: { type: 'boolean' } },
};

/** By name, in the order of the record: every plain field and every array of plain items, except text fields. */
export function filterables(index: IndexDef): Map<string, Filterable> {
  const plain = ({ name, type }: Field): [string, Filterable][] => {
    const exact = index.text.includes(name) ? undefined : exactOf(type);
    return exact === undefined ? [] : [[name, { ...exact, many: isArray(type) }]];
  };
  return new Map(index.record.fields.flatMap(plain));
}

/** Throws DECLARATION_INVALID if such an index is impossible. */
export function mappingOf(index: IndexDef): Mapping {
  for (const name of index.text) {
    const field = index.record.fields.find((each) => each.name === name);
    if (field === undefined || exactOf(field.type)?.kind !== 'string') {
      throw invalid(index, `the text field ${name} is neither a string nor an array of strings; take it out of text`);
    }
  }
  const own: Property = {
    type: 'object',
    dynamic: 'strict',
    properties: {
      tenant: KEYWORD,
      words: { type: 'text', analyzer: 'whitespace', index_options: 'freqs' },
      removed: { type: 'date' },
    },
  };
  const key = keyFields(index);
  const properties = index.record.fields.map(({ name, type }): [string, Property] => {
    if (name === OWN || name.startsWith('_')) {
      throw invalid(index, `Elasticsearch cannot have a field ${name} in a document; give it another name`);
    }
    if (index.text.includes(name) && !key.includes(name)) return [name, { type: 'text' }];
    return [name, exactOf(type)?.property ?? STORED];
  });
  return {
    dynamic: 'strict',
    _meta: { tributary: { key, text: index.text } },
    properties: Object.fromEntries([...properties, [OWN, own]]),
  };
}

/** The name that clients use. Throws DECLARATION_INVALID if Elasticsearch does not allow it. */
export function aliasOf(index: IndexDef, prefix: string): string {
  const alias = `${prefix}${index.name}`;
  if (/^[a-z0-9][a-z0-9._-]{0,239}$/.test(alias)) return alias;
  throw invalid(
    index,
    `Elasticsearch cannot have an index ${alias}; its name and the prefix are lower case letters, digits, "-", "_" and ".", and begin with a letter or digit`,
  );
}

/** The definition of the alias: it shows no removed documents. */
export const ALIAS = {
  is_write_index: true,
  filter: { bool: { must_not: { exists: { field: `${OWN}.removed` } } } },
} as const;

interface Creation {
  readonly name: string;
  /** The body of Elasticsearch's "create index". */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Creates a generation of the index, with or without its alias. */
export function creationOf(index: IndexDef, settings: IndexSettings, generation: number, withAlias: boolean): Creation {
  const alias = aliasOf(index, settings.prefix);
  const { shards, replicas } = settings;
  return {
    name: `${alias}-v${generation}`,
    body: {
      settings: {
        number_of_shards: shards,
        ...(replicas === undefined ? { auto_expand_replicas: '0-1' } : { number_of_replicas: replicas }),
      },
      mappings: mappingOf(index),
      ...(withAlias ? { aliases: { [alias]: ALIAS } } : {}),
    },
  };
}

/** The settings of a property that can only change with a new index. */
const COMPARED = ['type', 'enabled', 'index', 'analyzer'] as const;

/**
 * What must be added to an existing index; undefined if nothing. Fields that are no longer declared are kept. Throws
 * TABLE_DRIFTED if the index was created for a different declaration.
 */
export function additions(
  index: IndexDef,
  name: string,
  there: Partial<Mapping>,
): Omit<Mapping, 'dynamic'> | undefined {
  const before = there._meta?.tributary;
  const wanted = mappingOf(index);
  const { key, text } = wanted._meta.tributary;
  if (before === undefined) {
    throw drifted(index, `the index ${name} was not made by Tributary; choose another prefix, or move it away`);
  }
  if (before.key.join() !== key.join()) throw changed(index, name, `the key (${before.key})`, `the key (${key})`);
  const missing: [string, Property][] = [];
  const present = new Map(Object.entries(there.properties ?? {}));
  for (const [field, property] of Object.entries(wanted.properties)) {
    const is = present.get(field);
    if (is === undefined) {
      missing.push([field, property]);
      continue;
    }
    // Elasticsearch omits the type of an object if the property has other settings.
    const differs = COMPARED.some(
      (setting) => (is[setting] ?? DEFAULTS[setting]) !== (property[setting] ?? DEFAULTS[setting]),
    );
    if (differs) throw changed(index, name, described(field, is), described(field, property));
    if (before.text.includes(field) !== text.includes(field)) {
      const as = (isText: boolean) => `${field} ${isText ? 'as text' : 'matched exactly'}`;
      throw changed(index, name, as(before.text.includes(field)), as(text.includes(field)));
    }
  }
  if (missing.length === 0) return undefined;
  return {
    _meta: { tributary: { key, text: [...new Set([...before.text, ...text])] } },
    properties: Object.fromEntries(missing),
  };
}

const DEFAULTS: Partial<Record<(typeof COMPARED)[number], unknown>> = { type: 'object' };

function described(field: string, { type, enabled }: Property): string {
  return `${field} ${enabled === false ? 'in the document alone' : `as ${type ?? 'object'}`}`;
}

function exactOf(schema: Schema): (typeof EXACT)['string'] {
  if (isNullable(schema)) return exactOf(schema[1]);
  if (typeof schema === 'string') return EXACT[schema];
  if (schema.type === 'enum') return EXACT.string;
  // In Elasticsearch, an array is a field with several values.
  return schema.type === 'array' && !isArray(schema.items) ? exactOf(schema.items) : undefined;
}

function isArray(schema: Schema): boolean {
  if (isNullable(schema)) return isArray(schema[1]);
  return typeof schema === 'object' && schema.type === 'array';
}

export function drifted({ name }: IndexDef, problem: string): TributaryError {
  return new TributaryError('TABLE_DRIFTED', `the search index ${name}: ${problem}`);
}

function changed(index: IndexDef, name: string, was: string, is: string): TributaryError {
  return drifted(
    index,
    `${name} was made with ${was} and is declared with ${is}; renew it with \`tributary indexes renew ${index.name}\`, then \`tributary rebuild-views --only search\``,
  );
}

function invalid({ name }: IndexDef, problem: string): TributaryError {
  return new TributaryError('DECLARATION_INVALID', `the search index ${name}: ${problem}`);
}
