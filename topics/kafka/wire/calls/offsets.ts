/** First and last offsets of partitions, and the committed offsets of groups. */
import type { Call } from '../call.ts';
import { CONSUMER, READ_UNCOMMITTED } from './fetch.ts';

/** Stand for the first and the end offset in place of a timestamp. */
export const EARLIEST = -2;
export const LATEST = -1;

export interface ListedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  /** -1 if there is no record of that time or later. */
  readonly offset: number;
}

/**
 * ListOffsets 3: the first offset of that time (in ms since 1970 UTC) or later, once for each
 * partition. LATEST gives the offset of the next record, after the records of open transactions; with READ_COMMITTED, the offset of the
 * first record of an open transaction.
 * https://kafka.apache.org/protocol.html#The_Messages_ListOffsets
 *
 *   request:  replica i32, isolation i8, [topic string, [partition i32, timestamp i64]]
 *   response: throttle i32, [topic string, [partition i32, error i16, timestamp i64, offset i64]]
 */
export function listOffsets(
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  timestamp: number,
  isolation = READ_UNCOMMITTED,
): Call<ListedOffset[]> {
  const topics = Map.groupBy(partitions, ({ topic }) => topic);
  return {
    name: 'ListOffsets',
    key: 2,
    version: 3,
    flexible: false,
    write(writer) {
      writer.i32(CONSUMER).i8(isolation);
      writer.array([...topics], ([topic, here]) => {
        const numbers = [...new Set(here.map(({ partition }) => partition))];
        writer.string(topic).array(numbers, (partition) => writer.i32(partition).i64(timestamp));
      });
    },
    read(reader) {
      reader.throttle();
      const found = reader.array(() => {
        const topic = reader.string();
        return reader.array(() => {
          const partition = reader.i32();
          const error = reader.i16();
          reader.i64();
          return { topic, partition, error, offset: reader.i64() };
        });
      });
      return found.flat();
    },
  };
}

export interface CommittedOffset {
  readonly partition: number;
  readonly error: number;
  /** -1 if the group never committed. */
  readonly offset: number;
  readonly metadata: string;
}

/**
 * OffsetFetch 7 with `require_stable` (KIP-447): the offsets that transactions have committed, with an
 * error for a partition whose transaction is just ending.
 * https://kafka.apache.org/protocol.html#The_Messages_OffsetFetch
 *
 *   request:  group string, [topic string, [partition i32]], require stable bool
 *   response: throttle i32, [topic string, [partition i32, offset i64, epoch i32, metadata string?, error i16]], error i16
 *
 * Strings and arrays of flexible versions are compact, and each structure ends with tagged fields (KIP-482).
 */
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
