import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from './stores.ts';

/** The clock on the wall. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
};
