import { Entries } from '../../../core/entries.ts';

/** A value of a row as in JSON: objects with sorted names, maps as objects, bytes as base64. Equal values have equal JSON. */
export function plain(value: unknown): unknown {
  if (value instanceof Entries) return plain(Object.fromEntries(value));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value ?? null;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, each]) => [name, plain(each)]));
}
