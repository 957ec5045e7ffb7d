/**
 * Checks plain JSON against an Avro schema, so that JSON events and binary events follow the same declaration. Avro's own JSON
 * encoding wraps unions in an object, which is tedious to write by hand. Here a nullable field is `null` or the value, and a field
 * with a default may be left out.
 *
 * Fields that the schema does not have are ignored, as in Avro's schema resolution, because a producer may be newer than its readers.
 */
import { type Field, type Infer, isNullable, type Primitive, type RecordSchema, type Schema } from './avro.ts';

/** A value that was left out because it does not fit the schema: its path, such as "data.addresses[1]", and the problem. */
export interface Unfit {
  readonly path: string;
  readonly problem: string;
}

/** The top-level field of the data that is, or contains, the value. */
export const fieldOf = ({ path }: Unfit): string | undefined => /^data\.(\w+)/.exec(path)?.[1];

/** The value and what was left out of it, or the path and reason of a misfit, such as "data.batch: a string is missing". */
export type Checked<T> = { ok: true; value: T; unfit?: readonly Unfit[] } | { ok: false; problem: string };

export const INT_MIN = -(2 ** 31);
export const INT_MAX = 2 ** 31 - 1;
/** The largest `long` that is accepted; the smallest is its negative. Our Avro decoder misreads smaller numbers as positive ones. */
export const LONG_MAX = 2 ** 52 - 1;

/** A function that returns what was expected of a number out of bounds, or undefined. Undefined if the field has no bounds. */
export function rangeOf({ minimum, maximum, unit }: Field): ((value: unknown) => string | undefined) | undefined {
  if (minimum === undefined && maximum === undefined) return undefined;
  const [least, most] = [minimum ?? Number.NEGATIVE_INFINITY, maximum ?? Number.POSITIVE_INFINITY];
  const bounds = [
    minimum === undefined ? '' : ` of at least ${minimum}`,
    maximum === undefined ? '' : ` of at most ${maximum}`,
  ];
  const expected = `a number${bounds.filter((bound) => bound !== '').join(' and')}${unit === undefined ? '' : ` (${unit})`}`;
  return (value) =>
    value === null || ((value as number) >= least && (value as number) <= most) ? undefined : expected;
}

class Misfit extends Error {
  /** The message without the value. */
  readonly discreet: string;

  constructor(message: string, discreet = message) {
    super(message);
    this.discreet = discreet;
  }
}

/** What may be left out if it does not fit: nothing, parts of lenient fields, or anything with a default and any item of a list. */
type Leniency = 'nothing' | 'marked' | 'anything';
/** Returns the checked value, and adds what it leaves out to `left`. */
type Check = (value: unknown, path: string, left: Unfit[]) => unknown;

/** A list may have any number of items that do not fit. Only the first ones are reported. */
const MOST_ITEMS = 20;

/** Compiles the schema once; the returned function is called for each record. Without `lenient`, every value has to fit. */
export function compileJson<const S extends Schema>(
  schema: S,
  { lenient = false } = {},
): (value: unknown, path: string) => Checked<Infer<S>> {
  const check = compile(schema, lenient ? 'marked' : 'nothing');
  return (value, path) => {
    const left: Unfit[] = [];
    try {
      const checked = check(value, path, left) as Infer<S>;
      return left.length === 0 ? { ok: true, value: checked } : { ok: true, value: checked, unfit: left };
    } catch (error) {
      if (error instanceof Misfit) return { ok: false, problem: error.message };
      throw error;
    }
  };
}

function compile(schema: Schema, leniency: Leniency): Check {
  if (isNullable(schema)) {
    const inner = compile(schema[1], leniency);
    return (value, path, left) => (value === null ? null : inner(value, path, left));
  }
  if (typeof schema === 'string') return leniency === 'anything' && schema === 'string' ? text : PRIMITIVES[schema];
  switch (schema.type) {
    case 'enum': {
      const symbols = new Set<unknown>(schema.symbols);
      const expected = `one of ${schema.symbols.join(', ')}`;
      return (value, path) => (symbols.has(value) ? value : misfit(path, expected, value));
    }
    case 'array': {
      const item = compile(schema.items, leniency);
      const items = leniency === 'anything' ? thoseThatFit(item) : all(item);
      return (value, path, left) => (Array.isArray(value) ? items(value, path, left) : misfit(path, 'an array', value));
    }
    case 'map': {
      const entry = compile(schema.values, leniency);
      return (value, path, left) => {
        if (!isObject(value)) return misfit(path, 'an object', value);
        return Object.fromEntries(
          Object.entries(value).map(([key, each]) => {
            if (!key.isWellFormed()) return misfit(path, 'a key of well-formed text', key);
            return [key, entry(each, `${path}.${short(key)}`, left)];
          }),
        );
      };
    }
    case 'record':
      return compileRecord(schema, leniency);
  }
}

type CheckItems = (items: readonly unknown[], path: string, left: Unfit[]) => unknown[];

