/** Converts Trino's types and values to those of the port. */
import type { AnswerType, Value } from '../port.ts';
import { refusedType, refusedValue } from '../refused.ts';

type Scalar = Exclude<AnswerType, `list<${string}` | `map<${string}`>;
/** Converts a JSON value that is not null. The key of a map is a text. */
type Convert = (value: unknown, column: string) => Value;
interface Known<T extends AnswerType = AnswerType> {
  readonly type: T;
  readonly convert: Convert;
}

const long: Known<Scalar> = { type: 'long', convert: (value) => BigInt(value as number | bigint | string) };
// Values that JSON has no number for are texts.
const double: Known<Scalar> = { type: 'double', convert: Number };
const text = (type: Scalar): Known<Scalar> => ({ type, convert: String });

const SCALARS: Readonly<Record<string, Known<Scalar>>> = {
  tinyint: long,
  smallint: long,
  integer: long,
  bigint: long,
  unknown: long,
  real: double,
  double,
  decimal: text('decimal'),
  varchar: text('string'),
  char: text('string'),
  boolean: { type: 'boolean', convert: (value) => value === true || value === 'true' },
  date: text('date'),
  timestamp: { type: 'local timestamp', convert: (value, column) => localOf(String(value), column) },
  'timestamp with time zone': { type: 'timestamp', convert: (value, column) => momentOf(String(value), column) },
};

/** The type without lengths and digits in parentheses. */
const scalarOf = (type: string): Known<Scalar> | undefined => {
  const name = type.replace(/\([\d,\s]*\)/, '').trim();
  return Object.hasOwn(SCALARS, name) ? SCALARS[name] : undefined;
};

/** The type of a column, and its conversion. Throws QUERY_INVALID for an unsupported type. */
export function knownOf(column: string, type: string): { type: AnswerType; convert: (value: unknown) => Value } {
  const found = knownType(type);
  if (found === undefined) throw refusedType(column, type);
  return { type: found.type, convert: (value) => orNull(found.convert, value, column) };
}

const orNull = (convert: Convert, value: unknown, column: string): Value =>
  value === null || value === undefined ? null : convert(value, column);

function knownType(type: string): Known | undefined {
  const [, kind, inner = ''] = /^(array|map)\((.*)\)$/.exec(type) ?? [];
  if (kind === undefined) return scalarOf(type);
  const [first, second] = partsOf(inner).map(scalarOf);
  if (first === undefined) return undefined;
  if (kind === 'array') {
    const convert: Convert = (items, column) =>
      (items as readonly unknown[]).map((each) => orNull(first.convert, each, column));
    return { type: `list<${first.type}>`, convert };
  }
  if (second === undefined) return undefined;
  const convert: Convert = (entries, column) => {
    const all = Object.entries(entries as Readonly<Record<string, unknown>>);
    return new Map(all.map(([key, value]) => [first.convert(key, column), orNull(second.convert, value, column)]));
  };
  return { type: `map<${first.type},${second.type}>`, convert };
}

/** Splits at commas outside of parentheses. */
function partsOf(list: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const character of list) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts.push((parts.pop() as string) + character);
  }
  return parts.map((part) => part.trim());
}

const LOCAL = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?$/;

/** Rounded down to ms. */
function localOf(text: string, column: string): string {
  const [, date, time, fraction = ''] = LOCAL.exec(text) ?? [];
  if (date === undefined) throw refusedValue(column, `the time ${text}`);
  return `${date}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}`;
}

/** A zone whose clocks are set back has ambiguous local times, so only fixed offsets are accepted. */
function momentOf(text: string, column: string): number {
  const [, local = '', zone = ''] = /^(.*) (\S+)$/.exec(text) ?? [];
  const offset = zone === 'UTC' ? 'Z' : zone;
  if (!/^(?:Z|[+-]\d\d:\d\d)$/.test(offset)) {
    throw refusedValue(
      column,
      `times of the zone ${zone}, of which some occur twice: cast them to timestamps or dates`,
    );
  }
  return Date.parse(localOf(local, column) + offset);
}
