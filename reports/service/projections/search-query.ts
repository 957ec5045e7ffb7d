/** The query parameters of a search: `words`, `filter.state=completed`, `filter.progress.gte=50`, `sort=-progress`. */
import { z } from 'zod';
import { type EnumSchema, type Field, present, type Schema } from '../../../core/avro.ts';
import type { IndexDef } from '../../../core/target.ts';
import type { Range, SearchRequest } from '../../../sinks/search/port.ts';
import { pageQuery } from '../shapes.ts';

type Asked = Readonly<Record<string, unknown>>;
type Value = string | number | boolean;

const BOUNDS = { gt: 'more than', gte: 'at least', lt: 'less than', lte: 'at most' } as const;
type Bound = keyof typeof BOUNDS;
const LONGEST_WORDS = 500;
const LONGEST_VALUE = 512;

export function searchQuery(index: IndexDef): z.ZodObject {
  const fields = filterable(index);
  const sorts = fields.filter(isSortable).flatMap(({ name }) => [name, `-${name}`]);
  return z.object({
    words: z
      .string()
      .max(LONGEST_WORDS)
      .default('')
      .describe(`Words that ${index.text.join(', ')} must have; a last one with * is a beginning.`),
    ...Object.fromEntries(fields.flatMap(parametersOf)),
    ...(sorts.length > 0 && {
      sort: z
        .enum(sorts)
        .optional()
        .describe(
          'The field to sort by. With a minus, the largest value comes first. Without it, the best match comes first.',
        ),
    }),
    ...pageQuery,
  });
}

function parametersOf(field: Field): [string, z.ZodType][] {
  const { name, doc } = field;
  const kind = kindOf(field.type);
  const one = valueShape(field.type).optional();
  const equal: [string, z.ZodType] = [`filter.${name}`, one.describe(doc)];
  if (kind === 'boolean' || symbolsOf(field.type) !== undefined) return [equal];
  const ranges = Object.entries(BOUNDS).map(([bound, words]): [string, z.ZodType] => [
    `filter.${name}.${bound}`,
    one.describe(`${name}: ${words} this.`),
  ]);
  return [equal, ...ranges];
}

function valueShape(schema: Schema): z.ZodType {
  const symbols = symbolsOf(schema);
  if (symbols !== undefined) return z.enum([...symbols]);
  switch (kindOf(schema)) {
    case 'number':
      return z.coerce.number();
    case 'boolean':
      return z.enum(['true', 'false']);
    default:
      return z.string().max(LONGEST_VALUE);
  }
}

interface Terms extends Required<Pick<SearchRequest, 'words' | 'filter' | 'ranges'>>, Pick<SearchRequest, 'sort'> {
  /** The personal fields that the query uses. */
  readonly personal: readonly string[];
}

/** The terms of a query that `searchQuery` has checked. */
export function termsIn(index: IndexDef, query: Asked): Terms {
  const filter: Record<string, Value> = {};
  const ranges: Record<string, Range> = {};
  const asked = new Set<string>();
  for (const field of filterable(index)) {
    const { name } = field;
    const equal = query[`filter.${name}`] as Value | undefined;
    if (equal !== undefined) filter[name] = kindOf(field.type) === 'boolean' ? equal === 'true' : equal;
    const bounds = (Object.keys(BOUNDS) as Bound[]).flatMap((bound) => {
      const value = query[`filter.${name}.${bound}`] as string | number | undefined;
      return value === undefined ? [] : [[bound, value] as const];
    });
    if (bounds.length > 0) ranges[name] = Object.fromEntries(bounds);
    if (equal !== undefined || bounds.length > 0) asked.add(name);
  }
  const { words = '', sort: order } = query as { readonly words?: string; readonly sort?: string };
  const sort = order === undefined ? undefined : { field: order.replace(/^-/, ''), descending: order.startsWith('-') };
  if (sort !== undefined) asked.add(sort.field);
  if (words.trim() !== '') for (const name of index.text) asked.add(name);
  const isPersonal = (name: string) => index.record.fields.some((each) => each.name === name && each.personal === true);
  return { words, filter, ranges, sort, personal: [...asked].filter(isPersonal) };
}

const filterable = ({ record, text }: IndexDef): readonly Field[] =>
  record.fields.filter(({ name, type }) => !text.includes(name) && kindOf(type) !== undefined);

/** Whether it is a single text or number. */
function isSortable({ type }: Field): boolean {
  const bare = present(type);
  const isList = typeof bare === 'object' && bare.type === 'array';
  return !isList && kindOf(type) !== 'boolean';
}

/** The type of a field's values, or of its items; undefined if they cannot be compared. */
function kindOf(schema: Schema): 'string' | 'number' | 'boolean' | undefined {
  const bare = present(schema);
  if (typeof bare === 'string') {
    if (bare === 'string' || bare === 'boolean') return bare;
    return ['int', 'long', 'double'].includes(bare) ? 'number' : undefined;
  }
  if (bare.type === 'enum') return 'string';
  return bare.type === 'array' ? kindOf(bare.items) : undefined;
}

/** The symbols of an enum. */
function symbolsOf(schema: Schema): EnumSchema['symbols'] | undefined {
  const bare = present(schema);
  if (typeof bare === 'string') return undefined;
  if (bare.type === 'enum') return bare.symbols;
  return bare.type === 'array' ? symbolsOf(bare.items) : undefined;
}
