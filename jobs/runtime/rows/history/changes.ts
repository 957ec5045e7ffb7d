/** The differences between two states of one row, field by field, and entry by entry in map fields. */
import { Entries } from '../../../../core/entries.ts';
import { keyFields, type TableDef } from '../../../../core/target.ts';
import type { Row } from '../../../define.ts';
import { plain } from '../plain.ts';

/** The part of a row that its events determine. */
export interface RowState {
  readonly data: Row | undefined;
  /** The pending timers, with the times at which they are due, in ms since 1970 UTC. */
  readonly timers: Readonly<Record<string, number>>;
}

export const NO_ROW: RowState = { data: undefined, timers: {} };

export interface Change {
  /** `timers` for the pending timers. */
  readonly field: string;
  /** The key of the entry, for a map field and for `timers`. */
  readonly entry?: string;
  /** As in JSON; null where there is no value. */
  readonly before: unknown;
  readonly after: unknown;
}

const TIMERS = 'timers';

/** Leaves out the fields of the key, which never change. */
export function changesBetween(table: TableDef, before: RowState, after: RowState): Change[] {
  const keys = new Set(keyFields(table));
  const changes: Change[] = [];
  for (const { name } of table.record.fields) {
    if (keys.has(name)) continue;
    const [was, is] = [before.data?.[name], after.data?.[name]];
    if (was === is) continue;
    if (was instanceof Entries || is instanceof Entries) {
      changes.push(...inMap(name, entriesOf(was), entriesOf(is)));
    } else {
      const change = { field: name, before: plain(was), after: plain(is) };
      if (!isSame(change)) changes.push(change);
    }
  }
  return [...changes, ...inMap(TIMERS, new Map(Object.entries(before.timers)), new Map(Object.entries(after.timers)))];
}

type Values = Iterable<readonly [string, unknown]> & { get(key: string): unknown; has(key: string): boolean };

const entriesOf = (value: unknown): Values => (value instanceof Entries ? value : new Map<string, unknown>());

function inMap(field: string, before: Values, after: Values): Change[] {
  const changes: Change[] = [];
  for (const [entry, value] of after) {
    const change = { field, entry, before: plain(before.get(entry)), after: plain(value) };
    if (!isSame(change)) changes.push(change);
  }
  for (const [entry, value] of before) {
    if (!after.has(entry)) changes.push({ field, entry, before: plain(value), after: null });
  }
  return changes;
}

const isSame = ({ before, after }: Change): boolean => JSON.stringify(before) === JSON.stringify(after);
