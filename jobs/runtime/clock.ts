import { setTimeout as wait } from 'node:timers/promises';
import { breathing } from './breathing.ts';
import type { Clock } from './stores.ts';

const elapsed = () => performance.now();

/** The clocks of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed,
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
  breathe: breathing(elapsed),
};
