/**
 * The rows of one partition, kept in memory while this process owns it. That is safe because no other process may write them: a newer owner
 * would have fenced this one, and writes of an older one are refused. A new claim begins with nothing in memory.
 */
import { keyFields, type TableDef } from '../../../core/target.ts';
import type { Key, Version } from '../../../sinks/port.ts';
import type { StoredRow, Tables } from '../../../sinks/tables/port.ts';
import type { Row } from '../../define.ts';
import { ReadCount } from '../read-count.ts';
import type { Keeper, RowBudget } from '../row-budget.ts';
import type { Clock } from '../stores.ts';
import type { OtherPartitions } from './other-partitions.ts';
import { formatOutbox, type HasLeft, isOfOthers, type OutboxEntry, parseOutbox, pending } from './outbox.ts';
import { type Packing, packingOf } from './packed.ts';
import { type At, formatAt, NOWHERE, parseAt, tracesIn } from './position.ts';
import { Outranked } from './refused.ts';
import { bytesOf, charactersOf, ENTRY_BYTES, readyBytesOf } from './row-size.ts';

export interface LiveRow {
  readonly id: string;
  readonly key: Key;
  data: Row | undefined;
  at: At;
  outbox: OutboxEntry[];
  timers: Readonly<Record<string, number>>;
  /** The traces, as `traceparent`, of the events that set these timers, by timer name; undefined if none belonged to a trace. */
  traces: Readonly<Record<string, string>> | undefined;
  /** The version that the store holds; undefined if it holds none. */
  stored: Version | undefined;
  revision: number;
}

/** The owner for which rows are read and written. */
export interface RowsOwner {
  readonly token: number;
  readonly partition: number;
  /** As made by `shortId`. */
  readonly topicId: string;
  readonly otherPartitions: OtherPartitions;
  /** Whether the owner ends its claim at a row with a larger token. */
  readonly stopAbove: boolean;
}

interface Ready {
  readonly row: LiveRow;
  /** When the row was last used, and how many bytes it takes. Both are 0 until the end of the batch. */
  usedAt: number;
  bytes: number;
}
interface Packed {
  /** Empty if the store does not have the row. */
  readonly text: string;
  readonly usedAt: number;
  readonly bytes: number;
}

/** The fraction of the memory for rows that unpacked rows may take. */
const READY_SHARE = 0.25;

/** The separator occurs in no part of a key (`core/key-part.ts`). */
export const idOf = (key: Key): string => key.join('\0');

export class PartitionRows implements Keeper {
  /** Reads of rows that were loaded by their keys. */
  readonly reads = new ReadCount();
  readonly #table: TableDef;
  readonly #tables: Tables;
  readonly #budget: RowBudget;
  /** Unpacked rows, the most recently used last. */
  readonly #rows = new Map<string, Ready>();
  /** Packed rows, the least recently used first. */
  readonly #packed = new Map<string, Packed>();
  readonly #packing: Packing;
  #owner: RowsOwner | undefined;
  /** The rows that the current batch has loaded; all other rows are as the store has them. Undefined between batches. */
  #ofBatch: Set<string> | undefined;

  constructor(table: TableDef, tables: Tables, budget: RowBudget) {
    this.#table = table;
    this.#tables = tables;
    this.#budget = budget;
    this.#packing = packingOf(table);
  }

  /** From here on rows are read and written for this claim. */
  begin(owner: RowsOwner): void {
    this.#owner = owner;
    this.#budget.join(this);
  }

  get owner(): RowsOwner {
    return this.#owner as RowsOwner;
  }

