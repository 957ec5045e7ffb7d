/**
 * Work on many records or a large row must not block the event loop, because heartbeats, other partitions and the answers of stores wait
 * meanwhile. So loops over records or rows yield to the event loop between two of them.
 */
import { setImmediate as everybodyElse } from 'node:timers/promises';
import type { Clock } from './stores.ts';

/** How long work goes on before it yields, in ms, as long as no single piece of it takes longer. */
const LONGEST_MS = 20;

/** `elapsed` is monotonic, in ms; `othersTurn` settles when everything else on the event loop has had a turn. */
export function yielding(elapsed: () => number, othersTurn: () => Promise<void> = everybodyElse): Clock['yieldToLoop'] {
  let since = elapsed();
  const giveWay = async (): Promise<void> => {
    await othersTurn();
    since = elapsed();
  };
  return () => (elapsed() - since < LONGEST_MS ? undefined : giveWay());
}
