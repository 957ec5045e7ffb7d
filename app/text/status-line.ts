/** A status line at the bottom of a terminal. Without a terminal it does nothing. */
import { Writable } from 'node:stream';
import type { Telemetry, TelemetryEvent } from '../../jobs/runtime/telemetry.ts';

export interface StatusLine extends Telemetry {
  /** All other output to the terminal goes here, so that the line stays below it. */
  readonly output: Writable & { readonly isTTY?: boolean };
  start(): void;
  stop(): void;
}

const EVERY_MS = 1000;
const CLEAR = '\r\u001b[K';

export function statusLine(terminal: Writable & { readonly isTTY?: boolean; readonly columns?: number }): StatusLine {
  if (terminal.isTTY !== true) return { output: terminal, tell: () => {}, start: () => {}, stop: () => {} };
  const behind = new Map<string, number>();
  let records = 0;
  let before = 0;
  let beforeAt = performance.now();
  let deadLetters = 0;
  let waiting = '';
  const failed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function text(): string {
    const now = performance.now();
    const perSecond = Math.round(((records - before) * 1000) / Math.max(1, now - beforeAt));
    before = records;
    beforeAt = now;
    const left = [...behind.values()].reduce((sum, each) => sum + each, 0);
    const parts = [
      `${number(records)} records`,
      `${number(perSecond)}/s`,
      left === 0 ? 'nothing left to read' : `${number(left)} behind`,
    ];
    if (deadLetters > 0) parts.push(`${number(deadLetters)} dead letters`);
    if (failed.size > 0) parts.unshift(`failed: ${[...failed].join(' ')}`);
    if (waiting !== '') parts.push(`waiting: ${waiting}`);
    return parts.join(', ').slice(0, Math.max(0, (terminal.columns || 80) - 1));
  }

  const output = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        terminal.write(Buffer.concat([Buffer.from(CLEAR), chunk]), () => done());
      },
    }),
    { isTTY: true },
  );

  return {
    output,
    tell(event: TelemetryEvent) {
      if (event.kind === 'batch') {
        records += event.records;
        behind.set(`${event.job}/${event.partition}`, event.end - event.next);
        waiting = '';
      }
      if (event.kind === 'dead-letter') deadLetters += 1;
      if (event.kind === 'waiting' || event.kind === 'job-waiting') waiting = event.code;
      if (event.kind === 'resumed' || event.kind === 'job-resumed') waiting = '';
      if (event.kind === 'job-failed') failed.add(event.job);
      if (event.kind === 'job-running') failed.delete(event.job);
    },
    start() {
      timer = setInterval(() => terminal.write(CLEAR + text()), EVERY_MS);
    },
    stop() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      terminal.write(CLEAR);
    },
  };
}

const number = (value: number): string => value.toLocaleString('en');
