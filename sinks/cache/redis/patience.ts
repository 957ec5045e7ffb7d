/** Asking Redis until it answers, for a bounded time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorOf, failureOf } from './failure.ts';
import type { Link } from './link.ts';

const PAUSE_MS = 50;

/**
 * Sends until there is an answer; each time after waiting for the connection. What is sent must be right to be sent twice: an
 * attempt that got no answer may have happened. Throws CACHE_AWAY when `patienceMs` are over or the server cannot take it
 * now, and ACCESS_REFUSED or STORE_BROKEN when it never will.
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
        // What the connection died of says more than that it is closed.
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
