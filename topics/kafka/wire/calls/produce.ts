import type { Call } from '../call.ts';

/** The value of acks: the batch is on all in-sync replicas. */
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

/**
 * Produce 7: at most one batch for each partition.
 * https://kafka.apache.org/protocol.html#The_Messages_Produce
 *
 *   request:  transactional id string?, acks i16, timeout i32, [topic string, [partition i32, records bytes]]
 *   response: [topic string, [partition i32, error i16, base offset i64, append time i64, log start i64]], throttle i32
 */
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
        writer.string(topic).array(here, ({ partition, batch }) => writer.i32(partition).sizedBytes(batch)),
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
