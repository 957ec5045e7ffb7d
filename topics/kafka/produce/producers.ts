/** The transactional producers of a process: made a few at a time, and asked for their owners all together. */

import type { Cluster } from '../cluster/cluster.ts';
import { Together, Turns } from '../cluster/coalescer.ts';
import { describeTransactions } from '../wire/calls.ts';
import { CODE, check, KafkaError } from '../wire/errors.ts';
import { type Answer, type Identity, TransactionalProducer } from './transaction.ts';

/** By one broker. Each is written to a log of its own: of very many at once the last would wait too long for their answers. */
const AT_A_TIME = 16;

/** How a transactional id is used. */
export interface Use {
  /** The connections that carry its transactions. */
  readonly lane: string;
  /** After so long the broker aborts what a dead owner left open, if nobody initialises the id before. */
  readonly timeoutMs: number;
}

export class Producers {
  readonly #cluster: Cluster;
  /** By the number of the broker. */
  readonly #turns = new Map<number, Turns>();
  readonly #owners: Together<Identity, boolean>;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#owners = new Together((node, identities) => this.#areNewest(Number(node), identities));
  }

  /** Fences every earlier producer of the id. Once it settles, no transaction of theirs is open any more. */
  async initialise(id: string, { lane, timeoutMs }: Use): Promise<TransactionalProducer> {
    const { producerId, producerEpoch } = await this.#cluster.persist(async () => {
      const node = await this.#cluster.coordinator('transaction', id);
      const answer = await this.#turnsOf(node).take(() =>
        this.#cluster.lane(node, lane).ask<Answer & { producerId: string; producerEpoch: number }>('InitProducerId', {
          transactionalId: id,
          transactionTimeout: timeoutMs,
        }),
      );
      check(answer.errorCode, `initialising the producer ${id}`);
      return answer;
    });
    return new TransactionalProducer(this.#cluster, { transactionalId: id, producerId, producerEpoch }, lane);
  }

  /**
   * Whether no other producer of the id was initialised since, as far as its coordinator knows. One that was deposed and has
   * not noticed answers from the past: what must be certain asks by `TransactionalProducer.begin`.
   */
  isNewest(identity: Identity): Promise<boolean> {
    return this.#cluster.persist(async () => {
      const node = await this.#cluster.coordinator('transaction', identity.transactionalId);
      return this.#owners.ask(String(node), identity);
    });
  }

  #turnsOf(node: number): Turns {
    const turns = this.#turns.get(node) ?? new Turns(AT_A_TIME);
    this.#turns.set(node, turns);
    return turns;
  }

  async #areNewest(node: number, identities: readonly Identity[]): Promise<(boolean | Error)[]> {
    const ids = [...new Set(identities.map(({ transactionalId }) => transactionalId))];
    const answers = await this.#cluster.lane(node, 'main').call(describeTransactions(ids));
    const found = new Map(answers.map((answer) => [answer.id, answer]));
    return identities.map(({ transactionalId, producerId, producerEpoch }) => {
      const answer = found.get(transactionalId);
      if (answer === undefined) return new KafkaError(-1, `looking for the producer ${transactionalId}`);
      // The broker forgets an id that was not used for a week.
      if (answer.error === CODE.TRANSACTIONAL_ID_NOT_FOUND) return false;
      if (answer.error !== 0) return new KafkaError(answer.error, `looking for the producer ${transactionalId}`);
      return answer.producer === producerId && answer.epoch === producerEpoch;
    });
  }
}
