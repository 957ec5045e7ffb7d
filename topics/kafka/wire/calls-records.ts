/**
 * The requests that carry records. They are written here because the records are bytes of ours, and because Fetch by the id of a
 * topic is newer than kafkajs.
 */

import type { AbortedTransaction } from './batch-reader.ts';
import type { Call } from './connection.ts';

export const READ_UNCOMMITTED = 0;
export const READ_COMMITTED = 1;
const CONSUMER = -1;
const NOBODY = -1;
const ALL_REPLICAS = -1;

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
  /** Given, nothing of another topic of that name is answered: one that was made after this one's deletion. */
  readonly id: string | undefined;
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

export interface FetchLimits {
  /** How long the broker may wait for a record. */
  readonly waitMs: number;
  readonly bytes: number;
  readonly partitionBytes: number;
  readonly isolation?: typeof READ_COMMITTED | typeof READ_UNCOMMITTED;
}

/** By the ids of the topics, if all of them have one. */
export function fetch(from: readonly FetchFrom[], limits: FetchLimits): Call<{ error: number; partitions: Fetched[] }> {
  const { waitMs, bytes, partitionBytes, isolation = READ_COMMITTED } = limits;
  const byId = from.every(({ id }) => id !== undefined);
  const topics = [...Map.groupBy(from, ({ topic, id }) => (byId ? (id as string) : topic))];
  const names = new Map(topics.map(([named, [first]]) => [named, (first as FetchFrom).topic]));
  return {
    name: 'Fetch',
    key: 1,
    version: byId ? 13 : 12,
    flexible: true,
    write(writer) {
      writer.i32(CONSUMER).i32(waitMs).i32(1).i32(bytes).i8(isolation);
      // No session: an answer says nothing about partitions that were not asked for.
      writer.i32(0).i32(-1);
      writer.compactArray(topics, ([named, here]) => {
        if (byId) writer.raw(Buffer.from(named, 'base64url'));
        else writer.compactString(named);
        writer
          .compactArray(here, ({ partition, offset }) =>
            writer.i32(partition).i32(NOBODY).i64(offset).i32(NOBODY).i64(NOBODY).i32(partitionBytes).noTags(),
          )
          .noTags();
      });
      writer
        .compactArray([], () => {})
        .compactString('')
        .noTags();
    },
    read(reader) {
      reader.i32();
      const error = reader.i16();
      reader.i32();
      const answered = reader.compactArray(() => {
        const named = byId ? reader.bytes(16).toString('base64url') : reader.compactString();
        const topic = names.get(named) ?? '';
        const partitions = reader.compactArray(() => {
          const partition = reader.i32();
          const failed = reader.i16();
          const highWatermark = reader.i64();
          const lastStable = reader.i64();
          const begin = reader.i64();
          const aborted = reader.compactArray(() => {
            const transaction = { producerId: reader.bytes(8).readBigInt64BE().toString(), firstOffset: reader.i64() };
            reader.tags();
            return transaction;
          });
          reader.i32();
          const records = reader.bytes(Math.max(0, reader.uvarint() - 1));
          reader.tags();
          return { topic, partition, error: failed, highWatermark, lastStable, begin, aborted, records };
        });
        reader.tags();
        return partitions;
      });
      return { error, partitions: answered.flat() };
    },
  };
}
