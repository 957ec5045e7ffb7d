/**
 * Work on many records or a large row must not keep the event loop to itself: heartbeats, other partitions and the answers of stores
 * wait for it meanwhile. So who loops over records or rows breathes between two of them.
 */
import { setImmediate as everybodyElse } from 'node:timers/promises';
import type { Clock } from './stores.ts';

/** The longest that work goes on without others having their turn, in ms, as long as no single piece of it takes longer. */
const LONGEST_MS = 20;

/** `elapsed` is in ms since some moment; `othersTurn` settles when everybody else on the loop has had a turn. */
export function yielding(elapsed: () => number, othersTurn: () => Promise<void> = everybodyElse): Clock['yieldToLoop'] {
  let since = elapsed();
  const giveWay = async (): Promise<void> => {
    await othersTurn();
    since = elapsed();
  };
  return () => (elapsed() - since < LONGEST_MS ? undefined : giveWay());
}
