/**
 * The transport port: partitioned logs of records, consumer groups, and the fenced commit that the
 * rules of the runtime stand on. Implementations: `embedded/` (a log in SQLite) and, for production, Kafka.
 *
 * What every implementation keeps, and `test/contracts/transport.ts` checks on each:
 *
 * - A record stays in its partition at its offset. Offsets of a partition grow; there may be gaps.
 * - `produce` is all or nothing: readers see every record of a call or none.
 * - A group's partitions of one topic are divided among its members; each partition has at most one member
 *   at a time, as far as the group knows. A member that was away may still believe it has one: hence claims.
 * - `claim` fences: once it answers, a `commit` of every earlier claim of the same group, topic and partition
 *   is refused with FENCED, whoever makes it. What an earlier claim committed is in the `committed` of this one.
 * - `exclusive` fences, too: once it answers, a `produce` of every earlier one of the name is refused with FENCED, whoever makes it. What
 *   those have produced can be read.
 * - `commit` is one transaction: derived records, offset and metadata all happen or none does. After an error
 *   other than FENCED the caller does not know which; it claims again and reads `committed`.
 * - A claim ends, with FENCED, when its topic was expanded, or deleted and made again.
 * - What is away answers with a `retry` error, and the same call may be made again.
 *
 * Bytes handed out belong to the caller and are not changed or reused afterwards.
 */

/** Kafka's headers: text nearly always; bytes when they are not valid UTF-8. */
export type Headers = Readonly<Record<string, string | Uint8Array>>;

export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  /** When the record was produced, in ms since 1970 UTC: by the producer's clock, or the log's. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
}

/** A record to be appended. The partition is always given, because the producer knows how the topic is partitioned. */
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
  /** Differs between a topic and another of the same name made after its deletion; absent where the broker has none. */
  readonly id: string | undefined;
  readonly partitions: readonly PartitionInfo[];
}

/** What may be some seconds old, and so costs nothing to ask for. */
export interface TopicShape {
  readonly name: string;
  /** As in `TopicInfo`. */
  readonly id: string | undefined;
  readonly partitions: number;
}

/** Where a group goes on in a partition. */
export interface Committed {
  /** Undefined if nobody ever committed. */
  readonly offset: number | undefined;
  /** As given to `commit` or `seek`; empty where there are none. */
  readonly metadata: string;
  /** Whether the offset was put there by somebody else than `commit` and `seek`: another tool. Then the metadata are lost. */
  readonly foreign: boolean;
}

export interface GroupLag extends PartitionInfo {
  /** Where the group goes on; undefined if it never committed, and so begins at `begin`. */
  readonly committed: number | undefined;
  readonly lag: number;
}

export interface Transport {
  /** Creates what is missing. What exists is left as it is, never shrunk. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Every topic that exists, or only the named ones; a name that does not exist is left out. */
  describe(names?: readonly string[]): Promise<TopicInfo[]>;
  /** The same without the bounds. Answers from memory where it can. */
  shape(names: readonly string[]): Promise<TopicShape[]>;
  /** Appends, all or nothing. Answers the offset of each record, in the order given. */
  produce(records: readonly NewRecord[]): Promise<number[]>;
  /**
   * Makes the caller the only one of this name whose `produce` is accepted, without belonging to a group. The topics are those in which
   * earlier ones may have produced what the caller reads next: who reads after the call has read all of it.
   */
  exclusive(name: string, topics: readonly string[]): Promise<Exclusive>;
  /**
   * Joins a consumer group for one topic. `assigned` and `revoked` are called as partitions come and go, never
   * twice at once for one membership; a partition is given to another member of this process only after
   * `revoked` has settled.
   */
  join(group: string, topic: string, listener: AssignmentListener): Promise<Membership>;
  /** Reads records from `offset` on, for browsing: belongs to no group and moves nothing. */
  read(topic: string, partition: number, offset: number, limit: number): Promise<LogRecord[]>;
  /** The offset of the first record whose timestamp is `time` (ms since 1970 UTC) or later; the end of the partition if there is none. */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  lag(group: string, topic: string): Promise<GroupLag[]>;
  /** What the group has committed, by partition. */
  committed(group: string, topic: string): Promise<Committed[]>;
  /**
   * Moves a group's committed offset of one partition. The metadata are kept, unless others are given. Claims that are open are fenced, so that none
   * of them commits over it: their owner claims again and goes on from here.
   */
  seek(group: string, topic: string, to: GroupPosition): Promise<void>;
  /** Drops records that are older than their topic's retention, at `now` in ms since 1970 UTC. Answers how many. */
  expire(now: number): Promise<number>;
  close(): Promise<void>;
}

/** An offset to commit in a partition, and the metadata with it; undefined: those that are there. */
export interface GroupPosition {
  readonly partition: number;
  readonly offset: number;
  readonly metadata?: string | undefined;
}

export interface Exclusive {
  /** As that of the transport. Throws FENCED if there is a newer one of the name. After any error this one is over. */
  produce(records: readonly NewRecord[]): Promise<number[]>;
}

export interface AssignmentListener {
  assigned(partitions: readonly number[]): void;
  /** The partitions are somebody else's once the promise settles. */
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
  /** The topic as it was when the claim was made; another shape ends the claim. */
  readonly shape: TopicShape;
  /** Where to go on, as committed by earlier owners. */
  readonly committed: Committed;
  /** The first offset that can still be read when the claim was made. */
  readonly begin: number;
  /**
   * The next records, at most `maxRecords` (fewer when they are large) and of at most `maxKeys` different keys if that is given,
   * waiting up to `waitMs` for the first; an empty list when there were none, or `signal` was aborted. `end`
   * is the offset after the last record of the partition as known now: a batch whose next offset equals it has caught up. May
   * throw FENCED when a newer claim exists, and does so where there is nothing to read.
   */
  fetch(options: {
    maxRecords: number;
    maxKeys?: number;
    waitMs: number;
    signal?: AbortSignal;
  }): Promise<{ records: LogRecord[]; end: number }>;
  /** Where the next fetch reads, without committing anything. */
  seek(offset: number): void;
  /**
   * Throws FENCED when a newer claim exists. Linearizable: if it settles, every later claim was made after it was called. After it,
   * the transaction has begun: nothing but `commit` or `close` follows.
   */
  look(): Promise<void>;
  /** The fenced transaction. `offset` is the next one to read. Throws FENCED when a newer claim exists. */
  commit(transaction: { records: readonly NewRecord[]; offset: number; metadata: string }): Promise<void>;
  close(): Promise<void>;
}
