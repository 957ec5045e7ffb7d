/** Chooses the dead letters that an operator means: those named, or all that match. */
import { type DeadLetter, deadLettersOf, type Filter, isOpen, type Log, readDeadLetters } from './letters.ts';

export interface LetterName {
  readonly id: string;
  /** Null: every job that rejected the record. */
  readonly job: string | null;
}

export interface Choice {
  /** Null: all that match the filter. */
  readonly names: readonly LetterName[] | null;
  readonly filter: Filter;
  /** Also letters that were resolved before. */
  readonly again: boolean;
}

export interface Chosen {
  readonly letters: readonly DeadLetter[];
  /** Letters that were named but left out, because they were resolved before. */
  readonly resolved: readonly DeadLetter[];
  /** Names that belong to no letter. */
  readonly unknown: readonly LetterName[];
}

export async function chooseDeadLetters(
  log: Log,
  { names, filter, again }: Choice,
  signal: AbortSignal,
): Promise<Chosen> {
  const isChosen = (letter: DeadLetter): boolean => again || isOpen(letter);
  if (names === null)
    return { letters: (await readDeadLetters(log, filter, signal)).filter(isChosen), resolved: [], unknown: [] };
  const found = await deadLettersOf(log, new Set(names.map(({ id }) => id)), signal);
  const isNamed = (letter: DeadLetter, { id, job }: LetterName): boolean =>
    letter.id === id && (job === null || letter.job === job);
  const named = found.filter((letter) => names.some((name) => isNamed(letter, name)));
  return {
    letters: named.filter(isChosen),
    resolved: named.filter((letter) => !isChosen(letter)),
    unknown: names.filter((name) => !found.some((letter) => isNamed(letter, name))),
  };
}
