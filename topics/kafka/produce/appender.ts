/**
 * Appends records that belong to no claim. Records that fit into one batch of one partition are one
 * idempotent request; everything else is a transaction, with a producer that nobody else uses
 * meanwhile.
 */
import { randomUUID } from 'node:crypto';
import type { NewRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf } from '../cluster/topic-partition.ts';
import { initProducerId } from '../wire/calls/transactions.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, hasCode, isFencing } from '../wire/errors.ts';
import { append, findLeaders, partitionsOf, type Sender, split } from './append.ts';
import type { Producers } from './producers.ts';
import type { TransactionalProducer } from './transaction.ts';

const CONNECTION = 'append';
/** How many idle producers are kept. Further ones are discarded after their transaction. */
const KEPT_PRODUCERS = 8;
/**
 * Nobody initialises these ids again, so readers wait this long for a transaction that a dead process left open.
 */
const TRANSACTION_MS = 20_000;

export class Appender {
  readonly #cluster: Cluster;
  readonly #producers: Producers;
  readonly #free: TransactionalProducer[] = [];
  #sender: Promise<Sender> | undefined;
  /**
   * The last request to each partition: a broker accepts a producer's records for a partition only in order.
   */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(cluster: Cluster, producers: Producers) {
    this.#cluster = cluster;
    this.#producers = producers;
  }

  /** Appends all records or none. Returns their offsets in the order given. */
  async append(records: readonly NewRecord[]): Promise<number[]> {
    const [first] = records;
    if (first === undefined) return [];
    const partitions = partitionsOf(records);
    await findLeaders(this.#cluster, partitions);
    const isOneBatch = partitions.length === 1 && split(records).length === 1;
    if (!isOneBatch) return this.#together(records);
    try {
      return await this.#inTurn(keyOf(first), () => this.#once(records));
    } catch (error) {
      // They may fit one by one, which needs a transaction.
      if (records.length === 1 || !hasCode(error, CODE.MESSAGE_TOO_LARGE)) throw error;
      return this.#together(records);
    }
  }

  async #inTurn<T>(key: string, body: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(body, body);
    this.#turns.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }

  async #once(records: readonly NewRecord[]): Promise<number[]> {
    this.#sender ??= this.#initialise();
    const sender = this.#sender;
    try {
      return await append(this.#cluster, await sender, records);
    } catch (error) {
      // Its sequences may differ from the broker's.
      if (this.#sender === sender) this.#sender = undefined;
      throw error;
    }
  }

  async #initialise(): Promise<Sender> {
    const { producerId, producerEpoch } = await this.#cluster.persist(async () => {
      const node = await this.#cluster.controller();
      const answer = await this.#cluster.connection(node, CONNECTION).send(initProducerId(null, 0));
      check(answer.error, 'initialising a producer');
      return answer;
    });
    return {
      id: producerId,
      epoch: producerEpoch,
      connection: CONNECTION,
      transactionalId: null,
      sequences: new Map(),
    };
  }

  async #together(records: readonly NewRecord[]): Promise<number[]> {
    const kept = this.#free.pop();
    if (kept !== undefined) {
      try {
        return await this.#with(kept, records);
      } catch (error) {
        // Nobody fences these producers, but the broker forgets one that was not used for a week.
        // Nothing was appended, so this tries again with another one.
        if (!isFencing(error)) throw error;
      }
    }
    return this.#with(await this.#newProducer(), records);
  }

  async #with(producer: TransactionalProducer, records: readonly NewRecord[]): Promise<number[]> {
    const offsets = await producer.transact(records);
    if (this.#free.length < KEPT_PRODUCERS) this.#free.push(producer);
    return offsets;
  }

  #newProducer(): Promise<TransactionalProducer> {
    return this.#producers.initialise(`tributary-append/${randomUUID()}`, {
      connection: CONNECTION,
      timeoutMs: TRANSACTION_MS,
    });
  }
}
