/**
 * The producer of one transactional id. Whoever initialises it last is the only one that can commit: the broker counts up the
 * epoch, ends what the one before left open, and refuses it from then on.
 *
 * kafkajs's own producer is not used: it does not repeat `sendOffsets` when a coordinator moves, waits 100 ms and more between
 * two transactions, and goes on without idempotence when it could not be initialised.
 */
import type { NewRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Sealed } from '../group/marks-topic.ts';
import { CODE, check, hasCode, isFencing, KafkaError } from '../wire/errors.ts';
import { append } from './append.ts';

const LATE_ABORT_MS = 1000;

export interface OffsetCommit {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The metadata, and what they need in the transaction. Called again after `refused` has answered true. */
  seal(): Promise<Sealed>;
  /** The broker does not take so long a metadata: answers whether there is a shorter one. */
  refused(metadata: string): boolean;
}

export interface Answer {
  readonly errorCode: number;
}

interface ByPartition {
  readonly partition: number;
  readonly errorCode: number;
}

/** Who a producer is to its coordinator. */
export interface Identity {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** Made by `Producers.initialise`. */
export class TransactionalProducer {
  readonly identity: Identity;
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #sequences = new Map<string, number>();
  /** Whether a transaction is open, or may be. */
  #open = false;
  /** The group whose offsets are part of it. */
  #group: string | undefined;

  constructor(cluster: Cluster, identity: Identity, lane: string) {
    this.identity = identity;
    this.#cluster = cluster;
    this.#lane = lane;
  }

  /**
   * Begins a transaction with the offsets of the group. The coordinator refuses it if another producer of the id was initialised,
   * and writes it to its log before it answers, which one that was deposed cannot do: so nobody was before this was called.
   */
  async begin(group: string): Promise<void> {
    // What is part of a transaction already is answered without being written.
    if (this.#group !== undefined) await this.#end(false);
    this.#open = true;
    try {
      await this.#addOffsets(group);
    } catch (error) {
      if (!isFencing(error)) this.abandon();
      throw error;
    }
    this.#group = group;
  }

  /** Aborts what was begun, without waiting: what stays open ends with the next claim, or in time. */
  abandon(): void {
    if (this.#open) this.#end(false, LATE_ABORT_MS).catch(() => {});
  }

  /**
   * One transaction, of records, an offset, or both. Answers the records' offsets. After an error this producer is of no more
   * use: initialise another.
   */
  async transact(records: readonly NewRecord[], offset?: OffsetCommit): Promise<number[]> {
    try {
      const sealed = await offset?.seal();
      this.#open = true;
      const offsets = await (offset === undefined || sealed === undefined
        ? this.#addPartitions(records).then(() => this.#append(records))
        : this.#both(records, offset, sealed));
      await this.#end(true);
      return offsets;
    } catch (error) {
      // What stays open holds up the readers of its partitions. The outcome does not matter: the next owner ends it too.
      if (!isFencing(error)) this.abandon();
      throw error;
    }
  }

  async #both(records: readonly NewRecord[], offset: OffsetCommit, sealed: Sealed): Promise<number[]> {
    const { record } = sealed;
    const appended = record === undefined ? records : [...records, record];
    await all([this.#addPartitions(appended), this.#group === undefined && this.#addOffsets(offset.group)]);
    if (record !== undefined) {
      const offsets = await this.#append(appended);
      await this.#commitOffset(offset, sealed.metadata(offsets.at(-1)));
      return offsets.slice(0, records.length);
    }
    const metadata = sealed.metadata(undefined);
    const [offsets] = await all([this.#append(records), this.#commitOrMakeRoom(offset, metadata)]);
    return offsets;
  }

  /** The broker may take less metadata than was thought: then the marks are appended after all. */
  async #commitOrMakeRoom(offset: OffsetCommit, metadata: string): Promise<void> {
    try {
      await this.#commitOffset(offset, metadata);
    } catch (error) {
      if (!hasCode(error, CODE.OFFSET_METADATA_TOO_LARGE) || !offset.refused(metadata)) throw error;
      const { record, metadata: shorter } = await offset.seal();
      if (record === undefined) throw error;
      await this.#addPartitions([record]);
      const [appendedAt] = await this.#append([record]);
      await this.#commitOffset(offset, shorter(appendedAt));
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
        ...this.identity,
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
        ...this.identity,
        groupId: group,
      });
      check(answer.errorCode, `beginning a transaction on the offsets of ${group}`);
    });
  }

  #append(records: readonly NewRecord[]): Promise<number[]> {
    const { transactionalId, producerId: id, producerEpoch: epoch } = this.identity;
    const sender = { id, epoch, transactionalId, sequences: this.#sequences };
    return append(this.#cluster, this.#lane, sender, records);
  }

  async #commitOffset({ group, topic, partition, offset }: OffsetCommit, metadata: string): Promise<void> {
    await this.#cluster.persist(async () => {
      const node = await this.#cluster.coordinator('group', group);
      const { topics } = await this.#cluster
        .lane(node, this.#lane)
        .ask<{ topics: { partitions: ByPartition[] }[] }>('TxnOffsetCommit', {
          ...this.identity,
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
        ...this.identity,
        transactionResult: commit,
      });
      check(
        answer.errorCode,
        `${commit ? 'committing' : 'aborting'} a transaction of ${this.identity.transactionalId}`,
      );
    }, patienceMs);
    this.#open = false;
    this.#group = undefined;
  }

  async #coordinator() {
    const node = await this.#cluster.coordinator('transaction', this.identity.transactionalId);
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
