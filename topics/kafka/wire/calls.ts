/**
 * The requests that are written here, since kafkajs speaks only older versions of them or not at all: topic ids are in newer
 * Metadata only, stable offsets in newer OffsetFetch, several keys in newer FindCoordinator, and a producer's epoch in
 * DescribeTransactions. Those that carry records are in `calls-records.ts`.
 */
import type { Call } from './connection.ts';

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

export interface Coordinator {
  readonly key: string;
  readonly node: number;
  readonly error: number;
}

/** `kind`: 0 for groups, 1 for transactional ids. */
export function findCoordinators(kind: number, keys: readonly string[]): Call<Coordinator[]> {
  return {
    name: 'FindCoordinator',
    key: 10,
    version: 4,
    flexible: true,
    write(writer) {
      writer
        .i8(kind)
        .compactArray(keys, (key) => writer.compactString(key))
        .noTags();
    },
    read(reader) {
      reader.i32();
      return reader.compactArray(() => {
        const key = reader.compactString();
        const node = reader.i32();
        reader.compactString();
        reader.i32();
        const error = reader.i16();
        reader.compactString();
        reader.tags();
        return { key, node, error };
      });
    },
  };
}

export interface Transaction {
  readonly id: string;
  readonly error: number;
  /** The producer that the id belongs to now. */
  readonly producer: string;
  readonly epoch: number;
}

export function describeTransactions(ids: readonly string[]): Call<Transaction[]> {
  return {
    name: 'DescribeTransactions',
    key: 65,
    version: 0,
    flexible: true,
    write(writer) {
      writer.compactArray(ids, (id) => writer.compactString(id)).noTags();
    },
    read(reader) {
      reader.i32();
      return reader.compactArray(() => {
        const error = reader.i16();
        const id = reader.compactString();
        reader.compactString();
        reader.i32();
        reader.i64();
        const producer = reader.bytes(8).readBigInt64BE().toString();
        const epoch = reader.i16();
        reader.compactArray(() => {
          reader.compactString();
          reader.compactArray(() => reader.i32());
          reader.tags();
        });
        reader.tags();
        return { id, error, producer, epoch };
      });
    },
  };
}
