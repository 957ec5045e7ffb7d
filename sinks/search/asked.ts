/** Checks the filters, ranges and order of a search. All stores refuse a wrong request with the same message. */
import { TributaryError } from '../../core/errors.ts';
import type { IndexDef } from '../../core/target.ts';
import type { Range, SearchRequest } from './port.ts';

/** A field that is matched exactly. */
export interface Asked {
  readonly kind: 'string' | 'number' | 'boolean';
  /** Whether the field is an array, which matches when any of its items does. */
  readonly many: boolean;
}

type Fields<F extends Asked> = ReadonlyMap<string, F>;

export const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
type Operator = keyof typeof OPERATORS;

export interface AskedRange<F extends Asked> {
  readonly name: string;
  readonly field: F;
  /** At least one. */
  readonly bounds: readonly (readonly [operator: Operator, value: string | number])[];
}

export function askedFilter<F extends Asked>(
  index: IndexDef,
  fields: Fields<F>,
  name: string,
  value: string | number | boolean,
): F {
  const field = known(index, fields, name, 'filter');
  checkKind(index, name, field, value);
  return field;
}

export function askedRanges<F extends Asked>(
  index: IndexDef,
  fields: Fields<F>,
  ranges: Readonly<Record<string, Range>>,
): AskedRange<F>[] {
  return Object.entries(ranges).map(([name, range]) => {
    const field = known(index, fields, name, 'filter');
    const bounds = Object.entries(range) as [Operator, string | number][];
    if (field.kind === 'boolean')
      throw usage(`the field ${name} of the search index ${index.name} is true or false, and has no ranges`);
    if (bounds.length === 0) throw usage(`the range of ${name} has no bound; give one, or leave it out`);
    for (const [operator, value] of bounds) {
      if (!Object.hasOwn(OPERATORS, operator))
        throw usage(`the range of ${name} has "${operator}"; bounds are ${Object.keys(OPERATORS).join(', ')}`);
      checkKind(index, name, field, value);
      if (typeof value === 'number' && !Number.isFinite(value))
        throw usage(`the range of ${name} has the bound ${value}; give a finite number`);
    }
    return { name, field, bounds };
  });
}

export function askedSort<F extends Asked>(
  index: IndexDef,
  fields: Fields<F>,
  sort: SearchRequest['sort'] & {},
): { readonly name: string; readonly field: F; readonly descending: boolean } {
  const field = known(index, fields, sort.field, 'sort');
  if (field.many || field.kind === 'boolean')
    throw usage(
      `the search index ${index.name} cannot be sorted by ${sort.field}; only by fields that have one text or number`,
    );
  return { name: sort.field, field, descending: sort.descending === true };
}

function known<F extends Asked>({ name: index }: IndexDef, fields: Fields<F>, name: string, doing: string): F {
  const field = fields.get(name);
  if (field !== undefined) return field;
  const there = [...fields.keys()].join(', ');
  throw usage(`the search index ${index} has no field "${name}" to ${doing} by; it has ${there}`);
}

function checkKind({ name: index }: IndexDef, name: string, { kind }: Asked, value: unknown): void {
  if (typeof value === kind) return;
  throw usage(`the field ${name} of the search index ${index} is filtered by a ${kind}, not by a ${typeof value}`);
}

export function usage(message: string): TributaryError {
  return new TributaryError('USAGE', message);
}
