/**
 * Rows of other jobs that folds look up. They are read together for a batch, kept for some seconds, and shared by all partitions.
 *
 * When a row changes, conclusions from the old row must be drawn again. A broadcast announces the change to every partition, and from then
 * on the partition must not use an older row. So the cache is emptied when a partition reaches a broadcast. It is also emptied when a
 * partition is claimed, since the last owner may have reached one. Rows that are being read at that moment are not kept either.
 */
import { keyFields } from '../../core/target.ts';
import type { Key } from '../../sinks/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Lookup, Row } from '../define.ts';
import { ReadCount } from './read-count.ts';

interface Kept {
  readonly row: Row | undefined;
  readonly readAt: number;
}

/** The rows of one call of `load`. */
export type FoundLookups = ReadonlyMap<string, Row | undefined>;

const MOST_KEPT = 2000;

export class LookupCache {
  readonly #tables: Tables;
  readonly #keepMs: number;
  readonly #elapsed: () => number;
  #kept = new Map<string, Kept>();

  /** `elapsed` is a monotonic clock in ms. */
  constructor(tables: Tables, keepMs: number, elapsed: () => number) {
    this.#tables = tables;
    this.#keepMs = keepMs;
    this.#elapsed = elapsed;
  }

  /**
   * The rows by `lookupId`. Reads those that are not kept, or were kept too long, with one call for each table. A missing row is undefined.
   * The caller hands in `count`, since the cache is shared.
   */
  async load(
    lookups: ReadonlyMap<string, readonly [tenant: string, Lookup]>,
    count = new ReadCount(),
  ): Promise<FoundLookups> {
    const now = this.#elapsed();
    const kept = this.#kept;
    const found = new Map<string, Row | undefined>();
    const missing = new Map<Lookup['table'], Map<string, Key>>();
    count.add(lookups.size, 0);
    for (const [id, [tenant, lookup]] of lookups) {
      const known = kept.get(id);
      if (known !== undefined && now - known.readAt < this.#keepMs) {
        found.set(id, known.row);
        continue;
      }
      const keys = missing.get(lookup.table) ?? new Map<string, Key>();
      missing.set(lookup.table, keys.set(id, keyOf(tenant, lookup)));
    }
    for (const [table, keys] of missing) {
      count.add(-keys.size, keys.size);
      const rows = await this.#tables.read(table, [...keys.values()]);
      let i = 0;
      for (const id of keys.keys()) {
        const row = rows[i++]?.data;
        found.set(id, row);
        // After `forget`, nothing reads this `kept` any more.
        kept.delete(id);
        kept.set(id, { row, readAt: now });
      }
    }
    for (const id of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(id);
    }
    return found;
  }

  /** Every later lookup is read after this call. */
  forget(): void {
    this.#kept = new Map();
  }
}

const keyOf = (tenant: string, { table, key }: Lookup): Key => [
  tenant,
  ...keyFields(table).map((name) => (key as Record<string, string>)[name] as string),
];

/** Identifies a lookup. Keys of lookups are not checked and may contain any character, so each part is prefixed with its length. */
export function lookupId(tenant: string, { table, key }: Lookup): string {
  let id = `${table.name}:${tenant.length}:${tenant}`;
  for (const name of table.key) id += part((key as Record<string, string>)[name] as string);
  for (const name of table.sort) id += part((key as Record<string, string>)[name] as string);
  return id;
}

const part = (text: string): string => `:${text.length}:${text}`;
