/** Work that is done again when something has changed: soon, but not more often than every two seconds. */

const SOON_MS = 200;
const EVERY_MS = 2000;

export class Updates {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #last = Number.NEGATIVE_INFINITY;
  #signal;
  /** What is done again; undefined: nothing is shown that changes. @type {((signal: AbortSignal) => Promise<void>) | undefined} */
  again;

  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  due() {
    if (this.#timer !== undefined || this.again === undefined) return;
    const wait = Math.max(SOON_MS, this.#last + EVERY_MS - performance.now());
    this.#timer = setTimeout(() => void this.#run(), wait);
  }

  async #run() {
    this.#last = performance.now();
    try {
      await this.again?.(this.#signal);
    } catch {
      // What could not be read now is read at the next event: the connection tells whether it is lost.
    } finally {
      this.#timer = undefined;
    }
  }
}
