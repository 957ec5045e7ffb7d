/** The entries of the map fields of a row or record: which of them a write changes, and how large they are. */
import { Entries } from '../../../core/entries.ts';
import type { Growing, Growth } from '../growth.ts';
import type { Codec, SqlValue } from './columns.ts';
import type { TableRequest } from './request.ts';

type Data = Readonly<Record<string, unknown>> | undefined;

export interface EntryWrites {
  /** Whether `values` has all entries, and entries that were stored before are removed. */
  readonly isAll: boolean;
  /** Field, entry and value of each written entry, one after the other. */
  readonly values: readonly SqlValue[];
  readonly removed: readonly (readonly [field: string, entry: string])[];
}

const NONE: EntryWrites = { isAll: true, values: [], removed: [] };

export function entryWrites({ entries }: TableRequest, data: Data, whole: boolean): EntryWrites {
  if (entries === undefined || data === undefined) return NONE;
  const values: SqlValue[] = [];
  const removed: [string, string][] = [];
  for (const [field, codec] of entries.codecs) {
    const value = data[field];
    for (const [entry, each] of value instanceof Entries && !whole ? value.changes() : all(value)) {
      if (each === undefined) removed.push([field, entry]);
      else values.push(field, entry, codec.encode(each));
    }
  }
  return { isAll: whole, values, removed };
}

/** Why this write of the row must be refused: see `Growth`. */
export function outgrown(
  { entries }: TableRequest,
  growth: Growth,
  { data, parameters, writes }: { data: Data; parameters: readonly SqlValue[]; writes: EntryWrites },
): string | undefined {
  const { isAll, values } = writes;
  if (entries === undefined || data === undefined) return undefined;
  const rest = bytesOf(parameters);
  const maps = Array.from(entries.codecs, ([field, codec]): Growing => {
    const value = data[field];
    return { value, added: () => addedTo(field, values), measure: () => bytesOfAll(value, codec) };
  });
  return growth.refusal(maps, rest + bytesOf(values), () => rest, isAll);
}

function all(value: unknown): Iterable<readonly [string, unknown]> {
  return value instanceof Entries ? value : Object.entries(value ?? {});
}

function addedTo(field: string, values: readonly SqlValue[]): number {
  let bytes = 0;
  for (let i = 0; i < values.length; i += 3) if (values[i] === field) bytes += bytesOf(values.slice(i + 1, i + 3));
  return bytes;
}

function bytesOfAll(value: unknown, codec: Codec): number {
  let bytes = 0;
  for (const [entry, each] of all(value)) bytes += bytesOf([entry, codec.encode(each)]);
  return bytes;
}

/** The approximate size, assuming mostly ASCII text. */
function bytesOf(values: readonly SqlValue[]): number {
  let bytes = 0;
  for (const value of values) bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
  return bytes;
}
