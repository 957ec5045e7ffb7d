/** A queue for slow queries of all screens, since the service answers only a few of one caller at once. */
import { pause } from './pause.js';
import { Problem } from './problem.js';

const MOST_AT_ONCE = 3;
/** Another tab may be asking, too. */
const ATTEMPTS = 4;
const WAIT_MS = 700;

let atWork = 0;
/** @type {(() => void)[]} */
const waiting = [];

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @param {AbortSignal} signal If aborted before its turn, nothing is asked.
 * @returns {Promise<T>}
 */
export async function inTurn(ask, signal) {
  if (atWork < MOST_AT_ONCE) atWork += 1;
  else await /** @type {Promise<void>} */ (new Promise((resolve) => waiting.push(resolve)));
  try {
    return await asked(ask, signal);
  } finally {
    const next = waiting.shift();
    if (next === undefined) atWork -= 1;
    else next();
  }
}

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @param {AbortSignal} signal
 */
async function asked(ask, signal) {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429 || attempt === ATTEMPTS) throw error;
      await pause(attempt * WAIT_MS, signal);
    }
  }
}
