/** Retries calls that may be repeated, until the store or the log answers. */
import { type ErrorCode, kindOf, type TributaryError } from '../../core/errors.ts';
import { backOff } from './back-off.ts';
import type { Runtime } from './stores.ts';
import type { Work } from './work.ts';

interface Options {
  readonly signal: AbortSignal;
  readonly waiting: (error: TributaryError, delayMs: number) => void;
}

/** The part of a runtime that waiting needs. */
interface Waits extends Pick<Runtime, 'clock' | 'random'> {
  readonly settings: Pick<Runtime['settings'], 'backOffMs'>;
}

export function patientOf({ clock, settings, random }: Waits, options: Options) {
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

/** Calls `start` until it succeeds, and reports that the jobs wait. Returns undefined if the signal is aborted first. */
export async function startWhenBack<T>(
  works: readonly Work[],
  runtime: Waits & Pick<Runtime, 'telemetry'>,
  signal: AbortSignal,
  start: () => Promise<T>,
): Promise<T | undefined> {
  const tell = (event: StartEvent): void => {
    for (const { name, from } of works) runtime.telemetry.tell({ job: name, topic: from.name, ...event });
  };
  let hasWaited = false;
  const waiting = ({ code, message }: TributaryError, delayMs: number): void => {
    hasWaited = true;
    tell({ kind: 'job-waiting', code, message, delayMs });
  };
  try {
    const started = await patientOf(runtime, { signal, waiting })(start);
    if (hasWaited) tell({ kind: 'job-resumed' });
    return started;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

type StartEvent =
  | { readonly kind: 'job-resumed' }
  | { readonly kind: 'job-waiting'; readonly code: ErrorCode; readonly message: string; readonly delayMs: number };
