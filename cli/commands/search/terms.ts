/** Parses the search terms of a command line: values of fields, ranges of them, and an order. */

import { type EnumSchema, type Field, isNullable, type Schema } from '../../../core/avro.ts';
import { hint } from '../../../core/hint.ts';
import type { IndexDef } from '../../../core/target.ts';
import type { Range, SearchRequest, Sort } from '../../../sinks/search/port.ts';
import { usage } from '../../errors.ts';
import { isTime } from '../../output/listing.ts';

const OPERATORS = { '>=': 'gte', '<=': 'lte', '>': 'gt', '<': 'lt' } as const;

/** Terms such as `state=completed` and `progress>=50`; all must hold. */
export function termsOf(index: IndexDef, terms: readonly string[]): Required<Pick<SearchRequest, 'filter' | 'ranges'>> {
  const filter: Record<string, string | number | boolean> = {};
  const ranges: Record<string, Range> = {};
  for (const term of terms) {
    const [, name = '', sign = '', text = ''] = /^([^=<>]+)(>=|<=|=|>|<)([\s\S]*)$/.exec(term) ?? [];
    if (sign === '') throw usage(`--filter ${term}: give a field and a value, as in state=completed or progress>=50`);
    const value = askedValue(term, fieldNamed(index, term, name), text);
    const operator = OPERATORS[sign as keyof typeof OPERATORS];
    const isTwice = operator === undefined ? Object.hasOwn(filter, name) : ranges[name]?.[operator] !== undefined;
    if (isTwice) throw usage(`--filter ${term}: ${name} has a value for ${sign} already`);
    if (operator === undefined) filter[name] = value;
    else if (typeof value === 'boolean') throw usage(`--filter ${term}: ${name} is true or false, and has no ranges`);
    else ranges[name] = { ...ranges[name], [operator]: value };
  }
  return { filter, ranges };
}

/** `progress`, or `progress:desc`. */
export function sortOf(index: IndexDef, text: string): Sort {
  const [name = '', direction = 'asc', ...more] = text.split(':');
  if (more.length > 0 || !['asc', 'desc'].includes(direction))
    throw usage(`--sort ${text}: give a field, or a field with :desc, as in progress:desc`);
  fieldNamed(index, text, name, '--sort');
  return { field: name, descending: direction === 'desc' };
}

function fieldNamed(index: IndexDef, term: string, name: string, option = '--filter'): Field {
  const fields = index.record.fields.filter(
    (field) => !index.text.includes(field.name) && kindOf(field.type) !== undefined,
  );
  const field = fields.find((each) => each.name === name);
  if (field !== undefined) return field;
  const names = fields.map((each) => each.name);
  const doing = option === '--sort' ? 'sort' : 'filter';
  throw usage(`${option} ${term}: ${index.name} has no field ${name} to ${doing} by${hint(name, names)}`);
}

function askedValue(term: string, field: Field, text: string): string | number | boolean {
  const kind = kindOf(field.type);
  const symbols = symbolsOf(field.type);
  if (symbols !== undefined && !symbols.includes(text))
    throw usage(`--filter ${term}: ${field.name} is never ${text === '' ? 'empty' : text}${hint(text, symbols)}`);
  if (kind === 'string') return text;
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (kind === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (isTime(field)) {
    const time = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(time)) return time;
    throw usage(`--filter ${term}: ${field.name} is a time, such as 2026-03-01T04:00:00Z or 2026-03-01`);
  }
  throw usage(`--filter ${term}: ${field.name} is ${kind === 'boolean' ? 'true or false' : 'a number'}`);
}

/** The type of the field's value, or of its items; undefined if it cannot be compared. */
function kindOf(schema: Schema): 'string' | 'number' | 'boolean' | undefined {
  if (isNullable(schema)) return kindOf(schema[1]);
  if (typeof schema === 'string') {
    if (schema === 'string' || schema === 'boolean') return schema;
    return schema === 'int' || schema === 'long' || schema === 'double' ? 'number' : undefined;
  }
  if (schema.type === 'enum') return 'string';
  return schema.type === 'array' ? kindOf(schema.items) : undefined;
}

/** The values of an enum. */
function symbolsOf(schema: Schema): EnumSchema['symbols'] | undefined {
  if (isNullable(schema)) return symbolsOf(schema[1]);
  if (typeof schema === 'string') return undefined;
  if (schema.type === 'enum') return schema.symbols;
  return schema.type === 'array' ? symbolsOf(schema.items) : undefined;
}
