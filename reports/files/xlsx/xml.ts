/** Texts in the XML of workbooks. */

/** Characters that XML 1.0 cannot have, or that change when it is read. */
const UNWRITABLE = '\\x00-\\x08\\x0B-\\x1F\\uFFFE\\uFFFF';
const unwritable = new RegExp(`[${UNWRITABLE}]`, 'g');
/** Text that looks like the escape of such a character. */
const escaped = /_(?=x[0-9A-Fa-f]{4}_)/g;
const special = /[&<>"]/;
const needsEscape = new RegExp(`[${UNWRITABLE}&<>"]|_x`);

/** `_xHHHH_` stands for a character that XML cannot have (ECMA-376, part 1, 22.9.2.19). */
export function xmlText(text: string): string {
  if (!needsEscape.test(text)) return text;
  const written = text
    .replaceAll(escaped, '_x005F_')
    .replaceAll(unwritable, (each) => `_x${each.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`);
  if (!special.test(written)) return written;
  return written.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** `A`, `Z`, `AA`: the name of a column, counted from 0. */
export function columnName(at: number): string {
  const rest = Math.floor(at / 26) - 1;
  return (rest >= 0 ? columnName(rest) : '') + String.fromCharCode(65 + (at % 26));
}
