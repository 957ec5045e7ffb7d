/**
 * Records that belong to no claim. What fits one batch of one partition is one idempotent request; everything else is a
 * transaction, of a producer that nobody else uses meanwhile.
 */
import { randomUUID } from 'node:crypto';
import type { NewRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CODE, check, hasCode, isFencing } from '../wire/errors.ts';
import { append, placesOf, type Sender, split } from './append.ts';
import type { Producers } from './producers.ts';
import type { TransactionalProducer } from './transaction.ts';

const LANE = 'append';
/** More are given up after their transaction. */
const KEPT_PRODUCERS = 8;
/** Nobody initialises their ids again: readers wait so long for what this process left open when it died. */
const TRANSACTION_MS = 20_000;

export class Appender {
  readonly #cluster: Cluster;
  readonly #producers: Producers;
  readonly #free: TransactionalProducer[] = [];
  #sender: Promise<Sender> | undefined;
  /** The last request to each partition: a broker takes a sender's records of a partition only in their order. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(cluster: Cluster, producers: Producers) {
    this.#cluster = cluster;
    this.#producers = producers;
  }

  /** All of them or none; answers their offsets in the order given. */
  async append(records: readonly NewRecord[]): Promise<number[]> {
    const [first] = records;
    if (first === undefined) return [];
    const places = placesOf(records);
    await this.#cluster.persist(async () => {
      for (const { topic, partition } of places) await this.#cluster.partition(topic, partition);
    });
    const place = `${first.topic}/${first.partition}`;
    const isOneBatch = places.length === 1 && split(records).length === 1;
    if (!isOneBatch) return this.#together(records);
    try {
      return await this.#inTurn(place, () => this.#once(records));
    } catch (error) {
      // Several of them may fit one by one, which takes a transaction.
      if (records.length === 1 || !hasCode(error, CODE.MESSAGE_TOO_LARGE)) throw error;
      return this.#together(records);
    }
  }

  async #inTurn<T>(place: string, body: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(place) ?? Promise.resolve()).then(body, body);
    this.#turns.set(place, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(place) === turn) this.#turns.delete(place);
    }
  }

  async #once(records: readonly NewRecord[]): Promise<number[]> {
    this.#sender ??= this.#initialise();
    const sender = this.#sender;
    try {
      return await append(this.#cluster, LANE, await sender, records);
    } catch (error) {
      // Its count of what it sent may not be the broker's any more.
      if (this.#sender === sender) this.#sender = undefined;
      throw error;
    }
  }

  async #initialise(): Promise<Sender> {
    const { producerId, producerEpoch } = await this.#cluster.persist(async () => {
      const node = await this.#cluster.controller();
      const answer = await this.#cluster
        .lane(node, LANE)
        .ask<{ errorCode: number; producerId: string; producerEpoch: number }>('InitProducerId', {
          transactionalId: null,
          transactionTimeout: 0,
        });
      check(answer.errorCode, 'initialising a producer');
      return answer;
    });
    return { id: producerId, epoch: producerEpoch, transactionalId: null, sequences: new Map() };
  }

  async #together(records: readonly NewRecord[]): Promise<number[]> {
    const kept = this.#free.pop();
    if (kept !== undefined) {
      try {
        return await this.#with(kept, records);
      } catch (error) {
        // Nobody fences these: the broker has forgotten one that was not used for a week. Nothing was appended.
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
    return this.#producers.initialise(`tributary-append/${randomUUID()}`, { lane: LANE, timeoutMs: TRANSACTION_MS });
  }
}
