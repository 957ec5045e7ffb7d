import { setTimeout as wait } from 'node:timers/promises';
import { breathing } from './breathing.ts';
import type { Clock } from './stores.ts';

/** The clocks of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
  breathe: breathing(() => performance.now()),
};
