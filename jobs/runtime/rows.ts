/**
 * The rows of one partition, kept in memory while this worker owns it. That is safe because nobody else may write them: a
 * newer owner would have fenced us, and an older one is refused. A new claim begins with nothing kept.
 */
import { keyFields, type TableDef } from '../../schemas/target.ts';
import type { Key, Version } from '../../sinks/port.ts';
import type { StoredRow, Tables } from '../../sinks/tables/port.ts';
import type { Row } from '../define.ts';
import type { Elsewhere } from './elsewhere.ts';
import { formatOutbox, type HasLeft, isOfOthers, type OutboxEntry, parseOutbox, pending } from './outbox.ts';
import { type Packing, packingOf } from './packed.ts';
import { type At, formatAt, NOWHERE, parseAt } from './position.ts';
import { Outranked } from './refused.ts';
import type { Clock } from './stores.ts';

export interface LiveRow {
  readonly id: string;
  readonly key: Key;
  data: Row | undefined;
  at: At;
  outbox: OutboxEntry[];
  timers: Readonly<Record<string, number>>;
  /** As the store holds it; undefined if it holds none. */
  stored: Version | undefined;
  revision: number;
}

/** Whose rows they are. */
export interface RowsOwner {
  readonly token: number;
  readonly partition: number;
  /** As `shortId` makes it. */
  readonly topicId: string;
  readonly elsewhere: Elsewhere;
  /** Whether it stops at a row with a larger token. */
  readonly stopAbove: boolean;
}

/** Of the rows that are kept, those that are not packed. */
const READY_SHARE = 0.1;

/** No part of a key holds the character in between (`schemas/key-part.ts`). */
export const idOf = (key: Key): string => key.join('\0');

export class PartitionRows {
  readonly #table: TableDef;
  readonly #tables: Tables;
  readonly #most: number;
  readonly #rows = new Map<string, LiveRow>();
  /** What was not used lately; empty for what the store does not have. */
  readonly #packed = new Map<string, string>();
  readonly #packing: Packing;
  #owner: RowsOwner | undefined;

  constructor(table: TableDef, tables: Tables, most: number) {
    this.#table = table;
    this.#tables = tables;
    this.#most = most;
    this.#packing = packingOf(table);
  }

  /** From here on rows are read and written on behalf of a claim. */
  begin(owner: RowsOwner): void {
    this.#owner = owner;
  }

  get owner(): RowsOwner {
    return this.#owner as RowsOwner;
  }

  /** Makes the rows ready for `get`. One call of the store, whatever the number of keys. Throws `Outranked`. */
  async load(keys: ReadonlyMap<string, Key>, hasLeft: HasLeft): Promise<void> {
    const missing: Key[] = [];
    for (const [id, key] of keys) {
      if (this.#rows.has(id)) continue;
      const packed = this.#packed.get(id);
      if (packed === undefined) missing.push(key);
      else this.#keep(key, packed === '' ? undefined : this.#packing.unpack(key, packed), hasLeft);
    }
    if (missing.length === 0) return;
    const rows = await this.#tables.read(this.#table, missing);
    await this.#lookElsewhere(rows);
    missing.forEach((key, i) => {
      this.#keep(key, rows[i], hasLeft);
    });
  }

  /** The keys of all rows under a prefix: those of the store, and those of this batch that the store does not hold yet. */
  async under(prefix: Key, hasLeft: HasLeft): Promise<Key[]> {
    const stored = await this.#tables.under(this.#table, prefix);
    await this.#lookElsewhere(stored);
    for (const row of stored) if (!this.#rows.has(idOf(row.key))) this.#keep(row.key, row, hasLeft);
    return stored.map((row) => row.key);
  }

  async #lookElsewhere(rows: readonly (StoredRow | undefined)[]): Promise<void> {
    const { topicId, partition, elsewhere } = this.owner;
    if (rows.some((row) => row !== undefined && isOfOthers(row.outbox, topicId, partition))) await elsewhere.look();
  }

  #keep(key: Key, row: StoredRow | undefined, hasLeft: HasLeft): void {
    const id = idOf(key);
    const { token, topicId, stopAbove } = this.owner;
    if (stopAbove && row !== undefined && row.version.token > token) {
      throw new Outranked(`${key.join('/')} of ${this.#table.name}`, row.version.token, token);
    }
    this.#packed.delete(id);
    this.#rows.set(
      id,
      row === undefined
        ? { id, key, data: undefined, at: NOWHERE, outbox: [], timers: {}, stored: undefined, revision: 0 }
        : {
            id,
            key,
            data: row.data,
            at: parseAt(row.at, topicId),
            outbox: [...parseOutbox(row.outbox, topicId, key[0] as string, hasLeft)],
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
    this.#packed.clear();
  }

  /** Packs the rows that were used longest ago, and forgets those beyond the most to be kept. Called between batches. */
  async trim(used: Iterable<string>, hasLeft: HasLeft, breathe: Clock['breathe']): Promise<void> {
    const ready = Math.ceil(this.#most * READY_SHARE);
    if (this.#rows.size <= ready) return;
    for (const id of used) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      this.#rows.delete(id);
      this.#rows.set(id, row);
    }
    let going = this.#rows.size - ready;
    for (const row of this.#rows.values()) {
      if (going <= 0) break;
      await breathe();
      this.#rows.delete(row.id);
      // Packing takes time, too: what would be forgotten at once is not.
      if (going <= this.#most - ready) this.#pack(row, hasLeft);
      going -= 1;
    }
    for (const id of this.#packed.keys()) {
      if (this.#rows.size + this.#packed.size <= this.#most) return;
      this.#packed.delete(id);
    }
  }

  /** Between batches a row is as the store has it, but for what has left since. */
  #pack({ id, key, stored, at, outbox, timers, data }: LiveRow, hasLeft: HasLeft): void {
    const text =
      stored === undefined
        ? ''
        : this.#packing.pack({
            key,
            version: stored,
            at: formatAt(at, this.owner.topicId),
            outbox: formatOutbox(pending(outbox, hasLeft), this.owner.topicId),
            timers,
            data,
          });
    if (text !== undefined) this.#packed.set(id, text);
  }
}

/** The key of a row as its fold names it. */
export function namedKey(table: TableDef, key: Key): Readonly<Record<string, string>> {
  const named: Record<string, string> = {};
  let i = 1;
  for (const name of keyFields(table)) named[name] = key[i++] as string;
  return named;
}
