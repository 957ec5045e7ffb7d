/**
 * Fields of the data of events, named in declarations. A declaration may name a field instead of a function that reads
 * it. Other programs can then read the same value. The function is derived from the field, so the two cannot disagree.
 */
import { type Field, present, type Schema } from '../core/avro.ts';
import type { AnyEventOf, EventDef, EventOf } from '../core/event.ts';

export type Maybe<T> = T | null | undefined;
type Event = EventOf<EventDef>;

/** The names of all fields with such values, in any of the events. */
type FieldsOf<E, V> = E extends { readonly data: infer Data }
  ? { [K in keyof Data & string]: Data[K] extends Maybe<V> ? K : never }[keyof Data & string]
  : never;

/** A value of an event: a function that reads it, or the name of a field. */
export type ValueOf<D extends EventDef, F, V> =
  | {
      readonly of: (event: AnyEventOf<D>, found: F) => Maybe<V>;
      readonly field?: undefined;
      readonly on?: undefined;
    }
  | {
      /** A field of the data. An empty text means unknown, like null. */
      readonly field: FieldsOf<AnyEventOf<D>, V>;
      /** Which of the events have it; by default all. Other events have no value. */
      readonly on?: readonly D[];
      readonly of?: undefined;
    };

/** Whether an event counts: a function, or its type and a field. */
export type ConditionOf<D extends EventDef, F> =
  | {
      /** Which events count; by default all. */
      readonly when?: (event: AnyEventOf<D>, found: F) => boolean;
      readonly field?: undefined;
      readonly on?: undefined;
    }
  | {
      /** Only events of these types; by default all. */
      readonly on?: readonly D[];
      /** Only events in which this field is true. */
      readonly field?: FieldsOf<AnyEventOf<D>, boolean>;
      readonly when?: undefined;
    };

/** The field with the time of the fact, in ms since 1970 UTC, by type of event. If it is null or not named, the time of the event. */
export type TimeFieldsOf<D extends EventDef> = { readonly [E in D as E['type']]?: FieldsOf<EventOf<E>, number> };

/** A field that the declaration named, as the runtime sees it. */
export interface NamedField {
  readonly field?: string | undefined;
  readonly on?: readonly EventDef[] | undefined;
}

/** A function that reads a field. */
export function valueReader(field: string, on: readonly EventDef[] | undefined): (event: Event) => unknown {
  const types = on && new Set(on.map(({ type }) => type));
  return ({ type, data }) => {
    const value = types === undefined || types.has(type) ? data[field] : null;
    return value === '' ? null : value;
  };
}

export function conditionReader({ field, on }: NamedField): (event: Event) => boolean {
  const types = on && new Set(on.map(({ type }) => type));
  return ({ type, data }) => (types === undefined || types.has(type)) && (field === undefined || data[field] === true);
}

export function timeReader(fields: Readonly<Record<string, string>>): (event: Event) => number {
  const byType = new Map(Object.entries(fields));
  return ({ type, time, data }) => {
    const field = byType.get(type);
    const value = field === undefined ? null : data[field];
    return typeof value === 'number' ? value : time;
  };
}

/** `number` may have fractions. */
export type FieldKind = 'text' | 'boolean' | 'long' | 'number';

const kindOf = (type: Schema): FieldKind | undefined => {
  const schema = present(type);
  if (schema === 'string' || (typeof schema === 'object' && schema.type === 'enum')) return 'text';
  if (schema === 'int' || schema === 'long') return 'long';
  if (schema === 'double') return 'number';
  return schema === 'boolean' ? 'boolean' : undefined;
};

export const fieldNamed = ({ schema }: EventDef, name: string): Field | undefined =>
  schema.fields.find((field) => field.name === name);

/** The errors in naming this field of these events. `what` is the dimension or metric. */
export function fieldProblems(what: string, field: string, wanted: FieldKind, events: readonly EventDef[]): string[] {
  return events.flatMap((def) => {
    const found = fieldNamed(def, field);
    if (found === undefined)
      return [`${what}: ${def.type} has no field ${field}: name the events that have it in \`on\``];
    const kind = kindOf(found.type);
    const fits = kind === wanted || (wanted === 'number' && kind === 'long');
    return fits ? [] : [`${what}: the field ${field} of ${def.type} is not a ${wanted}: read it by a function`];
  });
}
