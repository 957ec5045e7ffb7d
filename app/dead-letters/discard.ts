/** Marks dead letters as needing no action. They are no longer listed or counted, and stay in the log as long as it keeps them. */
import type { DeadLetter, Log } from './letters.ts';
import { marker, type Resolving } from './resolution.ts';
import { type Outcome, sendAll } from './sending.ts';

export const discardAll = (
  _log: Log,
  deadLetters: readonly DeadLetter[],
  { turn, ...resolver }: Resolving,
  signal: AbortSignal,
): Promise<Outcome> => {
  const resolve = async (deadLetter: DeadLetter) => ({
    deadLetter,
    records: [marker(deadLetter, 'discarded', resolver, Date.now())],
  });
  return sendAll(deadLetters, { resolve, turn }, signal);
};
