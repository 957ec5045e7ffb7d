/**
 * The rows of one partition, kept in memory while this worker owns it. That is safe because nobody else may write them: a
 * newer owner would have fenced us, and an older one is refused. A new claim begins with nothing kept.
 */
import { keyFields, type TableDef } from '../../schemas/target.ts';
import type { Key, Version } from '../../sinks/port.ts';
import type { StoredRow, Tables } from '../../sinks/tables/port.ts';
import type { Row } from '../define.ts';
import { EMPTY, type HasLeft, type OutboxEntry, parseOutbox } from './outbox.ts';
import { type At, NOWHERE, parseAt } from './position.ts';

export interface LiveRow {
  readonly id: string;
  readonly key: Key;
  data: Row | undefined;
  at: At;
  outbox: readonly OutboxEntry[];
  timers: Readonly<Record<string, number>>;
  /** As the store holds it; undefined if it holds none. */
  stored: Version | undefined;
  revision: number;
}

export const idOf = (key: Key): string => key.join('\0');

export class PartitionRows {
  readonly #table: TableDef;
  readonly #tables: Tables;
  readonly #most: number;
  readonly #rows = new Map<string, LiveRow>();

  constructor(table: TableDef, tables: Tables, most: number) {
    this.#table = table;
    this.#tables = tables;
    this.#most = most;
  }

  /** Makes the rows ready for `get`. One call of the store, whatever the number of keys. */
  async load(keys: ReadonlyMap<string, Key>, hasLeft: HasLeft): Promise<void> {
    const missing: Key[] = [];
    for (const [id, key] of keys) if (!this.#rows.has(id)) missing.push(key);
    if (missing.length === 0) return;
    const rows = await this.#tables.read(this.#table, missing);
    missing.forEach((key, i) => {
      this.#keep(key, rows[i], hasLeft);
    });
  }

  /** The keys of all rows under a prefix: those of the store, and those of this batch that the store does not hold yet. */
  async under(prefix: Key, hasLeft: HasLeft): Promise<Key[]> {
    const stored = await this.#tables.under(this.#table, prefix);
    for (const row of stored) if (!this.#rows.has(idOf(row.key))) this.#keep(row.key, row, hasLeft);
    return stored.map((row) => row.key);
  }

  #keep(key: Key, row: StoredRow | undefined, hasLeft: HasLeft): void {
    const id = idOf(key);
    this.#rows.set(
      id,
      row === undefined
        ? { id, key, data: undefined, at: NOWHERE, outbox: EMPTY, timers: {}, stored: undefined, revision: 0 }
        : {
            id,
            key,
            data: row.data,
            at: parseAt(row.at),
            outbox: parseOutbox(row.outbox, key[0] as string, hasLeft),
            timers: row.timers,
            stored: row.version,
            revision: row.version.revision,
          },
    );
  }

  get(id: string): LiveRow {
    return this.#rows.get(id) as LiveRow;
  }

  /** Rows of this memory that match, for keys that the store cannot know yet. */
  *matching(test: (row: LiveRow) => boolean): Iterable<LiveRow> {
    for (const row of this.#rows.values()) if (test(row)) yield row;
  }

  /** Forgets everything: what is true is in the store. */
  clear(): void {
    this.#rows.clear();
  }

  /** Forgets the rows that were loaded longest ago, beyond the most to be kept. Called between batches. */
  trim(used: Iterable<string>): void {
    if (this.#rows.size <= this.#most) return;
    for (const id of used) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      this.#rows.delete(id);
      this.#rows.set(id, row);
    }
    for (const id of this.#rows.keys()) {
      if (this.#rows.size <= this.#most) return;
      this.#rows.delete(id);
    }
  }
}

/** The key of a row as its fold names it. */
export function namedKey(table: TableDef, key: Key): Readonly<Record<string, string>> {
  const named: Record<string, string> = {};
  let i = 1;
  for (const name of keyFields(table)) named[name] = key[i++] as string;
  return named;
}
