/** The longest part of a key, in UTF-16 code units. */
export const LONGEST_KEY_PART = 512;
/** The longest id or source of an event: rows keep ids, and the id of a timer holds a whole key. */
export const LONGEST_ATTRIBUTE = 4096;

/** Printable ASCII. Any other text needs a closer check. */
const PLAIN = /^[ -~]+$/;

/** Whether every store can hold the value as part of a key, and no decoding error has garbled it. */
export function isKeyPart(value: unknown, longest = LONGEST_KEY_PART): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > longest) return false;
  return PLAIN.test(value) || (value.isWellFormed() && !value.includes('\uFFFD') && !value.includes('\0'));
}
