/** The longest part of a key, in UTF-16 code units. */
export const LONGEST_KEY_PART = 512;
/** The longest id or source of an event: rows keep ids, and the id of a timer holds a whole key. */
export const LONGEST_ATTRIBUTE = 4096;

/** A text with other than printable ASCII characters needs a closer check. */
const PLAIN = /^[ -~]+$/;

/** Whether it is a text that every store can hold as part of a key, and that is not the result of a decoding error. */
export function isKeyPart(value: unknown, longest = LONGEST_KEY_PART): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > longest) return false;
  return PLAIN.test(value) || (value.isWellFormed() && !value.includes('\uFFFD') && !value.includes('\0'));
}
