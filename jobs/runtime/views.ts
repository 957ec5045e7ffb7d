/** What follows for the views of a row when the row changes: records to be written and records to be removed. Pure. */
import type { Entries } from '../../schemas/entries.ts';
import { isKeyPart } from '../../schemas/key-part.ts';
import { keyFields, type Target } from '../../schemas/target.ts';
import type { Key } from '../../sinks/port.ts';
import type { Row, View } from '../define.ts';

type Shown = Readonly<Record<string, unknown>>;

export interface ViewChanges {
  readonly puts: readonly { readonly key: Key; readonly record: Shown }[];
  readonly removals: readonly Key[];
}

/**
 * `again` writes every record of the row as it is now, changed or not: after a crash nobody knows which views were
 * written, so that all of them are. Throws what the view throws, and for a record whose key is none.
 */
export function viewChanges(
  view: View<Row>,
  tenant: string,
  before: Row | undefined,
  after: Row | undefined,
  again: boolean,
): ViewChanges {
  const puts = new Map<string, { key: Key; record: Shown }>();
  const removals = new Map<string, Key>();
  for (const name of view.each === undefined ? [undefined] : changedEntries(view, before, after, again)) {
    const was = shown(view, before, name);
    const is = shown(view, after, name);
    if (was === undefined && is === undefined) continue;
    const wasKey = was && keyOf(view.into, tenant, was);
    const isKey = is && keyOf(view.into, tenant, is);
    if (is !== undefined && isKey !== undefined && (again || was === undefined || !sameRecord(was, is))) {
      puts.set(isKey.join('\0'), { key: isKey, record: is });
    }
    if (wasKey !== undefined && wasKey.join('\0') !== isKey?.join('\0')) removals.set(wasKey.join('\0'), wasKey);
  }
  for (const id of puts.keys()) removals.delete(id);
  return { puts: [...puts.values()], removals: [...removals.values()] };
}

/** The key under which a view holds a record. */
function keyOf(target: Target, tenant: string, record: Shown): Key {
  return [
    tenant,
    ...keyFields(target).map((name) => {
      const part = record[name];
      if (isKeyPart(part)) return part;
      throw new Error(
        `${name} of a record of ${target.name} is part of its key, so it must be a text of 1 to 512 characters`,
      );
    }),
  ];
}

function shown(view: View<Row>, row: Row | undefined, name: string | undefined): Shown | undefined {
  if (row === undefined) return undefined;
  if (name === undefined) return view.record(row, undefined as never, '');
  const entry = entriesOf(view, row)?.get(name);
  if (entry === undefined) return undefined;
  const fields: Record<string, unknown> = {};
  for (const field of view.using) fields[field] = row[field];
  return view.record(fields, entry as never, name);
}

function changedEntries(
  view: View<Row>,
  before: Row | undefined,
  after: Row | undefined,
  again: boolean,
): Iterable<string> {
  const was = entriesOf(view, before);
  const is = entriesOf(view, after);
  if (
    is === undefined ||
    was === undefined ||
    !is.isVersionOf(was) ||
    before === undefined ||
    after === undefined ||
    again ||
    view.using.some((field) => before[field] !== after[field])
  ) {
    return new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])]);
  }
  return is.changes().keys();
}

function entriesOf(view: View<Row>, row: Row | undefined): Entries<unknown> | undefined {
  return row?.[view.each as string] as Entries<unknown> | undefined;
}

function sameRecord(a: Shown, b: Shown): boolean {
  for (const name in b) {
    const x = a[name];
    const y = b[name];
    if (x === y) continue;
    if (typeof x !== 'object' || typeof y !== 'object' || JSON.stringify(x) !== JSON.stringify(y)) return false;
  }
  return true;
}
