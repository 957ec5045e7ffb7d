/**
 * What Avro's encoding leaves open and JSON's does not: an int beyond 32 bits, a long beyond what is read as it was written, a double
 * that is no number, a number beyond the bounds of its field. Data that was read from Avro is looked through for them, so that both
 * forms are held to the same declaration.
 */
import { type Field, isNullable, type RecordSchema, type Schema } from '../../core/avro.ts';
import { INT_MAX, INT_MIN, LONG_MAX, rangeOf } from '../../core/json.ts';

/** Says where below the value a number does not fit (".views: a whole number is expected, not 4294967296"), or undefined. */
export type NumberCheck = (value: unknown) => string | undefined;

/** Undefined when the schema has no such number. */
export function numberCheck(schema: Schema): NumberCheck | undefined {
  if (schema === 'int') return checkInt;
  if (schema === 'long') return checkLong;
  if (schema === 'double') return checkDouble;
  if (typeof schema === 'string') return undefined;
  if (isNullable(schema)) {
    const inner = numberCheck(schema[1]);
    return inner && ((value) => (value === null ? undefined : inner(value)));
  }
  switch (schema.type) {
    case 'enum':
      return undefined;
    case 'record':
      return recordCheck(schema);
    case 'array': {
      const inner = numberCheck(schema.items);
      return inner && ((value) => firstProblem((value as unknown[]).entries(), inner, (index) => `[${index}]`));
    }
    case 'map': {
      const inner = numberCheck(schema.values);
      return inner && ((value) => firstProblem(Object.entries(value as object), inner, (key) => `.${key}`));
    }
  }
}

function recordCheck(schema: RecordSchema): NumberCheck | undefined {
  const fields: { readonly name: string; readonly check: NumberCheck }[] = [];
  for (const field of schema.fields) {
    const { name, type } = field;
    for (const check of [numberCheck(type), rangeCheck(field)]) if (check !== undefined) fields.push({ name, check });
  }
  if (fields.length === 0) return undefined;
  return (value) => {
    for (const { name, check } of fields) {
      const problem = check((value as Readonly<Record<string, unknown>>)[name]);
      if (problem !== undefined) return `.${name}${problem}`;
    }
    return undefined;
  };
}

function rangeCheck(field: Field): NumberCheck | undefined {
  const range = rangeOf(field);
  return (
    range &&
    ((value) => {
      const expected = range(value);
      return expected === undefined ? undefined : `: ${expected} is expected, not ${value}`;
    })
  );
}

function firstProblem<K>(
  entries: Iterable<[K, unknown]>,
  check: NumberCheck,
  step: (key: K) => string,
): string | undefined {
  for (const [key, value] of entries) {
    const problem = check(value);
    if (problem !== undefined) return `${step(key)}${problem}`;
  }
  return undefined;
}

const checkInt: NumberCheck = (value) =>
  (value as number) >= INT_MIN && (value as number) <= INT_MAX
    ? undefined
    : `: a whole number is expected, not ${value}`;

/** Of the two numbers that are read as one, nobody knows which it was. */
const checkLong: NumberCheck = (value) =>
  Math.abs(value as number) <= LONG_MAX ? undefined : `: a whole number is expected, not one near ${value}`;

const checkDouble: NumberCheck = (value) =>
  Number.isFinite(value) ? undefined : `: a number is expected, not ${value}`;
