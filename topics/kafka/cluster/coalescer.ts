/**
 * Questions of one kind that are asked at about the same time, answered by one request: what is asked while a request is under
 * way waits for the next one. So the requests of a process do not grow with the number of its partitions.
 */

/** In one request at most. */
const MOST = 1000;

interface Asked<Q, A> {
  readonly question: Q;
  resolve(answer: A): void;
  reject(error: unknown): void;
}

/** Answers each question, in their order; an error stands for the answer to its own question alone. */
type Ask<Q, A> = (where: string, questions: readonly Q[]) => Promise<readonly (A | Error)[]>;

export class Together<Q, A> {
  readonly #ask: Ask<Q, A>;
  /** By where they are asked: a broker that does not answer holds up its own questions only. */
  readonly #queues = new Map<string, Asked<Q, A>[]>();

  constructor(ask: Ask<Q, A>) {
    this.#ask = ask;
  }

  ask(where: string, question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      const asked = { question, resolve, reject };
      const queue = this.#queues.get(where);
      if (queue !== undefined) return void queue.push(asked);
      const fresh = [asked];
      this.#queues.set(where, fresh);
      setImmediate(() => void this.#answer(where, fresh));
    });
  }

  async #answer(where: string, queue: Asked<Q, A>[]): Promise<void> {
    while (queue.length > 0) {
      const asked = queue.splice(0, MOST);
      try {
        const answers = await this.#ask(
          where,
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
    this.#queues.delete(where);
  }
}

/** So many at a time; the others wait for their turn. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take<T>(body: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await body();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
