/** The changes of a row's views that follow from a change of the row: records to write and records to remove. Pure. */
import type { Entries } from '../../../../core/entries.ts';
import { isKeyPart } from '../../../../core/key-part.ts';
import { keyFields, type Target } from '../../../../core/target.ts';
import type { Key } from '../../../../sinks/port.ts';
import type { Row, View } from '../../../define.ts';
import { idOf } from '../rows.ts';

type Shown = Readonly<Record<string, unknown>>;

export interface ViewChanges {
  readonly puts: readonly { readonly key: Key; readonly record: Shown }[];
  readonly removals: readonly Key[];
}

export interface RowChange {
  readonly tenant: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  /** Write every record of the row as it is now, changed or not, because after a crash it is unknown which views were written. */
  readonly again: boolean;
}

/** Throws the errors of the view, and an error for a record with an invalid key. */
export function viewChanges(view: View<Row>, { tenant, before, after, again }: RowChange): ViewChanges {
  const puts: { key: Key; record: Shown }[] = [];
  const removals: Key[] = [];
  for (const name of view.each === undefined ? THE_ROW : changedEntries(view, before, after, again)) {
    const was = shown(view, before, name);
    const is = shown(view, after, name);
    if (is !== undefined && (again || was === undefined || !sameRecord(was, is))) {
      puts.push({ key: keyOf(view.into, tenant, is), record: is });
    }
    if (was !== undefined && (is === undefined || !sameKey(view.into, was, is))) {
      removals.push(keyOf(view.into, tenant, was));
    }
  }
  return puts.length + removals.length <= 1 ? { puts, removals } : onceEach(puts, removals);
}

const THE_ROW = [undefined];

/** Keeps one change for each key: the last of several records, and no removal of a key that is also written. */
function onceEach(puts: ViewChanges['puts'], removals: ViewChanges['removals']): ViewChanges {
  const written = new Map(puts.map((put) => [idOf(put.key), put]));
  const removed = new Map(removals.map((key) => [idOf(key), key]));
  for (const id of written.keys()) removed.delete(id);
  return { puts: [...written.values()], removals: [...removed.values()] };
}

function sameKey(target: Target, a: Shown, b: Shown): boolean {
  return keyFields(target).every((name) => a[name] === b[name]);
}

/** The key under which a view holds a record. */
function keyOf(target: Target, tenant: string, record: Shown): Key {
  const key = [tenant];
  for (const name of keyFields(target)) {
    const part = record[name];
    if (!isKeyPart(part)) {
      throw new Error(
        `${name} of a record of ${target.name} is part of its key, so it must be a text of 1 to 512 characters`,
      );
    }
    key.push(part);
  }
  return key;
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
    const names: string[] = [];
    is?.forEach((_, name) => {
      names.push(name);
    });
    was?.forEach((_, name) => {
      if (!is?.has(name)) names.push(name);
    });
    return names;
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
