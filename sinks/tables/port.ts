/**
 * The tables port: the rows that jobs own, the claims on partitions, the current generation of each job's rows, and
 * views that are tables.
 *
 * Every implementation guarantees the following; `test/contracts/tables.ts` checks it on each:
 *
 * - A row is written in one step: its fields, map entries, position, outbox and timers are all of one version, whatever
 *   crashes.
 * - An older version never replaces a newer one (see `Version`); the result is `stale`. An equal version is accepted.
 *   An implementation that cannot tell (Cassandra) may answer `written` for a write that lost.
 * - Map fields are stored entry by entry. A write with `whole: false` touches only the entries that changed since the
 *   row was read or last written, and may omit the fields in `unchanged`. A write with `whole: true` replaces
 *   everything, so that nothing from an older owner remains visible.
 * - `claim` increases the token by compare-and-set. Two concurrent calls for one partition get different tokens. A later call gets a larger
 *   token, larger also than those that the other partitions of the job's topic had when it was called. So tokens are ordered across
 *   partitions, and a row that moves to another partition never meets a smaller token there.
 * - A removed row keeps its key, its bookkeeping and the values of its `indexed` fields until it is swept. Searches
 *   (`matching`) and timers still find it, because its outbox may still matter.
 * - The size of a row is limited to what an owner can write whole at once. An update that would make a row larger is
 *   refused, so that its next owner can still write it. An update that adds nothing is not refused.
 * - A removed view record is invisible to readers, and an older write does not bring it back.
 */
import type { TableDef } from '../../core/target.ts';
import type { Change, Key, Page, PageRequest, Version, WriteResult } from '../port.ts';

/** A search for rows of one tenant, in some partitions, by the value of an `indexed` field. */
export interface KeySearch {
  readonly partitions: readonly number[];
  readonly tenant: string;
  readonly field: string;
  readonly value: string;
}

export interface StoredRow {
  readonly key: Key;
  readonly version: Version;
  /** The positions that the row has applied, as the runtime writes them; the store does not parse them. */
  readonly at: string;
  /** What the row still has to emit, as the runtime writes it; the store does not parse it. Empty: nothing. */
  readonly outbox: string;
  /** Pending timers: name to due time in ms since 1970 UTC. */
  readonly timers: Readonly<Record<string, number>>;
  /** The fields; map fields as `Entries`. Undefined: the row was removed, and only its position is kept. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

export interface RowWrite extends StoredRow {
  /** The partition of the job's topic that the row belongs to. */
  readonly partition: number;
  /** Whether every map entry is written, and all other stored entries are dropped. */
  readonly whole: boolean;
  /** What the store already has, because the same owner wrote it. Never with `whole`. */
  readonly unchanged?: Unchanged | undefined;
  /**
   * With `whole`: the data are as they were read at this version (undefined: there was no row); only the owner has
   * changed. A store that compares versions may then write only the bookkeeping, if it still has exactly that version.
   * Otherwise it writes the data too, to cover what an older owner has written since or may still write.
   */
  readonly taken?: { readonly from: Version | undefined } | undefined;
  /** How long a removed row is kept, in ms; undefined: for ever. */
  readonly keepMs?: number | undefined;
}

export interface Unchanged {
  /** Whether a field is unchanged. A map field itself records which entries changed. */
  readonly fields: Pick<ReadonlySet<string>, 'has'>;
  readonly timers: boolean;
}

/** The generations of a job's rows, and which one is current: see `jobs/runtime/rows/generations/`. */
export interface StoredGenerations {
  readonly current: number;
  /** As the runtime writes it; the store does not parse it. */
  readonly state: string;
}

export interface DueTimer {
  readonly partition: number;
  readonly key: Key;
  readonly name: string;
  readonly due: number;
}

export interface Tables {
  /** Creates missing tables, and columns for fields that were added to a declaration. Drops nothing. */
  prepare(tables: readonly TableDef[]): Promise<void>;
  /** The statements that `prepare` would run now; none if nothing is missing. Changes nothing. */
  missing(tables: readonly TableDef[]): Promise<string[]>;
  /**
   * The declared fields that the table lacks or has differently: its rows can be read without them. Undefined if there
   * is no such table, or it has another key.
   */
  drifted(table: TableDef): Promise<string[] | undefined>;
  /** Deletes the tables with all their rows. Missing tables are no error. */
  drop(tables: readonly TableDef[]): Promise<void>;
  /**
   * Increases the token of a partition and returns it: larger than those of all partitions of the job's topic, and than
   * `above`, if given. The first token is 1.
   */
  claim(job: string, topic: string, partition: number, above?: number): Promise<number>;
  /** The current token; 0 if nobody has claimed the partition. */
  token(job: string, topic: string, partition: number): Promise<number>;
  /** Sees every change that was acknowledged. Undefined: nobody ever set it. */
  generations(job: string): Promise<StoredGenerations | undefined>;
  /** Compare-and-set. Returns whether the state was `before`, where undefined means that nobody ever set it. */
  setGenerations(job: string, before: string | undefined, after: StoredGenerations): Promise<boolean>;

  /** The rows in the order of the keys; undefined for a missing row. Sees every write that was acknowledged. */
  read(table: TableDef, keys: readonly Key[]): Promise<(StoredRow | undefined)[]>;
  /** All rows whose key begins with the prefix, which covers at least the tenant and the fields of `table.key`. */
  under(table: TableDef, prefix: Key): Promise<StoredRow[]>;
  /**
   * The keys of all rows of the tenant in these partitions that have the value in an `indexed` field, including removed
   * rows: page by page, in any stable order. A row that exists from the first page to the last is returned once. `next`
   * may be used by another process, later.
   */
  matching(table: TableDef, search: KeySearch, page: PageRequest): Promise<Page<Key>>;
  /**
   * All rows of a job, of all tenants, page by page, as `read` returns them, including removed rows. The order is any stable one. A row
   * that exists from the first page to the last is returned once; a row that is added meanwhile, perhaps.
   */
  scan(table: TableDef, page: PageRequest): Promise<Page<StoredRow>>;
  /** One call has at most one write for each row. */
  write(table: TableDef, rows: readonly RowWrite[]): Promise<WriteResult[]>;
  /** Timers of these partitions' rows that are due at `before` or earlier, the earliest first. One search for all partitions. */
  due(table: TableDef, partitions: readonly number[], before: number, limit: number): Promise<DueTimer[]>;

  /** Writes a view. One call has at most one change for each key. */
  apply(view: TableDef, changes: readonly Change[]): Promise<WriteResult[]>;
  /**
   * Records for people and services: those of a job's own rows, or of a view, whose key begins with the prefix. They
   * are in the order of the key if the prefix covers the tenant and the fields of `table.key`. A shorter prefix (the
   * tenant alone) is for summaries: then records with the same fields of `table.key` are together and in order, but
   * these groups come in any stable order. Map fields are plain objects.
   */
  select(table: TableDef, prefix: Key, page: PageRequest): Promise<Page<Readonly<Record<string, unknown>>>>;
  /** Deletes for good the removed rows and records that need not be kept any longer. Returns how many, if it can tell. */
  sweep(tables: readonly TableDef[]): Promise<number>;
  close(): Promise<void>;
}
