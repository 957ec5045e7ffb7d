/** Waits for a condition, with a time limit. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';

const PAUSE_MS = 100;
/** Far longer than anything takes, even on a busy machine. */
export const BOUND_MS = 240_000;

/** Asks until the condition is true. Counts an away error as "not yet" and throws any other. `why` is added to the failure message. */
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
