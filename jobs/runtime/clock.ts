import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from './stores.ts';
import { yielding } from './yielding.ts';

const elapsed = () => performance.now();

/** The clocks of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed,
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
  yieldToLoop: yielding(elapsed),
};
