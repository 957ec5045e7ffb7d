/** The bytes of a record for people: as text, if they are text, and in hexadecimal. */

/** @param {string} base64 */
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Undefined for bytes that are not UTF-8. A character that is cut off at the end is ignored. @param {Uint8Array} bytes */
export function textOf(bytes) {
  for (let cut = 0; cut < 4 && cut <= bytes.length; cut += 1) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
      // Avro and other formats have bytes that text never has.
      return [...text].some(isControl) ? undefined : text;
    } catch {}
  }
  return undefined;
}

/** @param {string} character */
const isControl = (character) => character < ' ' && !'\t\n\r'.includes(character);

const PER_LINE = 16;

/**
 * Lines with an offset, 16 bytes, and their characters.
 * @param {Uint8Array} bytes
 */
export function hexOf(bytes) {
  /** @type {string[]} */
  const lines = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const some = [...bytes.subarray(at, at + PER_LINE)];
    const hex = some.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = some.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(3 * PER_LINE - 1)}  ${text}`);
  }
  return lines.join('\n');
}
