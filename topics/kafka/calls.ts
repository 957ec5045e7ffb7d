/**
 * The requests that are written here, since kafkajs speaks only older versions of them or not at all: topic ids are in newer
 * Metadata only, stable offsets in newer OffsetFetch, and a producer's epoch in DescribeTransactions. Produce and Fetch are
 * here because their records are bytes of ours.
 */
import type { Call } from './lane.ts';
import type { AbortedTransaction } from './records.ts';

const READ_COMMITTED = 1;
const CONSUMER = -1;
const NOBODY = -1;
const ALL_REPLICAS = -1;
const NO_ID = Buffer.alloc(16);

export interface Metadata {
  readonly nodes: readonly { readonly id: number; readonly host: string; readonly port: number }[];
  readonly controller: number;
  readonly topics: readonly TopicMetadata[];
}

export interface TopicMetadata {
  readonly error: number;
  readonly name: string;
  readonly id: string | undefined;
  readonly internal: boolean;
  readonly partitions: readonly PartitionMetadata[];
}

export interface PartitionMetadata {
  readonly error: number;
  readonly partition: number;
  readonly leader: number;
  readonly replicas: readonly number[];
}

/** Of all topics if none is named. */
export function metadata(topics: readonly string[] | undefined): Call<Metadata> {
  return {
    name: 'Metadata',
    key: 3,
    version: 12,
    flexible: true,
    write(writer) {
      if (topics === undefined) writer.uvarint(0);
      else writer.compactArray(topics, (name) => writer.raw(NO_ID).compactString(name).noTags());
      writer.bool(false).bool(false).noTags();
    },
    read(reader) {
      reader.i32();
      const nodes = reader.compactArray(() => {
        const node = { id: reader.i32(), host: reader.compactString(), port: reader.i32() };
        reader.compactString();
        reader.tags();
        return node;
      });
      reader.compactString();
      const controller = reader.i32();
      const topics = reader.compactArray(() => {
        const error = reader.i16();
        const name = reader.compactString();
        const id = reader.bytes(16);
        const internal = reader.bool();
        const partitions = reader.compactArray(() => {
          const partition = { error: reader.i16(), partition: reader.i32(), leader: reader.i32() };
          reader.i32();
          const replicas = reader.compactArray(() => reader.i32());
          reader.compactArray(() => reader.i32());
          reader.compactArray(() => reader.i32());
          reader.tags();
          return { ...partition, replicas };
        });
        reader.i32();
        reader.tags();
        return { error, name, id: id.equals(NO_ID) ? undefined : id.toString('base64url'), internal, partitions };
      });
      return { nodes, controller, topics };
    },
  };
}

export interface CommittedOffset {
  readonly partition: number;
  readonly error: number;
  /** -1 if nobody committed. */
  readonly offset: number;
  readonly metadata: string;
}

/** What transactions have committed, with an error for a partition of which one is just ending. */
export function stableOffsets(
  group: string,
  topic: string,
  partitions: readonly number[],
): Call<{ error: number; partitions: CommittedOffset[] }> {
  return {
    name: 'OffsetFetch',
    key: 9,
    version: 7,
    flexible: true,
    write(writer) {
      writer.compactString(group);
      writer.compactArray([topic], (name) =>
        writer
          .compactString(name)
          .compactArray(partitions, (partition) => writer.i32(partition))
          .noTags(),
      );
      writer.bool(true).noTags();
    },
    read(reader) {
      reader.i32();
      const topics = reader.compactArray(() => {
        reader.compactString();
        const found = reader.compactArray(() => {
          const partition = reader.i32();
          const offset = reader.i64();
          reader.i32();
          const metadata = reader.compactString();
          const error = reader.i16();
          reader.tags();
          return { partition, offset, metadata, error };
        });
        reader.tags();
        return found;
      });
      return { error: reader.i16(), partitions: topics.flat() };
    },
  };
}

/** The producer that a transactional id belongs to now. */
export function describeTransaction(
  transactionalId: string,
): Call<{ error: number; producer: string; epoch: number } | undefined> {
  return {
    name: 'DescribeTransactions',
    key: 65,
    version: 0,
    flexible: true,
    write(writer) {
      writer.compactArray([transactionalId], (id) => writer.compactString(id)).noTags();
    },
    read(reader) {
      reader.i32();
      if (reader.uvarint() - 1 < 1) return undefined;
      const error = reader.i16();
      reader.compactString();
      reader.compactString();
      reader.i32();
      reader.i64();
      const producer = reader.bytes(8).readBigInt64BE().toString();
      return { error, producer, epoch: reader.i16() };
    },
  };
}

export interface BatchTo {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

export interface Appended {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  readonly baseOffset: number;
}

/** At most one batch a partition. */
export function produce(
  transactionalId: string | null,
  batches: readonly BatchTo[],
  timeoutMs: number,
): Call<Appended[]> {
  return {
    name: 'Produce',
    key: 0,
    version: 7,
    flexible: false,
    write(writer) {
      writer.string(transactionalId).i16(ALL_REPLICAS).i32(timeoutMs);
      const topics = Map.groupBy(batches, ({ topic }) => topic);
      writer.array([...topics], ([topic, here]) =>
        writer.string(topic).array(here, ({ partition, batch }) => writer.i32(partition).i32(batch.length).raw(batch)),
      );
    },
    read(reader) {
      return reader
        .array(() => {
          const topic = reader.string();
          return reader.array(() => {
            const partition = reader.i32();
            const error = reader.i16();
            const baseOffset = reader.i64();
            reader.i64();
            reader.i64();
            return { topic, partition, error, baseOffset };
          });
        })
        .flat();
    },
  };
}

export interface FetchFrom {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  readonly highWatermark: number;
  /** Where the first transaction begins that is still open; the high watermark if none is. */
  readonly lastStable: number;
  readonly begin: number;
  readonly aborted: readonly AbortedTransaction[];
  /** A view of the answer. */
  readonly records: Buffer;
}

export function fetch(
  from: readonly FetchFrom[],
  waitMs: number,
  maxBytes: number,
  partitionBytes: number,
): Call<{ error: number; partitions: Fetched[] }> {
  return {
    name: 'Fetch',
    key: 1,
    version: 11,
    flexible: false,
    write(writer) {
      writer.i32(CONSUMER).i32(waitMs).i32(1).i32(maxBytes).i8(READ_COMMITTED);
      // No session: an answer says nothing about partitions that were not asked for.
      writer.i32(0).i32(-1);
      writer.array(from, ({ topic, partition, offset }) => {
        writer.string(topic).array([partition], () => {
          writer.i32(partition).i32(NOBODY).i64(offset).i64(NOBODY).i32(partitionBytes);
        });
      });
      writer.array([], () => {}).string('');
    },
    read(reader) {
      reader.i32();
      const error = reader.i16();
      reader.i32();
      const topics = reader.array(() => {
        const topic = reader.string();
        return reader.array(() => {
          const partition = reader.i32();
          const failed = reader.i16();
          const highWatermark = reader.i64();
          const lastStable = reader.i64();
          const begin = reader.i64();
          const aborted = reader.array(() => ({
            producerId: reader.bytes(8).readBigInt64BE().toString(),
            firstOffset: reader.i64(),
          }));
          reader.i32();
          const records = reader.bytes(Math.max(0, reader.i32()));
          return { topic, partition, error: failed, highWatermark, lastStable, begin, aborted, records };
        });
      });
      return { error, partitions: topics.flat() };
    },
  };
}
