/** Parses JSON values of records from UTF-8. Safe for hostile input. */
import { messageOf } from '../../core/errors.ts';
import { type Read, rejected } from './wire.ts';

/** Values up to this size, in bytes, cannot nest deep enough to be expensive. */
const SHORT = 64 * 1024;
const DEEPEST = 1000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseJson(value: Uint8Array): Read {
  if (value.length > SHORT && nestsTooDeep(value)) {
    return rejected('VALUE_UNREADABLE', `the value nests deeper than ${DEEPEST} levels`);
  }
  try {
    return { kind: 'value', value: JSON.parse(utf8.decode(value)) };
  } catch (error) {
    return rejected('VALUE_UNREADABLE', `the value is not JSON in UTF-8: ${messageOf(error)}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Millions of nested brackets cost the parser a second and half a gigabyte, and no schema nests so deep. */
function nestsTooDeep(value: Uint8Array): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] as number;
    if (quoted) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return false;
}
