/** Whether two values of a row have equal contents, whatever the order of fields. `Entries` are equal only to themselves. */
import { Entries } from '../core/entries.ts';

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!hasFields(a) || !hasFields(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
  );
}

/** The decoder makes a class for each record schema, so only `Entries` can be recognised by class. */
function hasFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Entries);
}
