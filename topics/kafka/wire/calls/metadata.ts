/** The brokers, the leaders of partitions, and the coordinators of groups and transactions. */
import type { Call } from '../call.ts';

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

/**
 * Metadata 12: with the ids of topics (KIP-516). `topics`: undefined requests all.
 * https://kafka.apache.org/protocol.html#The_Messages_Metadata
 *
 *   request:  [topic id uuid, name string?]?, auto create bool, include rights bool
 *   response: throttle i32, [broker i32, host string, port i32, rack string?], cluster string?, controller i32,
 *             [error i16, name string?, topic id uuid, internal bool, [error i16, partition i32, leader i32, epoch i32,
 *             replicas [i32], in sync [i32], offline [i32]], rights i32]
 */
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

export interface Coordinator {
  readonly key: string;
  readonly node: number;
  readonly error: number;
}

/**
 * FindCoordinator 4: for several keys (KIP-699). `kind`: 0 for groups, 1 for transactional ids.
 * https://kafka.apache.org/protocol.html#The_Messages_FindCoordinator
 *
 *   request:  kind i8, [key string]
 *   response: throttle i32, [key string, broker i32, host string, port i32, error i16, message string?]
 */
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
