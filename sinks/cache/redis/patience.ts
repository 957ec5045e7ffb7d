/** Repeats a request to Redis until it is answered, for a limited time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorOf, failureOf } from './failure.ts';
import type { Link } from './link.ts';

const PAUSE_MS = 50;

/**
 * Sends until there is an answer, and waits for the connection before each attempt. Sending twice must be harmless: an
 * attempt without an answer may have succeeded. Throws CACHE_AWAY after `patienceMs`, or if the server cannot accept
 * the request now, and ACCESS_REFUSED or STORE_BROKEN if it never will.
 */
export async function withRetries<T>(link: Link, patienceMs: number, what: string, send: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    await link.ready(what, deadline);
    try {
      return await before(deadline, send());
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      if (failure.meaning !== 'again' || performance.now() + PAUSE_MS >= deadline) {
        // The reason why the connection broke is more useful than the fact that it is closed.
        throw errorOf(failure.meaning === 'again' ? (link.reason() ?? failure) : failure, what, link.where);
      }
      await sleep(PAUSE_MS);
    }
  }
}

async function before<T>(deadline: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('it does not answer')), deadline - performance.now());
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
