/** The state of a connection, with the reason if there is none, for callers that wait for it. */
import { errorOf, type Failure, failureOf, isLasting } from './failure.ts';

export interface Link {
  /** `host:port` of all servers that the URL names. */
  readonly where: string;
  up(): void;
  isUp(): boolean;
  down(): void;
  failed(error: unknown): void;
  /** Like `failed`, if the caller knows the failure more precisely than the error shows it. */
  failedOf(failure: Failure): void;
  close(): void;
  /**
   * Waits for the connection until `deadline` (a time of `performance.now()`), and then throws CACHE_AWAY. Throws
   * ACCESS_REFUSED or STORE_BROKEN at once if waiting is useless. All messages begin with `what`.
   */
  ready(what: string, deadline: number): Promise<void>;
  /** The last failure of the connection; undefined while it is up. */
  reason(): Failure | undefined;
}

export function newLink(where: string): Link {
  const waiting = new Set<{ resolve: () => void; refuse: (failure: Failure) => void }>();
  let state: 'up' | 'down' | 'closed' = 'down';
  let last: Failure | undefined;

  function settle(failure?: Failure): void {
    for (const { resolve, refuse } of waiting) {
      if (failure === undefined) resolve();
      else refuse(failure);
    }
    waiting.clear();
  }

  return {
    where,
    up() {
      if (state === 'closed') return;
      state = 'up';
      last = undefined;
      settle();
    },
    isUp: () => state === 'up',
    down() {
      if (state === 'up') state = 'down';
    },
    failed(error) {
      const failure = failureOf(error);
      // A lost connection is a less useful reason than a misconfiguration that was found before.
      if (failure !== undefined && !(failure.meaning === 'again' && last?.meaning === 'misconfigured')) last = failure;
      if (state === 'down' && last !== undefined && isLasting(last)) settle(last);
    },
    failedOf(failure) {
      if (state !== 'down') return;
      last = failure;
      settle(last);
    },
    close() {
      state = 'closed';
      settle(CLOSED);
    },
    reason: () => last,
    async ready(what, deadline) {
      if (state === 'up') return;
      if (state === 'closed') throw errorOf(CLOSED, what, where);
      if (last !== undefined && isLasting(last)) throw errorOf(last, what, where);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const refuse = (failure: Failure): void => reject(errorOf(failure, what, where));
      const waiter = { resolve, refuse };
      waiting.add(waiter);
      const timer = setTimeout(() => refuse(last ?? SILENT), deadline - performance.now());
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(waiter);
      }
    },
  };
}

const SILENT: Failure = { meaning: 'again', text: 'it does not answer', remedy: '' };
const CLOSED: Failure = { meaning: 'again', text: 'the cache was closed', remedy: 'open it again' };
