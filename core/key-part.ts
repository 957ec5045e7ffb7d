/** The longest part of a key, in UTF-16 code units. */
export const LONGEST_KEY_PART = 512;

/** Beyond ASCII's printable characters a text needs a closer look. */
const PLAIN = /^[ -~]+$/;

/** Whether it is a text that every store can hold as part of a key, and that no decoding error can have made. */
export function isKeyPart(value: unknown, longest = LONGEST_KEY_PART): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > longest) return false;
  return PLAIN.test(value) || (value.isWellFormed() && !value.includes('\uFFFD') && !value.includes('\0'));
}
