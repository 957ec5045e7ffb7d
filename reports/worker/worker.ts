/**
 * A report worker. It leases requests, runs them, and tends to whatever is due: schedules, expired files, the events of ended requests, and
 * leftovers of dead attempts. Any number of workers share the requests. While a store does not answer, a worker waits for it.
 */
import { kindOf, messageOf } from '../../core/errors.ts';
import { backOff } from '../../jobs/runtime/back-off.ts';
import type { LeasedRequest } from '../../sinks/requests/port.ts';
import { type AttemptParts, attempt, type Outcome } from './attempt.ts';
import { type TendParts, tend } from './tending.ts';

export type WorkerEvent =
  | { readonly kind: 'began'; readonly request: LeasedRequest }
  | { readonly kind: 'ended'; readonly request: LeasedRequest; readonly outcome: Outcome; readonly durationMs: number }
  | { readonly kind: 'tended'; readonly what: string; readonly count: number }
  | { readonly kind: 'disabled'; readonly schedule: string; readonly tenant: string; readonly message: string }
  /** A store did not answer, or there is a bug. The worker tries again. */
  | { readonly kind: 'waiting'; readonly code: string | undefined; readonly message: string };

export interface WorkerParts extends AttemptParts, Omit<TendParts, 'tell'> {
  /** Unique to this worker. */
  readonly owner: string;
  tell(event: WorkerEvent): void;
}

/** Runs until the signal is aborted. Then attempts end at once, and other workers start them again. */
export async function runWorker(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  const slots = Array.from({ length: parts.settings.atOnce }, () => loop(parts, signal, () => workOnce(parts, signal)));
  await Promise.all([...slots, loop(parts, signal, (state) => tendOnce(parts, signal, state))]);
}

/** Runs one request, if there is one. Returns whether there was. */
async function workOnce(parts: WorkerParts, signal: AbortSignal): Promise<boolean> {
  const { requests, clock, settings, owner, tell } = parts;
  const now = clock.now();
  const request = await requests.lease(owner, now, now + settings.leaseMs, settings.tenantLimit);
  if (request === undefined) {
    await clock.sleep(settings.lookMs, signal);
    return false;
  }
  const startedAt = clock.elapsed();
  tell({ kind: 'began', request });
  const outcome = await attempt(request, parts, signal);
  tell({ kind: 'ended', request, outcome, durationMs: clock.elapsed() - startedAt });
  return true;
}

interface TendState {
  sweptAt?: number;
}

async function tendOnce(parts: WorkerParts, signal: AbortSignal, state: TendState): Promise<void> {
  const { clock, settings } = parts;
  const isSweepDue = state.sweptAt === undefined || clock.elapsed() - state.sweptAt >= settings.sweepMs;
  await tend(parts, { sweep: isSweepDue, signal });
  if (isSweepDue) state.sweptAt = clock.elapsed();
  await clock.sleep(settings.tendMs, signal);
}

/** Repeats the work, with a pause after an error. No error ends a worker: a request that cannot run fails on its own. */
async function loop(
  { clock, settings, random, tell }: WorkerParts,
  signal: AbortSignal,
  work: (state: TendState) => Promise<unknown>,
): Promise<void> {
  const state: TendState = {};
  let failures = 0;
  while (!signal.aborted) {
    try {
      await work(state);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      const code = kindOf(error) === 'retry' ? (error as { code?: string }).code : undefined;
      tell({ kind: 'waiting', code, message: messageOf(error) });
      await clock.sleep(backOff(failures, settings.backOffMs, random), signal);
    }
  }
}
