/** An invariant of every dump, whatever lookups returned and when: each view shows exactly what the rows imply. */
import assert from 'node:assert/strict';
import { Entries } from '../../core/entries.ts';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { keyFields, mapFields, type TableDef, type Target } from '../../core/target.ts';
import type { Job, Row } from '../../jobs/define.ts';
import { viewChanges } from '../../jobs/runtime/rows/views/make.ts';
import { type Dump, plain } from '../../testing/dump.ts';

type Shown = Readonly<Record<string, unknown>>;

export function assertViewsShowRows(dump: Dump, jobs: readonly Job[]): void {
  const expected = new Map<Target, Shown[]>();
  for (const { row: table, views } of jobs) {
    for (const view of views) {
      const records = expected.get(view.into) ?? [];
      expected.set(view.into, records);
      for (const stored of (dump.tables[table.name] ?? []) as Shown[]) {
        const { puts } = viewChanges(view, {
          tenant: DEFAULT_TENANT,
          before: undefined,
          after: rowOf(table, stored),
          again: true,
        });
        records.push(...puts.map(({ record }) => record));
      }
    }
  }
  for (const [target, records] of expected) {
    const shown = { table: dump.tables, index: dump.indexes, cache: dump.caches }[target.kind][target.name] ?? [];
    assert.deepEqual(
      byKey(target, shown as Shown[]),
      byKey(target, plain(records.map((record) => declared(target, record)))),
      `what ${target.name} shows`,
    );
  }
}

/** The part of a record that a store takes: a view may return fields that are not declared. */
function declared({ record: { fields } }: Target, record: Shown): Shown {
  return Object.fromEntries(fields.flatMap(({ name }) => (name in record ? [[name, record[name]]] : [])));
}

/** A stored row as a fold sees it, with its map fields as entries. */
function rowOf({ record }: TableDef, stored: Shown): Row {
  const maps = mapFields(record).map(({ name }) => [name, Entries.of(Object.entries(stored[name] as object))]);
  return { ...stored, ...Object.fromEntries(maps) };
}

function byKey(target: Target, records: readonly Shown[]): Record<string, Shown> {
  const keyed = records.map(
    (record) =>
      [
        keyFields(target)
          .map((name) => record[name])
          .join('\0'),
        record,
      ] as const,
  );
  assert.equal(new Set(keyed.map(([key]) => key)).size, keyed.length, `${target.name} has a record twice`);
  return Object.fromEntries(keyed);
}
