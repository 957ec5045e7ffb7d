/** Pages of dead letters, newest first. A cursor is the place of a page's last letter, so letters that arrive meanwhile shift nothing. */
import { z } from 'zod';
import { type FieldProblem, TributaryError } from '../../../core/errors.ts';
import type { Letter } from './operations.ts';

const place = z.tuple([z.number(), z.string(), z.string()]);
type Place = z.output<typeof place>;

export interface LetterPage {
  readonly letters: readonly Letter[];
  /** Null after the last page. */
  readonly next: string | null;
}

/** Throws USAGE for an invalid cursor. */
export function letterPage(
  letters: readonly Letter[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): LetterPage {
  const after = cursor === undefined ? undefined : placeIn(cursor);
  const left = letters
    .map((letter) => ({ letter, place: placeOf(letter) }))
    .filter((each) => after === undefined || compare(each.place, after) > 0)
    .sort((a, b) => compare(a.place, b.place));
  const shown = left.slice(0, limit);
  const last = shown.at(-1);
  const next = last === undefined || left.length === shown.length ? null : cursorOf(last.place);
  return { letters: shown.map(({ letter }) => letter), next };
}

const placeOf = ({ rejectedAt, id, job }: Letter): Place => [rejectedAt, id, job];

function compare(a: Place, b: Place): number {
  if (a[0] !== b[0]) return b[0] - a[0];
  const [one, other] = [a.slice(1).join(' '), b.slice(1).join(' ')];
  return one < other ? -1 : Number(one > other);
}

const cursorOf = (at: Place): string => Buffer.from(JSON.stringify(at)).toString('base64url');

function placeIn(cursor: string): Place {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (error) {
    const problem: FieldProblem = { field: 'query.cursor', message: 'give `next` of the page before, or none' };
    throw new TributaryError('USAGE', `${problem.field}: ${problem.message}`, { problems: [problem], cause: error });
  }
}
