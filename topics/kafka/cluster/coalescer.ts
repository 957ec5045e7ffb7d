/**
 * Combines questions of one kind that are asked at about the same time into one request. Questions
 * that are asked while a request is in flight wait for the next one. So the number of requests does
 * not grow with the number of partitions.
 */

/** The most questions in one request. */
const MOST = 1000;

interface Waiting<Q, A> {
  readonly question: Q;
  resolve(answer: A): void;
  reject(error: unknown): void;
}

/**
 * Returns the answers in the order of the questions. An error among the answers concerns only its own
 * question.
 */
type Ask<Q, A> = (destination: string, questions: readonly Q[]) => Promise<readonly (A | Error)[]>;

export class Coalescer<Q, A> {
  readonly #ask: Ask<Q, A>;
  /** By destination: a broker that does not answer delays only its own questions. */
  readonly #queues = new Map<string, Waiting<Q, A>[]>();

  constructor(ask: Ask<Q, A>) {
    this.#ask = ask;
  }

  ask(destination: string, question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      const waiting = { question, resolve, reject };
      const queue = this.#queues.get(destination);
      if (queue !== undefined) return void queue.push(waiting);
      const fresh = [waiting];
      this.#queues.set(destination, fresh);
      setImmediate(() => void this.#answer(destination, fresh));
    });
  }

  async #answer(destination: string, queue: Waiting<Q, A>[]): Promise<void> {
    while (queue.length > 0) {
      const asked = queue.splice(0, MOST);
      try {
        const answers = await this.#ask(
          destination,
          asked.map(({ question }) => question),
        );
        for (const [i, { resolve, reject }] of asked.entries()) {
          const answer = answers[i] as A | Error;
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        }
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#queues.delete(destination);
  }
}
