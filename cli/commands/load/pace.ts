/** Sends what is due, when it is due. The schedule counts from the beginning, so that what was late is caught up and no rate drifts. */
import type { Clock } from '../../../jobs/runtime/stores.ts';

export interface Pace {
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  /** The first to be sent, from 0, and the one to stop before. */
  readonly from: number;
  readonly until: number;
  /** How many are due so many ms after the first of all. */
  readonly dueBy: (ms: number) => number;
  readonly timeOf: (n: number) => number;
  /** The most that is sent at once. */
  readonly atOnce: number;
  /** Aborted when it is to end. */
  readonly end: AbortSignal;
}

/** Events that come one by one are sent a few times a second, together. */
const TOGETHER_MS = 50;

/**
 * Answers the number of the first that was not sent. What was begun is finished, also when it is to end. `send` takes the next ones, and
 * answers false if it had to end before they were acknowledged.
 */
export async function sendAtPace(pace: Pace, send: (count: number) => Promise<boolean>): Promise<number> {
  const { clock, from, until, dueBy, timeOf, atOnce, end } = pace;
  const began = clock.elapsed() - timeOf(from);
  let next = from;
  while (next < until && !end.aborted) {
    const now = clock.elapsed() - began;
    const count = Math.min(dueBy(now), until) - next;
    if (count <= 0) {
      await clock.sleep(Math.max(TOGETHER_MS, timeOf(next) - now), end);
      continue;
    }
    const some = Math.min(count, atOnce);
    if (!(await send(some))) break;
    next += some;
  }
  return next;
}
