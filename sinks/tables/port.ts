/**
 * The tables port: the rows that jobs own, the claims on partitions, which generation of a job's rows is current, and views that are
 * tables.
 *
 * What every implementation keeps, and `test/contracts/tables.ts` checks on each:
 *
 * - One row is written in one step: its fields, its map entries, its position, its outbox and its timers are all
 *   of one version, whatever crashes.
 * - An older version never replaces a newer one (see `Version`); the result says `stale`. An equal version is accepted.
 *   An implementation that cannot tell (Cassandra) may answer `written` for a write that lost.
 * - Map fields are stored entry by entry. A write with `whole: false` touches only the entries that changed since the
 *   row was read or last written, and may leave out what `unchanged` says; with `whole: true` it replaces everything, so that
 *   nothing of an older owner shows.
 * - `claim` counts up by compare-and-set: of two calls at once for one partition, each gets its own number, and a later call a
 *   larger one, larger also than whatever the other partitions of the job's topic had when it was called. So the tokens of all
 *   partitions form one line, and a row that moves to another partition meets no smaller one there.
 * - A deleted row keeps its key, its bookkeeping and the values of its `indexed` fields until it is swept, and is still found by a search
 *   (`matching`) and by its timers: its outbox may still matter.
 * - Rows have a largest size: what an owner can write whole at once. An update that would make a row larger is refused, so that no row grows
 *   until its next owner cannot write it. An update that adds nothing is not refused.
 * - A removed view record is gone for readers, and an older write does not bring it back.
 */
import type { TableDef } from '../../core/target.ts';
import type { Change, Key, Page, PageRequest, Version, WriteResult } from '../port.ts';

/** Rows of some partitions and a tenant with a value in an `indexed` field. */
export interface KeySearch {
  readonly partitions: readonly number[];
  readonly tenant: string;
  readonly field: string;
  readonly value: string;
}

export interface StoredRow {
  readonly key: Key;
  readonly version: Version;
  /** The positions applied, as the runtime writes them; the store does not look inside. */
  readonly at: string;
  /** What the row has to say, as the runtime writes it; the store does not look inside. Empty: nothing. */
  readonly outbox: string;
  /** Pending timers: name to due time in ms since 1970 UTC. */
  readonly timers: Readonly<Record<string, number>>;
  /** The fields, map fields as `Entries`. Undefined: the row was taken away, and only its position is kept. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

export interface RowWrite extends StoredRow {
  /** The partition of the job's topic that the row belongs to. */
  readonly partition: number;
  /** Whether every map entry is written, and those the store has besides are dropped. */
  readonly whole: boolean;
  /** What the store holds already, since the same owner wrote it. Never with `whole`. */
  readonly unchanged?: Unchanged | undefined;
  /**
   * With `whole`: the data are as they were read at this version (undefined: there was no row), and only the owner is another. A
   * store that compares may then write the rest alone, where it still holds that very version; otherwise, and always where it
   * does not compare, it writes the data too, to cover what an older owner has written since or may still write.
   */
  readonly taken?: { readonly from: Version | undefined } | undefined;
  /** How long a row that is taken away is kept, in ms; undefined: for ever. */
  readonly keepMs?: number | undefined;
}

export interface Unchanged {
  /** Whether a field is the very same; one that is a map says by itself what changed. */
  readonly fields: Pick<ReadonlySet<string>, 'has'>;
  readonly timers: boolean;
}

/** Which generation of a job's rows is the one that counts: see `jobs/runtime/rows/generations/`. */
export interface StoredGenerations {
  readonly current: number;
  /** As the runtime writes it; the store does not look inside. */
  readonly state: string;
}

export interface DueTimer {
  readonly partition: number;
  readonly key: Key;
  readonly name: string;
  readonly due: number;
}

export interface Tables {
  /** Creates the tables that are missing, and columns that were added to a declaration. Drops nothing. */
  prepare(tables: readonly TableDef[]): Promise<void>;
  /** The statements by which `prepare` would do so now; none if nothing is missing. Changes nothing. */
  missing(tables: readonly TableDef[]): Promise<string[]>;
  /**
   * The fields that the table, as it is, does not have as they are declared: its rows can be read without them. Undefined if there is no such
   * table, or none with this key.
   */
  drifted(table: TableDef): Promise<string[] | undefined>;
  /** Deletes the tables with all their rows; those that are not there are none. */
  drop(tables: readonly TableDef[]): Promise<void>;
  /**
   * Counts up the token of a partition and answers the new one: larger than those of all partitions of the job's topic, and than
   * `above`, if given. The first is 1.
   */
  claim(job: string, topic: string, partition: number, above?: number): Promise<number>;
  /** The token as it is now; 0 if nobody claimed yet. */
  token(job: string, topic: string, partition: number): Promise<number>;
  /** Sees every change that was answered. Undefined: nobody ever set it. */
  generations(job: string): Promise<StoredGenerations | undefined>;
  /** Compare-and-set: answers whether the state was `before`; undefined: nobody ever set it. */
  setGenerations(job: string, before: string | undefined, after: StoredGenerations): Promise<boolean>;

  /** Rows in the order of the keys; undefined where there is none. Sees every write that was answered. */
  read(table: TableDef, keys: readonly Key[]): Promise<(StoredRow | undefined)[]>;
  /** Every row whose key begins with the prefix, which covers at least the tenant and the fields of `table.key`. */
  under(table: TableDef, prefix: Key): Promise<StoredRow[]>;
  /**
   * The keys of all rows of these partitions and the tenant that have the value in an `indexed` field, including deleted ones:
   * page by page, in any order that stays. A row that is there from the first page to the last is
   * answered once. `next` may go into a call of another process, later.
   */
  matching(table: TableDef, search: KeySearch, page: PageRequest): Promise<Page<Key>>;
  /**
   * All rows of a job, of all tenants, page by page, as `read` answers them: those that were taken away too. The order is any
   * that stays. A row that is there from the first page to the last is answered once; one that comes meanwhile perhaps.
   */
  scan(table: TableDef, page: PageRequest): Promise<Page<StoredRow>>;
  /** At most one write a row in one call. */
  write(table: TableDef, rows: readonly RowWrite[]): Promise<WriteResult[]>;
  /** Timers of these partitions' rows that are due at `before` or earlier, the earliest first. One search for all of them. */
  due(table: TableDef, partitions: readonly number[], before: number, limit: number): Promise<DueTimer[]>;

  /** Writes a view. At most one change a key in one call. */
  apply(view: TableDef, changes: readonly Change[]): Promise<WriteResult[]>;
  /**
   * Records for people and services: of a job's own rows or of a view, all whose key begins with the prefix. In the order
   * of the key where the prefix covers the tenant and the fields of `table.key`. A shorter one (the tenant alone) is for
   * summaries: then records of one key still lie together and in order, but the keys may come in any order that stays.
   * Map fields are plain objects.
   */
  select(table: TableDef, prefix: Key, page: PageRequest): Promise<Page<Readonly<Record<string, unknown>>>>;
  /** Deletes for good the rows and records that were taken away and are not kept any longer. Answers how many, if it can tell. */
  sweep(tables: readonly TableDef[]): Promise<number>;
  close(): Promise<void>;
}
