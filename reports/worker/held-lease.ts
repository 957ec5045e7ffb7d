/** The lease of an attempt, renewed until the attempt is over. */
import { TributaryError } from '../../core/errors.ts';
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Lease, LeaseOutcome, Requests } from '../../sinks/requests/port.ts';
import type { WorkerSettings } from './settings.ts';

export type Ended = 'cancelled' | 'lost' | 'stopped';

export interface HeldLease extends AsyncDisposable {
  /** Aborted when the attempt has to end. */
  readonly signal: AbortSignal;
  /** Why it was aborted; undefined until then. */
  readonly ended: Ended | undefined;
  progress(rows: number): void;
  /** Makes the call that ends the lease and its renewal. If the store does not answer, it retries while the lease may hold. */
  last(call: () => Promise<LeaseOutcome>): Promise<LeaseOutcome>;
}

interface Parts {
  readonly requests: Pick<Requests, 'renew'>;
  readonly clock: Clock;
  readonly settings: Pick<WorkerSettings, 'leaseMs' | 'renewMs'>;
}

/** `until`: when the lease runs out if it is never renewed. */
export function heldLease(
  lease: Lease,
  until: number,
  { requests, clock, settings }: Parts,
  stop: AbortSignal,
): HeldLease {
  const { leaseMs, renewMs } = settings;
  const over = new AbortController();
  const never = new AbortController().signal;
  const ending = new AbortController();
  let ended: Ended | undefined;
  let rows = 0;
  let holdsUntil = until;
  const end = (why: Ended): void => {
    if (ended !== undefined || over.signal.aborted) return;
    ended = why;
    ending.abort(new TributaryError('LEASE_LOST', `attempt ${lease.attempt} at ${lease.id} was ${why}`));
  };
  const stopNow = (): void => end('stopped');
  stop.addEventListener('abort', stopNow);
  if (stop.aborted) stopNow();

  async function renew(): Promise<void> {
    while (!over.signal.aborted && ended === undefined) {
      await clock.sleep(renewMs, over.signal);
      if (over.signal.aborted || ended !== undefined) return;
      const now = clock.now();
      try {
        if ((await requests.renew(lease, now, now + leaseMs, { rows })) === 'cancelled') return end('cancelled');
        holdsUntil = now + leaseMs;
      } catch (error) {
        if (error instanceof TributaryError && error.code === 'LEASE_LOST') return end('lost');
        // The store does not answer. The lease holds until it runs out.
        if (clock.now() >= holdsUntil) return end('lost');
      }
    }
  }
  const renewing = renew();

  return {
    signal: ending.signal,
    get ended() {
      return ended;
    },
    progress(count) {
      rows = count;
    },
    async last(call) {
      over.abort();
      await renewing;
      for (;;) {
        try {
          return await call();
        } catch (error) {
          const isAway = error instanceof TributaryError && error.kind === 'retry';
          if (!isAway || clock.now() >= holdsUntil) throw error;
          await clock.sleep(renewMs, never);
        }
      }
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      stop.removeEventListener('abort', stopNow);
      await renewing;
    },
  };
}
