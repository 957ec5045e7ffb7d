import type { AbortedTransaction } from '../batch-reader.ts';
import type { Call } from '../call.ts';

export const READ_UNCOMMITTED = 0;
export const READ_COMMITTED = 1;
/** Stands for a consumer in place of the id of a replica. */
export const CONSUMER = -1;
const NOBODY = -1;

export interface FetchFrom {
  readonly topic: string;
  /** If given, nothing is read from a topic that was created later under the same name. */
  readonly id: string | undefined;
  readonly partition: number;
  readonly offset: number;
}

export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  readonly highWatermark: number;
  /** The offset at which the first open transaction begins; the high watermark if there is none. */
  readonly lastStable: number;
  readonly begin: number;
  readonly aborted: readonly AbortedTransaction[];
  /** A view of the answer. */
  readonly records: Buffer;
}

export interface FetchLimits {
  /** How long the broker may wait for a record, in ms. */
  readonly waitMs: number;
  readonly bytes: number;
  readonly partitionBytes: number;
  readonly isolation?: typeof READ_COMMITTED | typeof READ_UNCOMMITTED;
}

/**
 * Fetch 13, by the ids of the topics (KIP-516), or 12, by their names, unless all of them have an id.
 * https://kafka.apache.org/protocol.html#The_Messages_Fetch
 *
 *   request:  replica i32, wait i32, least bytes i32, most bytes i32, isolation i8, session i32, session epoch i32,
 *             [topic id uuid or name string, [partition i32, leader epoch i32, offset i64, last fetched epoch i32,
 *             log start i64, most bytes i32]], forgotten [], rack string
 *   response: throttle i32, error i16, session i32, [topic id uuid or name string, [partition i32, error i16,
 *             high watermark i64, last stable offset i64, log start i64, [producer i64, first offset i64]?,
 *             preferred replica i32, records bytes]]
 */
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
      // No session: each request names all of its partitions.
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
            const transaction = { producerId: reader.id64(), firstOffset: reader.i64() };
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
