/** What a command works with. A command does not know its process, so it can run on behalf of another process. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Wired } from '../app/stores/wiring.ts';
import { shownLine, shownText } from '../app/text/shown.ts';

export interface Context {
  readonly wired: Wired;
  /** The file or the standard input that the command reads, if it reads one. */
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted when the command has to end: by a signal, or because its caller is gone. */
  readonly signal: AbortSignal;
  /** Aborted when another process asks for the data folder. A command that goes on for long then ends with `GoOn`. */
  readonly handover?: AbortSignal | undefined;
}

/** The exit code, or nothing for 0. */
export type Run<Args> = (context: Context, args: Args) => Promise<number | GoOn | undefined>;

/** Ends a command that has to be run again with these arguments by the process that has the data folder then. */
export class GoOn {
  readonly args: unknown;
  constructor(args: unknown) {
    this.args = args;
  }
}

/** Aborted when the command has to end or to be handed over. */
export function endOf({ signal, handover }: Pick<Context, 'signal' | 'handover'>): AbortSignal {
  return handover === undefined ? signal : AbortSignal.any([signal, handover]);
}

/** Why a command ended early. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
  }
}

/**
 * Writes one line to the standard output, waiting for a slow reader, with terminal controls escaped. `dress` may then colour it. Throws
 * when the command has to end.
 */
export async function print(
  { stdout, signal }: Pick<Context, 'stdout' | 'signal'>,
  line: string,
  dress: (shown: string) => string = (shown) => shown,
): Promise<void> {
  signal.throwIfAborted();
  if (!stdout.write(`${dress(shownText(line))}\n`)) await once(stdout, 'drain', { signal });
}

export async function printJson(context: Pick<Context, 'stdout' | 'signal'>, value: unknown): Promise<void> {
  await print(context, JSON.stringify(value, null, 2));
}

/** Prints columns side by side under a head. Numbers are aligned right. `dress` may colour a line, given its row (undefined: the head). */
export async function printTable(
  context: Pick<Context, 'stdout' | 'signal'>,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  dress: (line: string, row: number | undefined) => string = (line) => line,
): Promise<void> {
  const lines = [head, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : shownLine(cell))),
  );
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const right = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  for (const [i, line] of lines.entries()) {
    const cells = line.map((cell, column) =>
      right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    await print(context, cells.join('  ').trimEnd(), (shown) => dress(shown, i === 0 ? undefined : i - 1));
  }
}
