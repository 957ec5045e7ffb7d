/**
 * Checks numbers in decoded Avro data, so that Avro and JSON data follow the same declaration. Unlike the JSON check, decoding accepts an
 * int beyond 32 bits, a long too large to be read exactly, a double that is not finite, and a number beyond the bounds of its field.
 */
import { type Field, isNullable, type RecordSchema, type Schema } from '../../core/avro.ts';
import { INT_MAX, INT_MIN, LONG_MAX, rangeOf } from '../../core/json.ts';

/** Returns where below the value a number does not fit (".views: a whole number is expected, not 4294967296"), or undefined. */
export type NumberCheck = (value: unknown) => string | undefined;

/** Undefined if the schema has no number to check. */
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

/** The message names no exact number, because beyond the limit two different numbers are read as one. */
const checkLong: NumberCheck = (value) =>
  Math.abs(value as number) <= LONG_MAX ? undefined : `: a whole number is expected, not one near ${value}`;

const checkDouble: NumberCheck = (value) =>
  Number.isFinite(value) ? undefined : `: a number is expected, not ${value}`;
