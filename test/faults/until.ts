/** Waiting for a condition, with a bound. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';

const PAUSE_MS = 100;

/** Asks until the condition is true. An away error counts as "not yet"; any other error is thrown. `why` adds to the failure message. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  boundMs: number,
  why: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + boundMs;
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      if (!(error instanceof TributaryError && error.kind === 'retry')) throw error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${boundMs} ms ${why()}`);
    await sleep(PAUSE_MS);
  }
}
