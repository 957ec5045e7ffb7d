/** The order of a search, and the position at the end of a page: the values that determine the order, and then the key. */
import type { IndexDef } from '../../../core/target.ts';
import { askedSort } from '../asked.ts';
import type { SearchRequest } from '../port.ts';
import type { Filterable } from './mapping.ts';

type Position = readonly (string | number | null)[];

export interface Order {
  /** Elasticsearch's `sort`. No two documents of a tenant are equal in it. */
  readonly sort: readonly Readonly<Record<string, unknown>>[];
  positionOf(document: Readonly<Record<string, unknown>>): Position;
  isPosition(position: unknown): position is Position;
  /** Elasticsearch's `search_after`. */
  after(position: Position): Position;
}

export function orderOf(
  index: IndexDef,
  fields: ReadonlyMap<string, Filterable>,
  key: readonly string[],
  sort: SearchRequest['sort'],
): Order {
  const keyOrder = key.map((name) => ({ [name]: 'asc' }));
  const keyOf = (document: Readonly<Record<string, unknown>>): string[] => key.map((name) => document[name] as string);
  const isKey = (values: readonly unknown[]): boolean =>
    values.length === key.length && values.every((each) => typeof each === 'string');
  if (sort === undefined) {
    return {
      sort: keyOrder,
      positionOf: keyOf,
      isPosition: (position): position is Position => Array.isArray(position) && isKey(position),
      after: (position) => position,
    };
  }
  const { name, field, descending } = askedSort(index, fields, sort);
  const none = noneOf(field, descending);
  return {
    sort: [{ [name]: { order: descending ? 'desc' : 'asc', missing: none ?? '_last' } }, ...keyOrder],
    positionOf: (document) => [(document[name] ?? null) as string | number | null, ...keyOf(document)],
    isPosition(position): position is Position {
      if (!Array.isArray(position)) return false;
      const [value, ...values] = position;
      return (value === null || typeof value === field.kind) && isKey(values);
    },
    after: ([value = null, ...values]) => [value ?? none, ...values],
  };
}

/**
 * The value that replaces a missing number and comes last. Elasticsearch's own default, the largest long, is not exact
 * in JavaScript. For a missing text, Elasticsearch allows no such value.
 */
function noneOf({ kind, isWhole }: Filterable, descending: boolean): number | null {
  if (kind === 'string') return null;
  const last = isWhole ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;
  return descending ? -last : last;
}