const all =
  (item: Check): CheckItems =>
  (items, path, left) =>
    items.map((each, index) => item(each, `${path}[${index}]`, left));

const thoseThatFit =
  (item: Check): CheckItems =>
  (items, path, left) =>
    items.flatMap((each, index) => {
      const one = tried(item, each, `${path}[${index}]`, left);
      if ('fits' in one) return [one.fits];
      if (left.length < MOST_ITEMS) left.push(one);
      return [];
    });

const orDefault =
  (check: Check, byDefault: () => unknown): Check =>
  (value, path, left) => {
    const one = tried(check, value, path, left);
    if ('fits' in one) return one.fits;
    left.push(one);
    return byDefault();
  };

/** If the whole value does not fit, what was left out of its parts is not reported as well. */
function tried(check: Check, value: unknown, path: string, left: Unfit[]): { readonly fits: unknown } | Unfit {
  const before = left.length;
  try {
    return { fits: check(value, path, left) };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    left.length = before;
    return { path, problem: error.message };
  }
}

function compileRecord(schema: RecordSchema, leniency: Leniency): Check {
  const fields = schema.fields.map((field) => {
    const inner = leniency === 'marked' && field.lenient ? 'anything' : leniency;
    const ranged = withRange(compile(field.type, inner), rangeOf(field));
    const check = field.personal === true ? discreetly(ranged) : ranged;
    const optional = 'default' in field;
    const byDefault = defaultOf(field.default);
    return {
      name: field.name,
      check: inner === 'anything' && optional ? orDefault(check, byDefault) : check,
      expected: describe(field.type),
      optional,
      default: byDefault,
    };
  });
  return (value, path, left) => {
    if (value === undefined) throw new Misfit(`${path}: an object is missing`);
    if (!isObject(value)) return misfit(path, 'an object', value);
    const result: Record<string, unknown> = {};
    for (const field of fields) {
      const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
      if (given !== undefined) result[field.name] = field.check(given, `${path}.${field.name}`, left);
      else if (field.optional) result[field.name] = field.default();
      else throw new Misfit(`${path}.${field.name}: ${field.expected} is missing`);
    }
    return result;
  };
}

/** Hides the value in the message, which appears in logs and dead letters: these must not hold personal data. */
const discreetly =
  (check: Check): Check =>
  (value, path, left) => {
    try {
      return check(value, path, left);
    } catch (error) {
      throw error instanceof Misfit ? new Misfit(error.discreet) : error;
    }
  };

function withRange(check: Check, range: ReturnType<typeof rangeOf>): Check {
  if (range === undefined) return check;
  return (value, path, left) => {
    const checked = check(value, path, left);
    const expected = range(checked);
    return expected === undefined ? checked : misfit(path, expected, value);
  };
}

/** Each event gets its own copy of a default, so that no two events share an array. */
function defaultOf(value: unknown): () => unknown {
  return typeof value === 'object' && value !== null ? () => structuredClone(value) : () => value;
}

const isWholeWithin = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

const PRIMITIVES: Record<Primitive, Check> = {
  null: (value, path) => (value === null ? null : misfit(path, 'null', value)),
  boolean: (value, path) => (typeof value === 'boolean' ? value : misfit(path, 'true or false', value)),
  int: (value, path) => (isWholeWithin(value, INT_MIN, INT_MAX) ? value : misfit(path, 'a whole number', value)),
  long: (value, path) => (isWholeWithin(value, -LONG_MAX, LONG_MAX) ? value : misfit(path, 'a whole number', value)),
  double: (value, path) => (Number.isFinite(value) ? value : misfit(path, 'a number', value)),
  string: (value, path) =>
    typeof value === 'string' && value.isWellFormed() ? value : misfit(path, 'a string', value),
  bytes: (value, path) => {
    if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
      return misfit(path, 'base64 text', value);
    }
    return Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  },
};

/** A lenient text field accepts a number, and takes its decimal text. */
const text: Check = (value, path, left) =>
  PRIMITIVES.string(Number.isFinite(value) ? String(value) : value, path, left);

function describe(schema: Schema): string {
  if (isNullable(schema)) return describe(schema[1]);
  if (typeof schema !== 'string')
    return { array: 'an array', map: 'an object', record: 'an object', enum: 'a value' }[schema.type];
  const words: Record<string, string> = {
    int: 'a whole number',
    long: 'a whole number',
    double: 'a number',
    bytes: 'base64 text',
  };
  return words[schema] ?? `a ${schema}`;
}

function misfit(path: string, expected: string, value: unknown): never {
  const wanted = `${path}: ${expected} is expected`;
  const message = `${wanted}, not ${show(value)}`;
  // For null, an object or an array, `show` reveals nothing of the contents.
  throw new Misfit(message, typeof value === 'object' ? message : wanted);
}

/** The first characters of the value, because a message must not contain a whole record. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN)) : String(value);
  return short(text);
}

const SHOWN = 40;

function short(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN).toWellFormed()}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
