/** Whether two values of a row have equal contents, in any order of fields. `Entries` are equal only to themselves. */
import { Entries } from '../core/entries.ts';

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!hasFields(a) || !hasFields(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
  );
}

/** Decoded records have classes that the decoder makes, so only `Entries` can be recognised by class. */
function hasFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Entries);
}
