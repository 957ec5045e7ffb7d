/**
 * Work on many records or on a large row must not block the event loop, because heartbeats, other partitions and the answers of stores wait
 * meanwhile. So loops over records or rows yield to the event loop between iterations.
 */
import { setImmediate as everybodyElse } from 'node:timers/promises';
import type { Clock } from './stores.ts';

/** How long work goes on before it yields, in ms. A single longer piece of work is not interrupted. */
const LONGEST_MS = 20;

/** `elapsed` is a monotonic clock in ms. `othersTurn` settles when everything else on the event loop has had a turn. */
export function yielding(elapsed: () => number, othersTurn: () => Promise<void> = everybodyElse): Clock['yieldToLoop'] {
  let since = elapsed();
  const giveWay = async (): Promise<void> => {
    await othersTurn();
    since = elapsed();
  };
  return () => (elapsed() - since < LONGEST_MS ? undefined : giveWay());
}
