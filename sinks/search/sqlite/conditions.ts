/** The conditions and the order of a search as SQL, over the table "search_<name>" as `d`. */
import type { IndexDef } from '../../../core/target.ts';
import { askedFilter, askedRanges, askedSort, OPERATORS } from '../asked.ts';
import type { SearchRequest } from '../port.ts';
import type { Column } from './columns.ts';

export type SqlValue = string | number | null;

export interface Condition {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

export function conditionOf(
  index: IndexDef,
  columns: ReadonlyMap<string, Column>,
  { tenant, filter = {}, ranges = {} }: SearchRequest,
): Condition {
  const filters = Object.entries(filter).map(([name, value]) => {
    const column = askedFilter(index, columns, name, value);
    return compared(name, column, [['=', sqlValue(value)]]);
  });
  const within = askedRanges(index, columns, ranges).map(({ name, field, bounds }) => {
    return compared(
      name,
      field,
      bounds.map(([operator, value]) => [OPERATORS[operator], value]),
    );
  });
  const all = [...filters, ...within];
  return {
    sql: ['d."_tenant" = ?', ...all.map(({ sql }) => sql)].join(' AND '),
    parameters: [tenant, ...all.flatMap(({ parameters }) => parameters)],
  };
}

function compared(name: string, { many }: Column, comparisons: readonly (readonly [string, SqlValue])[]): Condition {
  const parameters = comparisons.map(([, value]) => value);
  const stored = `d.${quoted(name)}`;
  const each = (of: string): string => comparisons.map(([operator]) => `${of} ${operator} ?`).join(' AND ');
  if (!many) return { sql: each(stored), parameters };
  return { sql: `EXISTS (SELECT 1 FROM json_each(${stored}) AS item WHERE ${each('item.value')})`, parameters };
}

/** An order in which each document has a unique position: the values that determine the order, and then the key. */
export interface Order {
  readonly sql: string;
  positionOf(document: Readonly<Record<string, unknown>>, key: readonly string[]): readonly SqlValue[];
  isPosition(position: unknown): position is readonly SqlValue[];
  /** The condition for documents after a position. */
  beyond(position: readonly SqlValue[]): Condition;
}

export function orderOf(
  index: IndexDef,
  columns: ReadonlyMap<string, Column>,
  key: readonly string[],
  sort: SearchRequest['sort'],
): Order {
  const keyOrder = key.map((name) => `d.${quoted(name)}`).join(', ');
  const isKey = (values: readonly unknown[]): boolean =>
    values.length === key.length && values.every((each) => typeof each === 'string');
  const afterKey = `(${keyOrder}) > (${key.map(() => '?').join(', ')})`;
  if (sort === undefined) {
    return {
      sql: keyOrder,
      positionOf: (_, values) => values,
      isPosition: (position): position is readonly SqlValue[] => Array.isArray(position) && isKey(position),
      beyond: (position) => ({ sql: afterKey, parameters: position }),
    };
  }
  const { name, field, descending } = askedSort(index, columns, sort);
  const stored = `d.${quoted(name)}`;
  return {
    sql: `${stored} IS NULL, ${stored}${descending ? ' DESC' : ''}, ${keyOrder}`,
    positionOf: (document, values) => [sqlValue(document[name]), ...values],
    isPosition(position): position is readonly SqlValue[] {
      if (!Array.isArray(position)) return false;
      const [value, ...values] = position;
      return (value === null || typeof value === field.kind) && isKey(values);
    },
    beyond([value = null, ...values]) {
      if (value === null) return { sql: `${stored} IS NULL AND ${afterKey}`, parameters: values };
      const operator = descending ? '<' : '>';
      return {
        sql: `(${stored} ${operator} ? OR ${stored} IS NULL OR (${stored} = ? AND ${afterKey}))`,
        parameters: [value, value, ...values],
      };
    },
  };
}

/** A number that JSON cannot represent becomes null. */
export function sqlValue(value: unknown): SqlValue {
  if (typeof value === 'string' || Number.isFinite(value)) return value as string | number;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return Array.isArray(value) ? JSON.stringify(value) : null;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
