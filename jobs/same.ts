/** Whether two values of a row are equal in all they hold, whatever the order of their fields. `Entries` equal themselves alone. */
import { Entries } from '../core/entries.ts';

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!hasFields(a) || !hasFields(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
  );
}

/** Decoded records are of classes that the decoder makes, so that only `Entries` tell themselves apart. */
function hasFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Entries);
}
