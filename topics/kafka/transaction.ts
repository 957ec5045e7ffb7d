/**
 * The producer of one transactional id. Whoever initialises it last is the only one that can commit: the broker counts up the
 * epoch, ends what the one before left open, and refuses it from then on.
 *
 * kafkajs's own producer is not used: it does not repeat `sendOffsets` when a coordinator moves, waits 100 ms and more between
 * two transactions, and goes on without idempotence when it could not be initialised.
 */
import type { NewRecord } from '../transport.ts';
import { append } from './append.ts';
import { describeTransaction } from './calls.ts';
import type { Cluster } from './cluster.ts';
import { check, isFencing, KafkaError } from './errors.ts';
import type { Producer } from './records.ts';

/** After so long the broker aborts what a dead owner left open, if nobody claims before. Readers wait for that. */
const TRANSACTION_MS = 20_000;
const LATE_ABORT_MS = 1000;

export interface OffsetCommit {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

interface Answer {
  readonly errorCode: number;
}

interface ByPartition {
  readonly partition: number;
  readonly errorCode: number;
}

export class TransactionalProducer {
  readonly #cluster: Cluster;
  readonly #id: string;
  readonly #lane: string;
  readonly #producer: Producer;
  readonly #sequences = new Map<string, number>();

  private constructor(cluster: Cluster, id: string, lane: string, producer: Producer) {
    this.#cluster = cluster;
    this.#id = id;
    this.#lane = lane;
    this.#producer = producer;
  }

  /** Fences every earlier producer of the id. Once it settles, no transaction of theirs is open any more. */
  static async initialise(cluster: Cluster, id: string, lane: string): Promise<TransactionalProducer> {
    const { producerId, producerEpoch } = await cluster.persist(async () => {
      const node = await cluster.coordinator('transaction', id);
      const answer = await cluster
        .lane(node, lane)
        .ask<Answer & { producerId: string; producerEpoch: number }>('InitProducerId', {
          transactionalId: id,
          transactionTimeout: TRANSACTION_MS,
        });
      check(answer.errorCode, `initialising the producer ${id}`);
      return answer;
    });
    return new TransactionalProducer(cluster, id, lane, { id: producerId, epoch: producerEpoch });
  }

  /** Whether no other producer of the id was initialised since. */
  async isNewest(): Promise<boolean> {
    const found = await this.#cluster.persist(async () => {
      const answer = await (await this.#coordinator()).call(describeTransaction(this.#id));
      // Not found: the broker forgets an id that was not used for a week.
      if (answer !== undefined && answer.error !== 105) check(answer.error, `looking for the producer ${this.#id}`);
      return answer;
    });
    return found?.producer === this.#producer.id && found.epoch === this.#producer.epoch;
  }

  /**
   * One transaction, of records, an offset, or both. Answers the records' offsets. After an error this producer is of no more
   * use: initialise another.
   */
  async transact(records: readonly NewRecord[], offset?: OffsetCommit): Promise<number[]> {
    try {
      await all([this.#addPartitions(records), offset && this.#addOffsets(offset.group)]);
      const [offsets] = await all([this.#append(records), offset && this.#commitOffset(offset)]);
      await this.#end(true);
      return offsets as number[];
    } catch (error) {
      // What stays open holds up the readers of its partitions. The outcome does not matter: the next owner ends it too.
      if (!isFencing(error)) this.#end(false, LATE_ABORT_MS).catch(() => {});
      throw error;
    }
  }

  async #addPartitions(records: readonly NewRecord[]): Promise<void> {
    if (records.length === 0) return;
    const topics = [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, here]) => ({
      topic,
      partitions: [...new Set(here.map(({ partition }) => partition))],
    }));
    await this.#cluster.persist(async () => {
      const { errors } = await (await this.#coordinator()).ask<{
        errors: { topic: string; partitionErrors: ByPartition[] }[];
      }>('AddPartitionsToTxn', {
        ...this.#self(),
        topics,
      });
      const failed = errors.flatMap(({ topic, partitionErrors }) =>
        // 55: another partition's error is why this one was not looked at.
        partitionErrors
          .filter(({ errorCode }) => errorCode !== 0 && errorCode !== 55)
          .map((each) => ({ topic, ...each })),
      );
      for (const { topic, partition, errorCode } of failed) {
        check(errorCode, `beginning a transaction on partition ${partition} of ${topic}`);
      }
    });
  }

  async #addOffsets(group: string): Promise<void> {
    await this.#cluster.persist(async () => {
      const answer = await (await this.#coordinator()).ask<Answer>('AddOffsetsToTxn', {
        ...this.#self(),
        groupId: group,
      });
      check(answer.errorCode, `beginning a transaction on the offsets of ${group}`);
    });
  }

  #append(records: readonly NewRecord[]): Promise<number[]> {
    const sender = { ...this.#producer, transactionalId: this.#id, sequences: this.#sequences };
    return append(this.#cluster, this.#lane, sender, records);
  }

  async #commitOffset({ group, topic, partition, offset, metadata }: OffsetCommit): Promise<void> {
    await this.#cluster.persist(async () => {
      const node = await this.#cluster.coordinator('group', group);
      const { topics } = await this.#cluster
        .lane(node, this.#lane)
        .ask<{ topics: { partitions: ByPartition[] }[] }>('TxnOffsetCommit', {
          ...this.#self(),
          groupId: group,
          topics: [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }],
        });
      const answer = topics[0]?.partitions[0];
      if (answer === undefined) throw new KafkaError(-1, `committing offsets of ${group}`);
      check(answer.errorCode, `committing the offset of ${group} for partition ${partition} of ${topic}`);
    });
  }

  async #end(commit: boolean, patienceMs?: number): Promise<void> {
    await this.#cluster.persist(async () => {
      const answer = await (await this.#coordinator()).ask<Answer>('EndTxn', {
        ...this.#self(),
        transactionResult: commit,
      });
      check(answer.errorCode, `${commit ? 'committing' : 'aborting'} a transaction of ${this.#id}`);
    }, patienceMs);
  }

  #self(): { transactionalId: string; producerId: string; producerEpoch: number } {
    return { transactionalId: this.#id, producerId: this.#producer.id, producerEpoch: this.#producer.epoch };
  }

  async #coordinator() {
    const node = await this.#cluster.coordinator('transaction', this.#id);
    return this.#cluster.lane(node, this.#lane);
  }
}

/** Like `Promise.all`, but settles only when all of them have: what goes on must not meet what comes after. */
async function all<T extends readonly unknown[]>(works: T): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  const settled = await Promise.allSettled(works);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [I in keyof T]: Awaited<T[I]>;
  };
}
