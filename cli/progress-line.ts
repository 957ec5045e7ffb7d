/** One line of a terminal that says how far a command came. Elsewhere: nothing. */
import type { Writable } from 'node:stream';

export interface Progress {
  /** "12,000 lines sent, 3,400/s". */
  tell(what: string, count: number): void;
  /** Takes the line away, before something else is written. */
  clear(): void;
}

const EVERY_MS = 200;
const CLEAR = '\r\u001b[K';

export function progressOn(stderr: Writable & { readonly isTTY?: boolean }): Progress {
  if (stderr.isTTY !== true) return { tell: () => {}, clear: () => {} };
  let shown = false;
  let told = '';
  let since = performance.now();
  let dueAt = 0;
  return {
    tell(what, count) {
      const now = performance.now();
      if (what !== told) [told, since] = [what, now];
      if (now < dueAt) return;
      dueAt = now + EVERY_MS;
      const perSecond = Math.round((count * 1000) / Math.max(1, now - since));
      stderr.write(`${CLEAR}${count.toLocaleString('en')} ${what}, ${perSecond.toLocaleString('en')}/s`);
      shown = true;
    },
    clear() {
      if (shown) stderr.write(CLEAR);
      shown = false;
    },
  };
}
