/** The transactional producers of a process: initialised a few at a time, and checked together. */

import type { Cluster } from '../cluster/cluster.ts';
import { Coalescer } from '../cluster/coalescer.ts';
import { describeTransactions, initProducerId, type ProducerIdentity } from '../wire/calls/transactions.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, KafkaError } from '../wire/errors.ts';
import { Semaphore } from './semaphore.ts';
import { TransactionalProducer } from './transaction.ts';

/** The limit for each broker. It writes each producer to its log: with very many at once, the last ones would time out. */
const AT_A_TIME = 16;

/** How a transactional id is used. */
export interface Use {
  /** The name of the connections for its transactions. */
  readonly connection: string;
  /**
   * After this time the broker aborts a transaction that a dead owner left open, unless the id is initialised before.
   */
  readonly timeoutMs: number;
}

export class Producers {
  readonly #cluster: Cluster;
  /** By the number of the broker. */
  readonly #semaphores = new Map<number, Semaphore>();
  readonly #owners: Coalescer<ProducerIdentity, boolean>;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#owners = new Coalescer((node, identities) => this.#areNewest(Number(node), identities));
  }

  /** Fences every earlier producer of the id. Once it settles, none of them has an open transaction. */
  async initialise(id: string, { connection, timeoutMs }: Use): Promise<TransactionalProducer> {
    const { producerId, producerEpoch } = await this.#cluster.persist(async () => {
      const node = await this.#cluster.coordinator('transaction', id);
      const answer = await this.#semaphoreOf(node).run(() =>
        this.#cluster.connection(node, connection).send(initProducerId(id, timeoutMs)),
      );
      check(answer.error, `initialising the producer ${id}`);
      return answer;
    });
    return new TransactionalProducer(this.#cluster, { transactionalId: id, producerId, producerEpoch }, connection);
  }

  /**
   * Whether no other producer of the id was initialised since, as far as its coordinator knows. A
   * coordinator that was replaced and has not noticed answers with old state: to be certain, use
   * `TransactionalProducer.begin`.
   */
  isNewest(identity: ProducerIdentity): Promise<boolean> {
    return this.#cluster.persist(async () => {
      const node = await this.#cluster.coordinator('transaction', identity.transactionalId);
      return this.#owners.ask(String(node), identity);
    });
  }

  #semaphoreOf(node: number): Semaphore {
    const semaphore = this.#semaphores.get(node) ?? new Semaphore(AT_A_TIME);
    this.#semaphores.set(node, semaphore);
    return semaphore;
  }

  async #areNewest(node: number, identities: readonly ProducerIdentity[]): Promise<(boolean | Error)[]> {
    const ids = [...new Set(identities.map(({ transactionalId }) => transactionalId))];
    const answers = await this.#cluster.connection(node, 'main').send(describeTransactions(ids));
    const found = new Map(answers.map((answer) => [answer.id, answer]));
    return identities.map(({ transactionalId, producerId, producerEpoch }) => {
      const answer = found.get(transactionalId);
      if (answer === undefined)
        return new KafkaError(CODE.UNKNOWN_SERVER_ERROR, `looking for the producer ${transactionalId}`);
      // The broker forgets an id that was not used for a week.
      if (answer.error === CODE.TRANSACTIONAL_ID_NOT_FOUND) return false;
      if (answer.error !== 0) return new KafkaError(answer.error, `looking for the producer ${transactionalId}`);
      return answer.producer === producerId && answer.epoch === producerEpoch;
    });
  }
}
