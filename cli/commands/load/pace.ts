/** Sends events when they are due. The schedule counts from the beginning, so late events are caught up and the rate does not drift. */
import type { Clock } from '../../../jobs/runtime/stores.ts';

export interface Pace {
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  /** The first event to send, from 0, and the one before which to stop. */
  readonly from: number;
  readonly until: number;
  /** The number of events due within this many ms after the first of all. */
  readonly dueBy: (ms: number) => number;
  readonly timeOf: (n: number) => number;
  /** The most to send at once. */
  readonly atOnce: number;
  /** Aborted when the command has to end. */
  readonly end: AbortSignal;
}

/** Single events are sent together, a few times per second. */
const TOGETHER_MS = 50;

/**
 * Returns the number of the first event that was not sent. A send that has begun is finished, even at the end. `send` sends the next
 * events, and returns false if it had to end before they were acknowledged.
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
