/**
 * Rows of other jobs that folds look up: read together for a batch, kept for some seconds, shared by all partitions.
 *
 * A conclusion that was drawn from an old row must be drawn again when the row changes. A broadcast says so to every partition;
 * from then on nothing older may be used there. So whoever meets a broadcast, or takes over a partition whose broadcast somebody
 * else has met, forgets everything that is kept; and what was being read at that moment is not kept either.
 */
import { keyFields } from '../../core/target.ts';
import type { Key } from '../../sinks/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Lookup, Row } from '../define.ts';

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

  /** `elapsed` is the time in ms since some moment, which no setting of a clock moves. */
  constructor(tables: Tables, keepMs: number, elapsed: () => number) {
    this.#tables = tables;
    this.#keepMs = keepMs;
    this.#elapsed = elapsed;
  }

  /** The rows by `lookupId`; those not kept, or kept too long, are read, one call a table. A row that is not there is undefined. */
  async load(lookups: ReadonlyMap<string, readonly [tenant: string, Lookup]>): Promise<FoundLookups> {
    const now = this.#elapsed();
    const kept = this.#kept;
    const found = new Map<string, Row | undefined>();
    const missing = new Map<Lookup['table'], Map<string, Key>>();
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
      const rows = await this.#tables.read(table, [...keys.values()]);
      let i = 0;
      for (const id of keys.keys()) {
        const row = rows[i++]?.data;
        found.set(id, row);
        // After `forget` this is a map that nobody reads any more.
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

  /** From here on every lookup is read after this call. */
  forget(): void {
    this.#kept = new Map();
  }
}

const keyOf = (tenant: string, { table, key }: Lookup): Key => [
  tenant,
  ...keyFields(table).map((name) => (key as Record<string, string>)[name] as string),
];

/** Names a lookup among all. Nobody has looked at what a job asks for, which may hold any character: so each part says its length. */
export function lookupId(tenant: string, { table, key }: Lookup): string {
  let id = `${table.name}:${tenant.length}:${tenant}`;
  for (const name of table.key) id += part((key as Record<string, string>)[name] as string);
  for (const name of table.sort) id += part((key as Record<string, string>)[name] as string);
  return id;
}

const part = (text: string): string => `:${text.length}:${text}`;
