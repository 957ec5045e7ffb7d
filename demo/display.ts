/** How the demo shows its progress: as bars on a terminal, elsewhere as a line every few seconds. */
import type { Writable } from 'node:stream';
import { MultiBar, type SingleBar } from 'cli-progress';

export interface Display {
  /** Sets the progress of `name`. A new name appears below the others. A total of 0 is not shown. */
  show(name: string, done: number, total: number): void;
  /** Shows the final progress, and releases the terminal. */
  end(): void;
}

const LINE_EVERY_MS = 2000;
const LABEL = 18;

export const NO_DISPLAY: Display = { show() {}, end() {} };

export function displayOn(output: Writable & { readonly isTTY?: boolean }): Display {
  return output.isTTY === true ? bars(output) : lines(output);
}

function bars(output: Writable): Display {
  const all = new MultiBar({
    format: '{name} {bar} {percentage}%  {value} of {total}',
    formatValue: (value, _options, type) =>
      type === 'percentage' ? String(value).padStart(3) : value.toLocaleString('en'),
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    fps: 10,
    hideCursor: true,
    // The type allows only the standard output, but only cursor movements are used, which every terminal has.
    stream: output as NodeJS.WriteStream,
  });
  const byName = new Map<string, SingleBar>();
  return {
    show(name, done, total) {
      if (total === 0) return;
      const bar = byName.get(name) ?? all.create(total, done, { name: name.padEnd(LABEL) });
      byName.set(name, bar);
      bar.setTotal(total);
      bar.update(done);
    },
    end: () => all.stop(),
  };
}

function lines(output: Writable): Display {
  const current = new Map<string, string>();
  let shown = '';
  let next = performance.now() + LINE_EVERY_MS;
  const line = (): void => {
    const text = [...current].map(([name, state]) => `${name} ${state}`).join(', ');
    if (text !== '' && text !== shown) output.write(`${text}\n`);
    shown = text;
    next = performance.now() + LINE_EVERY_MS;
  };
  return {
    show(name, done, total) {
      if (total === 0) return;
      current.set(name, `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`);
      if (performance.now() >= next) line();
    },
    end: line,
  };
}
