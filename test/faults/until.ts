/** Waiting for a condition, with a bound. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';

const PAUSE_MS = 100;
/** Far longer than anything takes, on a busy machine, too. */
export const BOUND_MS = 240_000;

/** Asks until the condition is true. An away error counts as "not yet"; any other error is thrown. `why` adds to the failure message. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  why: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + BOUND_MS;
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      if (!(error instanceof TributaryError && error.kind === 'retry')) throw error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${BOUND_MS} ms ${why()}`);
    await sleep(PAUSE_MS);
  }
}
