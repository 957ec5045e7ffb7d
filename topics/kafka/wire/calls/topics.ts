/** Creating and expanding topics, and the settings of topics and brokers. */
import type { Call } from '../call.ts';

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /** -1 for the brokers' default. */
  readonly replication: number;
  readonly settings: readonly { readonly name: string; readonly value: string }[];
}

export interface TopicError {
  readonly topic: string;
  readonly error: number;
  readonly message: string | null;
}

/**
 * CreateTopics 3. https://kafka.apache.org/protocol.html#The_Messages_CreateTopics
 *
 *   request:  [topic string, partitions i32, replication i16, assignments [], [name string, value string?]],
 *             timeout i32, validate only bool
 *   response: throttle i32, [topic string, error i16, message string?]
 */
export function createTopics(topics: readonly NewTopic[], timeoutMs: number): Call<TopicError[]> {
  return {
    name: 'CreateTopics',
    key: 19,
    version: 3,
    flexible: false,
    write(writer) {
      writer.array(topics, ({ name, partitions, replication, settings }) =>
        writer
          .string(name)
          .i32(partitions)
          .i16(replication)
          .array([], () => {})
          .array(settings, (setting) => writer.string(setting.name).string(setting.value)),
      );
      writer.i32(timeoutMs).bool(false);
    },
    read(reader) {
      reader.throttle();
      return reader.array(() => ({ topic: reader.string(), error: reader.i16(), message: reader.nullableString() }));
    },
  };
}

/**
 * CreatePartitions 1 (KIP-195): `count` is the number of partitions afterwards.
 * https://kafka.apache.org/protocol.html#The_Messages_CreatePartitions
 *
 *   request:  [topic string, count i32, assignments []?], timeout i32, validate only bool
 *   response: throttle i32, [topic string, error i16, message string?]
 */
export function createPartitions(topic: string, count: number, timeoutMs: number): Call<TopicError[]> {
  return {
    name: 'CreatePartitions',
    key: 37,
    version: 1,
    flexible: false,
    write(writer) {
      writer.array([topic], (name) => writer.string(name).i32(count).i32(NULL));
      writer.i32(timeoutMs).bool(false);
    },
    read(reader) {
      reader.throttle();
      return reader.array(() => ({ topic: reader.string(), error: reader.i16(), message: reader.nullableString() }));
    },
  };
}

/** The length of an array that is null. */
const NULL = -1;

/** The types of resources that have settings. */
export const TOPIC = 2;
export const BROKER = 4;

export interface ResourceSettings {
  readonly error: number;
  readonly name: string;
  readonly settings: ReadonlyMap<string, string | null>;
}

/**
 * DescribeConfigs 2. https://kafka.apache.org/protocol.html#The_Messages_DescribeConfigs
 *
 *   request:  [type i8, name string, settings [string]?], synonyms bool
 *   response: throttle i32, [error i16, message string?, type i8, name string, [name string, value string?, read only bool,
 *             source i8, sensitive bool, [name string, value string?, source i8]]]
 */
export function describeConfigs(
  type: typeof TOPIC | typeof BROKER,
  resources: readonly string[],
  settings: readonly string[],
): Call<ResourceSettings[]> {
  return {
    name: 'DescribeConfigs',
    key: 32,
    version: 2,
    flexible: false,
    write(writer) {
      writer.array(resources, (resource) =>
        writer
          .i8(type)
          .string(resource)
          .array(settings, (name) => writer.string(name)),
      );
      writer.bool(false);
    },
    read(reader) {
      reader.throttle();
      return reader.array(() => {
        const error = reader.i16();
        reader.nullableString();
        reader.i8();
        const name = reader.string();
        const found = reader.array(() => {
          const setting = [reader.string(), reader.nullableString()] as const;
          reader.bool();
          reader.i8();
          reader.bool();
          reader.array(() => {
            reader.string();
            reader.nullableString();
            reader.i8();
          });
          return setting;
        });
        return { error, name, settings: new Map(found) };
      });
    },
  };
}
