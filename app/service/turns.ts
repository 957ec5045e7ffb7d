/**
 * Limits how many calls of a caller are answered at once. A few more wait: a page that repeats its calls has just aborted the earlier ones.
 */
import { TributaryError } from '../../core/errors.ts';

/** How many calls may wait, for each that may run. */
const WAITING = 2;

interface Line {
  open: number;
  readonly waiting: (() => void)[];
}

export class Turns {
  readonly #lines = new Map<string, Line>();

  /**
   * Returns a function that ends the turn, to be called once. If `mayWait` is false, or too many calls wait already, a caller that has
   * `most` turns is refused (TOO_MANY). Throws the signal's reason if it is aborted before the turn comes.
   */
  async take(
    key: string,
    { most, mayWait, signal }: { readonly most: number; readonly mayWait: boolean; readonly signal: AbortSignal },
  ): Promise<() => void> {
    signal.throwIfAborted();
    const line = this.#lines.get(key) ?? { open: 0, waiting: [] };
    this.#lines.set(key, line);
    if (line.open < most) {
      line.open += 1;
      return () => this.#end(key, line);
    }
    if (!mayWait || line.waiting.length >= most * WAITING)
      throw new TributaryError('TOO_MANY', `more than ${most} such calls at once: wait until one has ended`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const gone = (): void => {
      line.waiting.splice(line.waiting.indexOf(resolve), 1);
      reject(signal.reason);
    };
    line.waiting.push(resolve);
    signal.addEventListener('abort', gone, { once: true });
    await promise;
    signal.removeEventListener('abort', gone);
    return () => this.#end(key, line);
  }

  /** The turn passes to the call that has waited longest. */
  #end(key: string, line: Line): void {
    const next = line.waiting.shift();
    if (next !== undefined) next();
    else {
      line.open -= 1;
      if (line.open === 0) this.#lines.delete(key);
    }
  }
}