  /** Makes the rows ready for `get`, with one call of the store for all keys. Throws `Outranked`. */
  async load(keys: ReadonlyMap<string, Key>, hasLeft: HasLeft): Promise<void> {
    const missing: Key[] = [];
    this.#ofBatch ??= new Set();
    for (const [id, key] of keys) {
      this.#ofBatch.add(id);
      if (this.#rows.has(id)) continue;
      const text = this.#packed.get(id)?.text;
      if (text === undefined) missing.push(key);
      else this.#keep(key, text === '' ? undefined : this.#packing.unpack(key, text), hasLeft);
    }
    this.reads.add(keys.size - missing.length, missing.length);
    if (missing.length === 0) return;
    const rows = await this.#tables.read(this.#table, missing);
    await this.#lookAtOthers(rows);
    missing.forEach((key, i) => {
      this.#keep(key, rows[i], hasLeft);
    });
  }

  /** The keys of all rows under a prefix: those in the store, and those of this batch that the store does not have yet. */
  async under(prefix: Key, hasLeft: HasLeft): Promise<Key[]> {
    this.#ofBatch ??= new Set();
    const stored = await this.#tables.under(this.#table, prefix);
    await this.#lookAtOthers(stored);
    for (const row of stored) {
      const id = idOf(row.key);
      this.#ofBatch.add(id);
      if (!this.#rows.has(id)) this.#keep(row.key, row, hasLeft);
    }
    return stored.map((row) => row.key);
  }

  async #lookAtOthers(rows: readonly (StoredRow | undefined)[]): Promise<void> {
    const { topicId, partition, otherPartitions } = this.owner;
    if (rows.some((row) => row !== undefined && isOfOthers(row.outbox, topicId, partition)))
      await otherPartitions.look();
  }

  #keep(key: Key, row: StoredRow | undefined, hasLeft: HasLeft): void {
    const id = idOf(key);
    const { token, topicId, stopAbove } = this.owner;
    if (stopAbove && row !== undefined && row.version.token > token) {
      throw new Outranked(this.#table.name, row.version.token, token);
    }
    const live =
      row === undefined
        ? {
            id,
            key,
            data: undefined,
            at: NOWHERE,
            outbox: [],
            timers: {},
            traces: undefined,
            stored: undefined,
            revision: 0,
          }
        : {
            id,
            key,
            data: row.data,
            at: parseAt(row.at, topicId),
            outbox: [...parseOutbox(row.outbox, topicId, key[0] as string, hasLeft)],
            timers: row.timers,
            traces: tracesIn(row.at),
            stored: row.version,
            revision: row.version.revision,
          };
    this.#unpack(id);
    this.#rows.set(id, { row: live, usedAt: 0, bytes: 0 });
  }

  get(id: string): LiveRow {
    return (this.#rows.get(id) as Ready).row;
  }

  /** The ids of the unpacked rows in memory, the most recently used last. */
  get ready(): string[] {
    return [...this.#rows.keys()];
  }

  /** Rows of the current batch that match. The store does not know yet what the batch has changed in them. */
  *matching(test: (row: LiveRow) => boolean): Iterable<LiveRow> {
    for (const id of this.#ofBatch ?? []) {
      const row = this.#rows.get(id)?.row;
      if (row !== undefined && test(row)) yield row;
    }
  }

  /** Forgets everything. The rows are in the store. */
  clear(): void {
    for (const { bytes } of this.#rows.values()) this.#budget.count(-bytes);
    for (const { bytes } of this.#packed.values()) this.#budget.count(-bytes);
    this.#rows.clear();
    this.#packed.clear();
    this.#ofBatch = undefined;
    this.#budget.leave(this);
  }

  /**
   * Called after a batch. Within the share of this partition, the most recently used rows stay ready and others are packed; the rest is
   * dropped. A row that would be dropped at once is not packed first, because packing takes time. Then, if the rows of the whole process
   * take too much memory, the partition with the oldest rows drops some.
   */
  async trim(used: Iterable<string>, hasLeft: HasLeft, yieldToLoop: Clock['yieldToLoop']): Promise<void> {
    const budget = this.#budget;
    budget.join(this);
    const now = budget.tick();
    for (const id of used) {
      const one = this.#rows.get(id);
      if (one === undefined) continue;
      one.usedAt = 0;
      this.#rows.delete(id);
      this.#rows.set(id, one);
    }
    const { share } = budget;
    const latest = [...this.#rows.values()].reverse();
    let free = share * READY_SHARE;
    let kept = 0;
    for (; kept < latest.length; kept++) {
      const pause = yieldToLoop();
      if (pause !== undefined) await pause;
      const one = latest[kept] as Ready;
      if (one.usedAt === 0) this.#recount(one, now);
      // A single large row stays, too, unless it takes more than half of the memory for all rows.
      if (one.bytes > free && (kept > 0 || one.bytes > budget.bytes / 2)) break;
      free -= one.bytes;
    }
    const going = latest.slice(kept);
    const packed = this.#fitting(going, Math.max(0, free) + share * (1 - READY_SHARE), now);
    for (const one of going) {
      this.#rows.delete(one.row.id);
      budget.count(-one.bytes);
    }
    for (const one of packed.reverse()) {
      const pause = yieldToLoop();
      if (pause !== undefined) await pause;
      this.#pack(one, hasLeft);
    }
    this.#ofBatch = undefined;
    budget.settle();
  }

  /** The rows that fit into `bytes` once they are packed, the latest first. A row that can never fit displaces no other. */
  #fitting(rows: readonly Ready[], bytes: number, now: number): Ready[] {
    let free = bytes;
    const fitting: Ready[] = [];
    for (const one of rows) {
      const packed = ENTRY_BYTES + charactersOf(one.row);
      if (packed > bytes) continue;
      if (packed > free) break;
      if (one.usedAt === 0) one.usedAt = now;
      free -= packed;
      fitting.push(one);
    }
    return fitting;
  }

  #recount(one: Ready, now: number): void {
    const bytes = readyBytesOf(one.row);
    this.#budget.count(bytes - one.bytes);
    one.bytes = bytes;
    one.usedAt = now;
  }

  oldest(): number | undefined {
    const [packed] = this.#packed.values();
    if (packed !== undefined) return packed.usedAt;
    if (this.#ofBatch !== undefined) return undefined;
    const [ready] = this.#rows.values();
    return ready?.usedAt;
  }

  giveUp(bytes: number): void {
    const time = this.oldest();
    let free = 0;
    for (const [id, { usedAt, bytes: its }] of this.#packed) {
      if (free >= bytes || usedAt !== time) return;
      this.#unpack(id);
      free += its;
    }
    if (this.#ofBatch !== undefined) return;
    for (const [id, { usedAt, bytes: its }] of this.#rows) {
      if (free >= bytes || usedAt !== time) return;
      this.#rows.delete(id);
      this.#budget.count(-its);
      free += its;
    }
  }

  /** Between batches a row is as the store has it, without the outbox entries that have since left. */
  #pack({ row: { id, key, stored, at, traces, outbox, timers, data }, usedAt }: Ready, hasLeft: HasLeft): void {
    const text =
      stored === undefined
        ? ''
        : this.#packing.pack({
            key,
            version: stored,
            at: formatAt(at, this.owner.topicId, traces),
            outbox: formatOutbox(pending(outbox, hasLeft), this.owner.topicId),
            timers,
            data,
          });
    if (text === undefined) return;
    const bytes = ENTRY_BYTES + bytesOf(text);
    this.#packed.set(id, { text, usedAt, bytes });
    this.#budget.count(bytes);
  }

  #unpack(id: string): void {
    const packed = this.#packed.get(id);
    if (packed === undefined) return;
    this.#packed.delete(id);
    this.#budget.count(-packed.bytes);
  }
}

/** The key of a row with the field names that its fold uses. */
export function namedKey(table: TableDef, key: Key): Readonly<Record<string, string>> {
  const named: Record<string, string> = {};
  let i = 1;
  for (const name of keyFields(table)) named[name] = key[i++] as string;
  return named;
}
