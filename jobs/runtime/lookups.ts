/** Rows of other jobs that folds look up: read together for a batch, kept for some seconds, shared by all partitions. */
import { keyFields } from '../../schemas/target.ts';
import type { Key } from '../../sinks/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Lookup, Row } from '../define.ts';

interface Kept {
  readonly row: Row | undefined;
  readonly readAt: number;
}

const MOST_KEPT = 2000;

export class LookupCache {
  readonly #tables: Tables;
  readonly #keepMs: number;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(tables: Tables, keepMs: number, now: () => number) {
    this.#tables = tables;
    this.#keepMs = keepMs;
    this.#now = now;
  }

  /** Makes every one of them ready for `get`: those not kept, kept too long, or asked for fresh are read, a table at a time. */
  async load(tenant: string, lookups: Iterable<Lookup>): Promise<void> {
    const now = this.#now();
    const missing = new Map<Lookup['table'], Map<string, Key>>();
    for (const lookup of lookups) {
      const id = idOf(tenant, lookup);
      const kept = this.#kept.get(id);
      if (kept !== undefined && !lookup.fresh && now - kept.readAt < this.#keepMs) continue;
      const keys = missing.get(lookup.table) ?? new Map<string, Key>();
      missing.set(lookup.table, keys.set(id, keyOf(tenant, lookup)));
    }
    for (const [table, keys] of missing) {
      const rows = await this.#tables.read(table, [...keys.values()]);
      let i = 0;
      for (const id of keys.keys()) {
        this.#kept.delete(id);
        this.#kept.set(id, { row: rows[i++]?.data, readAt: now });
      }
    }
  }

  get(tenant: string, lookup: Lookup): Row | undefined {
    return this.#kept.get(idOf(tenant, lookup))?.row;
  }

  /** Lets go of the oldest: called between batches, so that nothing loaded for a batch goes missing in it. */
  trim(): void {
    for (const id of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) return;
      this.#kept.delete(id);
    }
  }
}

const keyOf = (tenant: string, { table, key }: Lookup): Key => [
  tenant,
  ...keyFields(table).map((name) => (key as Record<string, string>)[name] as string),
];

function idOf(tenant: string, lookup: Lookup): string {
  let id = `${lookup.table.name}\0${tenant}`;
  for (const name of lookup.table.key) id += `\0${(lookup.key as Record<string, string>)[name]}`;
  for (const name of lookup.table.sort) id += `\0${(lookup.key as Record<string, string>)[name]}`;
  return id;
}
