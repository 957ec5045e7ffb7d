/**
 * The days of each relation that a query needs, if its text is plain: `where date >= '2026-11-01' and …`, directly over the relation. Other
 * forms are not recognised, and then all days are read. The engine still filters, so an extra day only costs time.
 */
import { isDay } from '../../segments/columns.ts';
import type { Relation } from '../port.ts';

/** Both ends are included; a missing one means no limit. */
export interface Days {
  readonly first?: string | undefined;
  readonly last?: string | undefined;
}
const ALL: Days = {};

type Tree = { readonly [key: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Functions that read a table whose name is a text, or that run a text. */
const HIDING = new Set(['query', 'query_table']);

/** Whether every relation that is read appears as a table in the tree. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (!isTree(value)) return true;
  if (HIDING.has(String(value['function_name']).toLowerCase())) return false;
  return Object.values(value).every(isPlain);
}

/**
 * The days needed of each relation that is read. `tree` is the result of DuckDB's `json_serialize_sql`, which does not
 * accept every text.
 */
export function daysOf(tree: unknown, relations: readonly Relation[]): ReadonlyMap<Relation, Days> {
  if (!isTree(tree) || tree['error'] !== false || !isPlain(tree)) {
    return new Map(relations.map((relation) => [relation, ALL]));
  }
  const found = new Map<Relation, Days>();
  const add = (relation: Relation, days: Days): void => {
    const before = found.get(relation);
    found.set(relation, before === undefined ? days : eitherOf(before, days));
  };
  const relationOf = (table: Tree): Relation | undefined => {
    const name = String(table['table_name']).toLowerCase();
    return table['type'] === 'BASE_TABLE'
      ? relations.find((each) => each.name === name || each.stored === name)
      : undefined;
  };
  const visit = (value: unknown): void => {
    for (const each of Array.isArray(value) ? value : []) visit(each);
    if (!isTree(value)) return;
    const table = value['type'] === 'SELECT_NODE' ? value['from_table'] : undefined;
    // If the columns are renamed, it is unknown which one is meant.
    const isRenamed = isTree(table) && (table['column_name_alias'] as readonly unknown[])?.length > 0;
    const direct = isTree(table) && !isRenamed ? relationOf(table) : undefined;
    if (isTree(table) && direct !== undefined) {
      add(direct, daysWhere(value['where_clause'], direct.layout.partition, nameOf(table)));
      for (const [key, part] of Object.entries(value)) if (key !== 'from_table') visit(part);
      return;
    }
    const relation = relationOf(value);
    if (relation !== undefined) add(relation, ALL);
    for (const each of Object.values(value)) visit(each);
  };
  visit(tree);
  return found;
}

const nameOf = ({ alias, table_name: name }: Tree): string => String(alias || name).toLowerCase();

/** Days that are in one or the other, and all days between. */
const eitherOf = (a: Days, b: Days): Days => ({
  first: a.first === undefined || b.first === undefined ? undefined : [a.first, b.first].sort()[0],
  last: a.last === undefined || b.last === undefined ? undefined : [a.last, b.last].sort()[1],
});

const bothOf = (a: Days, b: Days): Days => ({
  first: [a.first, b.first]
    .filter((each) => each !== undefined)
    .sort()
    .at(-1),
  last: [a.last, b.last].filter((each) => each !== undefined).sort()[0],
});

function daysWhere(where: unknown, column: string, table: string): Days {
  if (!isTree(where)) return ALL;
  const isColumn = (side: unknown): boolean => {
    if (!isTree(side) || side['class'] !== 'COLUMN_REF') return false;
    const names = (side['column_names'] as readonly string[]).map((each) => each.toLowerCase());
    return names.at(-1) === column && (names.length === 1 || (names.length === 2 && names[0] === table));
  };
  const { type } = where;
  if (type === 'CONJUNCTION_AND') {
    const parts = (where['children'] as readonly unknown[]).map((each) => daysWhere(each, column, table));
    return parts.reduce(bothOf, ALL);
  }
  if (type === 'COMPARE_BETWEEN' && isColumn(where['input'])) {
    return { first: constantOf(where['lower']), last: constantOf(where['upper']) };
  }
  if (type === 'COMPARE_IN') {
    const [input, ...items] = where['children'] as readonly unknown[];
    const days = items.map(constantOf);
    if (!isColumn(input) || days.some((each) => each === undefined)) return ALL;
    const sorted = days.toSorted();
    return { first: sorted[0], last: sorted.at(-1) };
  }
  if (isColumn(where['left'])) return compared(type, constantOf(where['right']));
  if (isColumn(where['right'])) return compared(SWAPPED[String(type)] ?? type, constantOf(where['left']));
  return ALL;
}

const SWAPPED: Readonly<Record<string, string>> = {
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHAN',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHANOREQUALTO',
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHAN',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHANOREQUALTO',
};

/** The compared day is included even if the comparison excludes it. */
function compared(type: unknown, day: string | undefined): Days {
  switch (type) {
    case 'COMPARE_EQUAL':
      return { first: day, last: day };
    case 'COMPARE_GREATERTHAN':
    case 'COMPARE_GREATERTHANOREQUALTO':
      return { first: day };
    case 'COMPARE_LESSTHAN':
    case 'COMPARE_LESSTHANOREQUALTO':
      return { last: day };
    default:
      return ALL;
  }
}

/** A literal day, possibly as `date '…'` or in a cast to a date. */
function constantOf(value: unknown): string | undefined {
  if (!isTree(value)) return undefined;
  if (value['class'] === 'CAST') {
    const to = value['cast_type'];
    return isTree(to) && to['id'] === 'DATE' ? constantOf(value['child']) : undefined;
  }
  const constant = value['class'] === 'CONSTANT' ? value['value'] : undefined;
  return isTree(constant) && isDay(constant['value']) ? constant['value'] : undefined;
}

export const isWithin = (day: string, { first, last }: Days): boolean =>
  (first === undefined || day >= first) && (last === undefined || day <= last);
