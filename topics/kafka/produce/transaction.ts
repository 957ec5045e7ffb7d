/**
 * The producer of one transactional id. Only the producer that initialised the id last can commit:
 * the broker increments the epoch, ends what the previous producer left open, and refuses the
 * previous one from then on.
 *
 * kafkajs's own producer is not used: it does not repeat `sendOffsets` when a coordinator moves, waits 100 ms and more
 * between two transactions, and continues without idempotence when it could not be initialised.
 */
import type { NewRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  type ProducerIdentity,
  txnOffsetCommit,
} from '../wire/calls/transactions.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, hasCode, isFencing, KafkaError } from '../wire/errors.ts';
import { append } from './append.ts';

const LATE_ABORT_MS = 1000;

export interface OffsetCommit {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The metadata, and the record that it needs in the transaction. Called again after `refused` has returned true. */
  seal(): Promise<Sealed>;
  /** Called if the broker does not accept metadata of this length. Returns whether there is a shorter form. */
  refused(metadata: string): boolean;
}

/** The metadata of an offset, ready to be committed. */
export interface Sealed {
  /**
   * The record to append in the transaction before the offset is committed; undefined if the metadata contain
   * everything.
   */
  readonly record: NewRecord | undefined;
  /** `appendedAt` is the offset of the record. */
  metadata(appendedAt: number | undefined): string;
}

/** Created by `Producers.initialise`. */
export class TransactionalProducer {
  readonly identity: ProducerIdentity;
  readonly #cluster: Cluster;
  readonly #connection: string;
  readonly #sequences = new Map<string, number>();
  /** Whether a transaction is open, or may be. */
  #open = false;
  /** The group whose offsets are part of the open transaction. */
  #group: string | undefined;

  /** Sends over the connections of that name. */
  constructor(cluster: Cluster, identity: ProducerIdentity, connection: string) {
    this.identity = identity;
    this.#cluster = cluster;
    this.#connection = connection;
  }

  /**
   * Begins a transaction with the offsets of the group. The coordinator refuses it if another
   * producer of the id was initialised. It writes to its log before it answers, which a replaced
   * coordinator cannot do. So if this succeeds, no other producer was initialised before the call.
   */
  async begin(group: string): Promise<void> {
    // If the offsets are already part of a transaction, the coordinator answers without writing.
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

  /**
   * Aborts an open transaction, without waiting. If the abort fails, the transaction ends with the next claim, or times
   * out.
   */
  abandon(): void {
    if (this.#open) this.#end(false, LATE_ABORT_MS).catch(() => {});
  }

  /**
   * One transaction, of records, an offset, or both. Returns the records' offsets. After an error
   * this producer cannot be used again: initialise another one.
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
      // An open transaction holds up the readers of its partitions. The outcome does not matter: the next owner ends it too.
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
    const [offsets] = await all([this.#append(records), this.#commitOrShorten(offset, metadata)]);
    return offsets;
  }

  /** The broker may accept less metadata than expected: then the metadata are appended after all. */
  async #commitOrShorten(offset: OffsetCommit, metadata: string): Promise<void> {
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
      const coordinator = await this.#coordinator();
      for (const { topic, partition, error } of await coordinator.send(addPartitionsToTxn(this.identity, topics))) {
        // Not tried, because of another partition's error.
        if (error === CODE.OPERATION_NOT_ATTEMPTED) continue;
        check(error, `beginning a transaction on partition ${partition} of ${topic}`);
      }
    });
  }

  async #addOffsets(group: string): Promise<void> {
    await this.#cluster.persist(async () => {
      const coordinator = await this.#coordinator();
      const error = await coordinator.send(addOffsetsToTxn(this.identity, group));
      check(error, `beginning a transaction on the offsets of ${group}`);
    });
  }

  #append(records: readonly NewRecord[]): Promise<number[]> {
    const { transactionalId, producerId: id, producerEpoch: epoch } = this.identity;
    const sender = { id, epoch, transactionalId, connection: this.#connection, sequences: this.#sequences };
    return append(this.#cluster, sender, records);
  }

  async #commitOffset({ group, topic, partition, offset }: OffsetCommit, metadata: string): Promise<void> {
    await this.#cluster.persist(async () => {
      const node = await this.#cluster.coordinator('group', group);
      const commit = txnOffsetCommit(this.identity, { group, topic, partition, offset, metadata });
      const error = await this.#cluster.connection(node, this.#connection).send(commit);
      if (error === undefined) throw new KafkaError(CODE.UNKNOWN_SERVER_ERROR, `committing offsets of ${group}`);
      check(error, `committing the offset of ${group} for partition ${partition} of ${topic}`);
    });
  }

  async #end(commit: boolean, patienceMs?: number): Promise<void> {
    await this.#cluster.persist(async () => {
      const coordinator = await this.#coordinator();
      check(
        await coordinator.send(endTxn(this.identity, commit)),
        `${commit ? 'committing' : 'aborting'} a transaction of ${this.identity.transactionalId}`,
      );
    }, patienceMs);
    this.#open = false;
    this.#group = undefined;
  }

  async #coordinator() {
    const node = await this.#cluster.coordinator('transaction', this.identity.transactionalId);
    return this.#cluster.connection(node, this.#connection);
  }
}

/** Like `Promise.all`, but settles only when all of them have: nothing may be in flight afterwards. */
async function all<T extends readonly unknown[]>(works: T): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  const settled = await Promise.allSettled(works);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [I in keyof T]: Awaited<T[I]>;
  };
}
