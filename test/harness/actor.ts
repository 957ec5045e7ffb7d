/** One worker that waits before each of its effects until it is released. */

import { kindOf } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import type { PartitionOwner, Turn } from '../../jobs/runtime/owner.ts';
import type { Point, Reach } from '../../testing/points.ts';

/** One worker in a process of its own. */
export class Actor {
  readonly job: Job;
  readonly partition: number;
  /** Turns in a row that had nothing to do. */
  idleTurns = 0;
  /** Turns that had something to do. */
  worked = 0;
  failure: unknown;
  /** Whether it is over once it was fenced, instead of claiming again. */
  endsFenced = false;
  hasEnded = false;
  /** Effects that wait to go on: several when a batch calls several channels at once. */
  readonly #waiting: (() => void)[] = [];
  #parked: (() => void) | undefined;

  constructor(job: Job, partition: number) {
    this.job = job;
    this.partition = partition;
  }

  /** The effect it is about to have. */
  point: Point = 'fetch';

  readonly reach: Reach = (point) =>
    new Promise<void>((resolve) => {
      this.point = point;
      this.#waiting.push(resolve);
      this.#parked?.();
    });

  /** Runs as in production, turn after turn; every effect of it waits for a `step`. */
  start(worker: PartitionOwner): void {
    const stop = new AbortController();
    const turn = worker.turn.bind(worker);
    worker.turn = async (...args) => {
      await this.reach('fetch');
      // When a store is away, the next turn starts over, as after a crash.
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

  /** Lets it go on to its next effect. */
  async step(): Promise<void> {
    const parked = new Promise<void>((resolve) => {
      this.#parked = resolve;
    });
    this.#waiting.shift()?.();
    if (this.failure === undefined && !this.hasEnded && this.#waiting.length === 0) await parked;
    if (this.failure !== undefined) throw this.failure;
  }
}
