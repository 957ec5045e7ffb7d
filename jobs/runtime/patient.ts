/** Calls that may be made twice, and wait for what is away. */
import { kindOf, type TributaryError } from '../../core/errors.ts';
import { backOff } from './back-off.ts';
import type { Runtime } from './stores.ts';

interface Options {
  readonly signal: AbortSignal;
  readonly waiting: (error: TributaryError, delayMs: number) => void;
}

export function patientOf(
  { clock, settings, random }: Pick<Runtime, 'clock' | 'settings' | 'random'>,
  options: Options,
) {
  const { signal, waiting } = options;
  return async <T>(call: () => Promise<T>): Promise<T> => {
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      try {
        return await call();
      } catch (error) {
        if (kindOf(error) !== 'retry') throw error;
        const delayMs = backOff(failures, settings.backOffMs, random);
        waiting(error as TributaryError, delayMs);
        await clock.sleep(delayMs, signal);
      }
    }
  };
}
