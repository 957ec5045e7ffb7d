/** A worker that stops before each of its effects until the test releases it. */

import { kindOf } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import type { PartitionOwner, Turn } from '../../jobs/runtime/owner.ts';
import type { Point, Reach } from '../../testing/points.ts';

/** One worker, as if in its own process. */
export class Actor {
  readonly job: Job;
  readonly partition: number;
  /** Consecutive turns that had nothing to do. */
  idleTurns = 0;
  /** Turns that had something to do. */
  worked = 0;
  failure: unknown;
  /** Whether a fenced worker ends instead of claiming again. */
  endsFenced = false;
  hasEnded = false;
  /** Effects waiting to be released. There are several when a batch calls several channels at once. */
  readonly #waiting: (() => void)[] = [];
  #parked: (() => void) | undefined;

  constructor(job: Job, partition: number) {
    this.job = job;
    this.partition = partition;
  }

  /** The next effect. */
  point: Point = 'fetch';

  readonly reach: Reach = (point) =>
    new Promise<void>((resolve) => {
      this.point = point;
      this.#waiting.push(resolve);
      this.#parked?.();
    });

  /** Runs turn after turn as in production, except that every effect waits for a `step`. */
  start(worker: PartitionOwner): void {
    const stop = new AbortController();
    const turn = worker.turn.bind(worker);
    worker.turn = async (...args) => {
      await this.reach('fetch');
      // If a store does not answer, the next turn starts over, as after a crash.
      const done = await turn(...args).catch((error): Turn => {
        if (kindOf(error) !== 'retry') throw error;
        return 'fenced';
      });
      if (done !== 'idle') this.worked += 1;
      this.idleTurns = done === 'idle' ? this.idleTurns + 1 : 0;
      if (done === 'fenced' && this.endsFenced) stop.abort();
      return done;
    };
    worker
      .run(stop.signal)
      .then(() => {
        this.hasEnded = true;
      })
      .catch((error) => {
        this.failure = error;
      })
      .finally(() => this.#parked?.());
  }

  /** Releases one effect, and waits until the worker stops at the next one. */
  async step(): Promise<void> {
    const parked = new Promise<void>((resolve) => {
      this.#parked = resolve;
    });
    this.#waiting.shift()?.();
    if (this.failure === undefined && !this.hasEnded && this.#waiting.length === 0) await parked;
    if (this.failure !== undefined) throw this.failure;
  }
}
