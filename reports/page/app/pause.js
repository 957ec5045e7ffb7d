/** Waiting. */

/**
 * @param {number} ms
 * @param {AbortSignal} signal Ends it at once.
 * @returns {Promise<void>}
 */
export const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
