/**
 * Declarations of what jobs write: their own rows, and views of those rows in tables with another key, in search indexes and in caches.
 * All of these are records with a key, so they are declared in the same way.
 *
 * Readers address a record by tenant and key. The runtime puts the tenant of the event into every stored key, so that no job can mix two
 * tenants.
 */
import type { Field, Infer, MapSchema, RecordSchema } from './avro.ts';
import type { Entries } from './entries.ts';
import { TributaryError } from './errors.ts';
import { once } from './once.ts';

interface TargetDef<S extends RecordSchema, K extends string> {
  readonly name: string;
  readonly doc: string;
  /** The fields that place a record: records with equal values are stored together and can be read as one list. */
  readonly key: readonly K[];
  /** The fields that order the records of one key and make each of them unique. */
  readonly sort: readonly K[];
  readonly record: S;
}

/** A table of rows: either the rows of one job, or a view with another key. */
export interface TableDef<S extends RecordSchema = RecordSchema, K extends string = string> extends TargetDef<S, K> {
  readonly kind: 'table';
  /** Fields other than the key by which the owning job finds rows of its own partition. */
  readonly indexed: readonly string[];
  /** The generation of a job's rows. A declaration has none: it stands for the current generation. */
  readonly generation?: number;
}

/** Documents of a search index. The fields named in `text` are full text; all others are matched exactly. */
export interface IndexDef<S extends RecordSchema = RecordSchema, K extends string = string> extends TargetDef<S, K> {
  readonly kind: 'index';
  readonly text: readonly string[];
}

/** Small records that are read only by key, many times a second: `key` names an entry, `sort` a field of it. */
export interface CacheDef<S extends RecordSchema = RecordSchema, K extends string = string> extends TargetDef<S, K> {
  readonly kind: 'cache';
  /** Whether each change is published to the subscribers of the entry. */
  readonly live: boolean;
}

export type Target<S extends RecordSchema = RecordSchema> = TableDef<S> | IndexDef<S> | CacheDef<S>;

/** A row as a fold sees it: its map fields are `Entries`. */
export type RowOf<T> = T extends { readonly record: infer S extends RecordSchema }
  ? { readonly [F in S['fields'][number] as F['name']]: FieldOf<F> }
  : never;
type FieldOf<F extends Field> = F['type'] extends infer M extends MapSchema
  ? Entries<Infer<M['values']>>
  : Infer<F['type']>;

/** A record of a view: its map fields, if any, are plain objects. */
export type RecordOf<T> = T extends { readonly record: infer S } ? Infer<S> : never;

/** The key of a row or record: a value for each field of the key. */
export type KeyOf<T> = T extends { readonly key: readonly (infer K extends string)[] }
  ? { readonly [name in K]: string }
  : never;

type Names<S extends RecordSchema> = S['fields'][number]['name'];

interface Declared<S extends RecordSchema, K extends Names<S>> {
  name: string;
  doc: string;
  key: readonly K[];
  sort?: readonly K[];
  record: S;
}

export function defineTable<const S extends RecordSchema, const K extends Names<S>>(
  table: Declared<S, K> & { indexed?: readonly Names<S>[] },
): TableDef<S, K> {
  return { kind: 'table', indexed: [], sort: [], ...checked(table) };
}

export function defineIndex<const S extends RecordSchema, const K extends Names<S>>(
  index: Declared<S, K> & { text: readonly Names<S>[] },
): IndexDef<S, K> {
  return { kind: 'index', sort: [], ...checked(index) };
}

export function defineCache<const S extends RecordSchema, const K extends Names<S>>(
  cache: Declared<S, K> & { live?: boolean },
): CacheDef<S, K> {
  return { kind: 'cache', live: false, sort: [], ...checked(cache) };
}

/** The names of the fields of a stored key, in order, without the tenant that precedes them. */
export const keyFields: (target: Target) => readonly string[] = once((target) => [...target.key, ...target.sort]);

/** The top-level map fields, which are stored entry by entry. */
export const mapFields: (record: RecordSchema) => readonly (Field & { type: MapSchema })[] = once((record) =>
  record.fields.filter((field): field is Field & { type: MapSchema } => {
    return typeof field.type === 'object' && 'type' in field.type && field.type.type === 'map';
  }),
);

function checked<D extends Declared<RecordSchema, string>>(target: D): D {
  for (const name of [...target.key, ...(target.sort ?? [])]) {
    const field = target.record.fields.find((each) => each.name === name);
    if (field?.type !== 'string') {
      throw new TributaryError(
        'DECLARATION_INVALID',
        `${target.name}: the key field ${name} is not a string field of its record; add it or leave it out of the key`,
      );
    }
  }
  return target;
}
