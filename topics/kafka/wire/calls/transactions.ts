/** The requests of a transactional producer (KIP-98). */
import type { Call } from '../call.ts';

/** How a producer identifies itself to its coordinator. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface InitialisedProducer {
  readonly error: number;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/**
 * InitProducerId 1. https://kafka.apache.org/protocol.html#The_Messages_InitProducerId
 *
 *   request:  transactional id string?, timeout i32
 *   response: throttle i32, error i16, producer i64, epoch i16
 *
 * Without a transactional id, the producer is only idempotent.
 */
export function initProducerId(transactionalId: string | null, timeoutMs: number): Call<InitialisedProducer> {
  return {
    name: 'InitProducerId',
    key: 22,
    version: 1,
    flexible: false,
    write: (writer) => void writer.string(transactionalId).i32(timeoutMs),
    read(reader) {
      reader.throttle();
      return { error: reader.i16(), producerId: reader.id64(), producerEpoch: reader.i16() };
    },
  };
}

export interface PartitionError {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
}

/**
 * AddPartitionsToTxn 1. https://kafka.apache.org/protocol.html#The_Messages_AddPartitionsToTxn
 *
 *   request:  transactional id string, producer i64, epoch i16, [topic string, [partition i32]]
 *   response: throttle i32, [topic string, [partition i32, error i16]]
 */
export function addPartitionsToTxn(
  { transactionalId, producerId, producerEpoch }: ProducerIdentity,
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): Call<PartitionError[]> {
  return {
    name: 'AddPartitionsToTxn',
    key: 24,
    version: 1,
    flexible: false,
    write(writer) {
      writer.string(transactionalId).id64(producerId).i16(producerEpoch);
      writer.array(topics, ({ topic, partitions }) =>
        writer.string(topic).array(partitions, (partition) => writer.i32(partition)),
      );
    },
    read(reader) {
      reader.throttle();
      const errors = reader.array(() => {
        const topic = reader.string();
        return reader.array(() => ({ topic, partition: reader.i32(), error: reader.i16() }));
      });
      return errors.flat();
    },
  };
}

/**
 * AddOffsetsToTxn 1; returns the error. https://kafka.apache.org/protocol.html#The_Messages_AddOffsetsToTxn
 *
 *   request:  transactional id string, producer i64, epoch i16, group string
 *   response: throttle i32, error i16
 */
export function addOffsetsToTxn(
  { transactionalId, producerId, producerEpoch }: ProducerIdentity,
  group: string,
): Call<number> {
  return {
    name: 'AddOffsetsToTxn',
    key: 25,
    version: 1,
    flexible: false,
    write: (writer) => void writer.string(transactionalId).id64(producerId).i16(producerEpoch).string(group),
    read(reader) {
      reader.throttle();
      return reader.i16();
    },
  };
}

export interface GroupOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/**
 * TxnOffsetCommit 1: the version before members and generations were added (KIP-447). Producers are
 * fenced only by their epoch. Returns the error; undefined if the answer has none for the
 * partition. https://kafka.apache.org/protocol.html#The_Messages_TxnOffsetCommit
 *
 *   request:  transactional id string, group string, producer i64, epoch i16,
 *             [topic string, [partition i32, offset i64, metadata string?]]
 *   response: throttle i32, [topic string, [partition i32, error i16]]
 */
export function txnOffsetCommit(
  { transactionalId, producerId, producerEpoch }: ProducerIdentity,
  { group, topic, partition, offset, metadata }: GroupOffset,
): Call<number | undefined> {
  return {
    name: 'TxnOffsetCommit',
    key: 28,
    version: 1,
    flexible: false,
    write(writer) {
      writer.string(transactionalId).string(group).id64(producerId).i16(producerEpoch);
      writer.array([topic], (name) =>
        writer.string(name).array([partition], (number) => writer.i32(number).i64(offset).string(metadata)),
      );
    },
    read(reader) {
      reader.throttle();
      const errors = reader.array(() => {
        reader.string();
        return reader.array(() => ({ partition: reader.i32(), error: reader.i16() }));
      });
      return errors.flat()[0]?.error;
    },
  };
}

/**
 * EndTxn 1; returns the error. https://kafka.apache.org/protocol.html#The_Messages_EndTxn
 *
 *   request:  transactional id string, producer i64, epoch i16, commit bool
 *   response: throttle i32, error i16
 */
export function endTxn(
  { transactionalId, producerId, producerEpoch }: ProducerIdentity,
  commit: boolean,
): Call<number> {
  return {
    name: 'EndTxn',
    key: 26,
    version: 1,
    flexible: false,
    write: (writer) => void writer.string(transactionalId).id64(producerId).i16(producerEpoch).bool(commit),
    read(reader) {
      reader.throttle();
      return reader.i16();
    },
  };
}

export interface Transaction {
  readonly id: string;
  readonly error: number;
  /** The current producer of the id. */
  readonly producer: string;
  readonly epoch: number;
}

/**
 * DescribeTransactions 0 (KIP-664). https://kafka.apache.org/protocol.html#The_Messages_DescribeTransactions
 *
 *   request:  [transactional id string]
 *   response: throttle i32, [error i16, transactional id string, state string, timeout i32, started i64, producer i64,
 *             epoch i16, [topic string, [partition i32]]]
 */
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
        const producer = reader.id64();
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
