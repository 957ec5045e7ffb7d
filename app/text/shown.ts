/**
 * Text of others as a terminal may have it. An id can hold what a terminal obeys: sequences that move the cursor, clear the screen or
 * answer as if somebody had typed, and marks that turn the direction of what follows. These are shown as escapes, which JSON reads
 * as what they stand for.
 */

/** Control characters, halves of surrogate pairs, marks of direction, and what some terminals take for the end of a line. */
const OBEYED = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line: its ends and tabs are escaped, too. */
export const shownLine = (text: string): string => text.replace(OBEYED, escaped);

/** Text that may have several lines. */
export const shownText = (text: string): string =>
  text.replace(OBEYED, (each) => (each === '\n' || each === '\t' ? each : escaped(each)));
