/** The message and the exit code of a command that fails. */
import type { Writable } from 'node:stream';
import { shownText } from '../app/text/shown.ts';
import { messageOf, TributaryError } from '../core/errors.ts';

export const FAILED = 1;
export const USED_WRONGLY = 2;
/** The exit code of a program that was interrupted. */
export const INTERRUPTED = 130;

/** Wrong usage: a name that does not exist, or a wrong option. */
export const usage = (message: string): TributaryError => new TributaryError('USAGE', message);

/** Prints the error in one line, and returns the exit code. With `debug`, an unforeseen error shows its stack. */
export function report(error: unknown, stderr: Writable, debug: boolean): number {
  const known = error instanceof TributaryError;
  stderr.write(`error: ${shownText(known || messageOf(error) !== '' ? messageOf(error) : String(error))}\n`);
  if (debug && error instanceof Error) stderr.write(shownText(`${error.stack}\n${causes(error)}`));
  else if (!known) stderr.write('This was not foreseen: run it again with --debug to see where it came from.\n');
  return known && error.kind === 'usage' && error.code !== 'NOT_FOUND' ? USED_WRONGLY : FAILED;
}

function causes(error: Error): string {
  return error.cause instanceof Error ? `caused by ${error.cause.stack}\n${causes(error.cause)}` : '';
}

/** Prints why the standard output accepts no more, and returns the exit code. A reader that stops early, such as `head`, is no error. */
export function outputFailed(error: NodeJS.ErrnoException, stderr: Writable): number {
  if (error.code === 'EPIPE') return 0;
  const todo = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'make room on its disk' : 'check where it goes';
  stderr.write(`error: the output cannot be written: ${messageOf(error)}; ${todo}, then run it again\n`);
  return FAILED;
}
