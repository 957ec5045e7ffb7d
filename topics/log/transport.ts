/**
 * The transport port: partitioned logs of records, consumer groups, and the fenced commit on which the
 * rules of the runtime rest. Implementations: `embedded/` (a log in SQLite) and, for production, Kafka.
 *
 * Every implementation guarantees the following, and `test/contracts/transport.ts` checks each of them:
 *
 * - A record stays in its partition at its offset. Offsets of a partition grow; there may be gaps.
 * - `produce` is all or nothing: readers see every record of a call or none.
 * - A group divides the partitions of a topic among its members; each partition has at most one member at a time, as far as the
 *   group knows. A member that was cut off may still believe that it has a partition. This is why claims are fenced.
 * - `claim` fences: once it returns, a `commit` by any earlier claim of the same group, topic and partition is refused with FENCED, in
 *   whichever process. The `committed` of the new claim includes everything that earlier claims committed.
 * - `exclusive` fences, too: once it returns, a `produce` by any earlier writer of that name is refused with FENCED, in whichever
 *   process. Everything that earlier writers produced can be read.
 * - `commit` is one transaction: it writes derived records, offset and metadata, or none of them. After an error other than FENCED the
 *   caller does not know which; it claims again and reads `committed`.
 * - A claim ends with FENCED when its topic was expanded, or deleted and created again.
 * - While the log does not answer, a call fails with a `retry` error. The same call may be made again.
 *
 * Bytes that are returned belong to the caller. They are not changed or reused afterwards.
 */

/** Headers as in Kafka: nearly always text; bytes where they are not valid UTF-8. */
export type Headers = Readonly<Record<string, string | Uint8Array>>;

export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  /** When the record was produced, in ms since 1970 UTC, by the clock of the producer or of the log. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
}

/** A record to append. The producer always chooses the partition, because it knows how the topic is partitioned. */
export interface NewRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
  readonly timestamp: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly retentionMs: number;
}

export interface PartitionInfo {
  readonly partition: number;
  /** The first offset that can still be read. */
  readonly begin: number;
  /** The offset the next record will have. */
  readonly end: number;
}

export interface TopicInfo {
  readonly name: string;
  /** Differs between a deleted topic and a later one of the same name. Undefined if the broker has no ids. */
  readonly id: string | undefined;
  readonly partitions: readonly PartitionInfo[];
}

/** May be some seconds old, so a caller can ask for it at no cost. */
export interface TopicShape {
  readonly name: string;
  /** As in `TopicInfo`. */
  readonly id: string | undefined;
  readonly partitions: number;
}

/** Where a group continues in a partition. */
export interface Committed {
  /** The offset of the next record to read. Undefined if the group never committed. */
  readonly offset: number | undefined;
  /** As given to `commit` or `seek`; empty if there are none. */
  readonly metadata: string;
  /** Whether another tool set the offset, not `commit` or `seek`. If so, the metadata are lost. */
  readonly foreign: boolean;
}

export interface GroupLag extends PartitionInfo {
  /** Where the group continues. Undefined if it never committed, so that it begins at `begin`. */
  readonly committed: number | undefined;
  readonly lag: number;
}

export interface Transport {
  /** Creates the topics that do not exist. Leaves existing topics unchanged. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Every topic that exists, or only the named ones; a name that does not exist is left out. */
  describe(names?: readonly string[]): Promise<TopicInfo[]>;
  /** The same without the bounds of partitions, from memory where possible. */
  shape(names: readonly string[]): Promise<TopicShape[]>;
  /** Appends all records or none. Returns the offset of each record, in the order given. */
  produce(records: readonly NewRecord[]): Promise<number[]>;
  /**
   * Makes the caller the only writer of this name whose `produce` is accepted. It belongs to no group. `topics` are those in which the
   * caller may next read what earlier writers of the name produced: a read that begins after this call finds all of it.
   */
  exclusive(name: string, topics: readonly string[]): Promise<Exclusive>;
  /**
   * Joins a consumer group for one topic. `assigned` and `revoked` are called as partitions come and go, one call at a time for each
   * membership. Another member in this process gets a partition only after `revoked` has settled.
   */
  join(group: string, topic: string, listener: AssignmentListener): Promise<Membership>;
  /** Reads records from `offset` on, for browsing: without a group, and without moving any offset. */
  read(topic: string, partition: number, offset: number, limit: number): Promise<LogRecord[]>;
  /** The offset of the first record whose timestamp is `time` (ms since 1970 UTC) or later; the end of the partition if there is none. */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  lag(group: string, topic: string): Promise<GroupLag[]>;
  /** What the group has committed, by partition. */
  committed(group: string, topic: string): Promise<Committed[]>;
  /**
   * Moves a group's committed offset of one partition. Keeps the metadata unless new ones are given. Fences open claims, so that none of
   * them overwrites the new offset: their owner claims again and continues from there.
   */
  seek(group: string, topic: string, to: GroupPosition): Promise<void>;
  /** Drops records that are older than their topic's retention at `now` (ms since 1970 UTC). Returns how many it dropped. */
  expire(now: number): Promise<number>;
  close(): Promise<void>;
}

/** An offset to commit in a partition, with its metadata; undefined keeps the present metadata. */
export interface GroupPosition {
  readonly partition: number;
  readonly offset: number;
  readonly metadata?: string | undefined;
}

export interface Exclusive {
  /** Like `Transport.produce`. Throws FENCED if there is a newer writer of the name. Do not use the writer after an error. */
  produce(records: readonly NewRecord[]): Promise<number[]>;
}

export interface AssignmentListener {
  assigned(partitions: readonly number[]): void;
  /** Another member may own the partitions once the promise settles. */
  revoked(partitions: readonly number[]): Promise<void>;
}

export interface Membership {
  readonly partitions: readonly number[];
  /** Makes this member the only one whose commits for the partition are accepted, then reads the committed offset. */
  claim(partition: number): Promise<Claim>;
  leave(): Promise<void>;
}

export interface Claim {
  readonly partition: number;
  /** The topic at the time of the claim. A change of its shape ends the claim. */
  readonly shape: TopicShape;
  /** Where to continue, as committed by earlier owners. */
  readonly committed: Committed;
  /** The first offset that could be read when the claim was made. */
  readonly begin: number;
  /**
   * Returns the next records in order: at most `maxRecords` (fewer if they are large), with at most `maxKeys` different keys if that
   * is given. Waits up to `waitMs` for the first record; the list is empty if none came or `signal` was aborted. `end` is the offset
   * after the last known record of the partition: a batch whose next offset equals it has caught up. May throw FENCED if a newer claim
   * exists, and always does so if there is nothing to read.
   */
  fetch(options: {
    maxRecords: number;
    maxKeys?: number;
    waitMs: number;
    signal?: AbortSignal;
  }): Promise<{ records: LogRecord[]; end: number }>;
  /** Sets where the next fetch reads, without committing anything. */
  seek(offset: number): void;
  /**
   * Throws FENCED if a newer claim exists. Linearizable: if it succeeds, any newer claim is made after this call began. It begins the
   * transaction, so call only `commit` or `close` afterwards.
   */
  look(): Promise<void>;
  /** The fenced transaction. `offset` is the next one to read. Throws FENCED if a newer claim exists. */
  commit(transaction: { records: readonly NewRecord[]; offset: number; metadata: string }): Promise<void>;
  close(): Promise<void>;
}
