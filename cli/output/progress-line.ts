/** A progress line on a terminal, updated a few times per second at most. Without a terminal it does nothing. */
import type { Writable } from 'node:stream';

const EVERY_MS = 200;
const CLEAR = '\r\u001b[K';

export interface ProgressLine {
  show(text: string): void;
  /** Removes the line, before other output is written. */
  clear(): void;
}

/** `isSeen`: whether the stream belongs to a terminal, perhaps that of another process. */
export function progressLine(stream: Writable, isSeen: boolean, now = () => performance.now()): ProgressLine {
  let isShown = false;
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    show(text) {
      if (!isSeen || now() < dueAt) return;
      dueAt = now() + EVERY_MS;
      stream.write(CLEAR + text);
      isShown = true;
    },
    clear() {
      if (isShown) stream.write(CLEAR);
      isShown = false;
    },
  };
}

export interface Progress {
  /** "12,000 lines sent, 3,400/s". */
  tell(what: string, count: number): void;
  clear(): void;
}

export function progressOn(stderr: Writable & { readonly isTTY?: boolean }): Progress {
  const line = progressLine(stderr, stderr.isTTY === true);
  let shown = '';
  let since = performance.now();
  return {
    tell(what, count) {
      const now = performance.now();
      if (what !== shown) [shown, since] = [what, now];
      const perSecond = Math.round((count * 1000) / Math.max(1, now - since));
      line.show(`${count.toLocaleString('en')} ${what}, ${perSecond.toLocaleString('en')}/s`);
    },
    clear: () => line.clear(),
  };
}
