/**
 * Makes foreign text safe for a terminal. An id may contain characters that a terminal obeys: sequences that move the cursor, clear the
 * screen or send input as if it had been typed, and marks that change the direction of the following text. They are shown as escapes, which
 * JSON decodes to the original characters.
 */

/** Control characters, halves of surrogate pairs, direction marks, and the characters that some terminals treat as line ends. */
const OBEYED = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line: line ends and tabs are escaped, too. */
export const shownLine = (text: string): string => text.replace(OBEYED, escaped);

/** Text that may have several lines. */
export const shownText = (text: string): string =>
  text.replace(OBEYED, (each) => (each === '\n' || each === '\t' ? each : escaped(each)));
