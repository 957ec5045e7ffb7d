/** Repeats work after changes: soon, but at most every two seconds. */

const SOON_MS = 200;
const EVERY_MS = 2000;

export class Updates {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #last = Number.NEGATIVE_INFINITY;
  #signal;
  /** The work to repeat; undefined if nothing shown can change. @type {((signal: AbortSignal) => Promise<void>) | undefined} */
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
      // The next event tries again, and the connection shows whether it is lost.
    } finally {
      this.#timer = undefined;
    }
  }
}
