/** Ids that are derived from other ids, such as the id of the notification about a course. */
import { sha256 } from '@noble/hashes/sha2.js';
import { LONGEST_KEY_PART } from '../core/key-part.ts';

/**
 * Joins `prefix`, the id and `suffix` into one id that is also valid as a part of a key. If the result would be too long, the digest of the
 * id replaces the id.
 */
export function derivedId(prefix: string, id: string, suffix = ''): string {
  const whole = `${prefix}${id}${suffix}`;
  return whole.length <= LONGEST_KEY_PART ? whole : `${prefix}sha256:${digestOf(id)}${suffix}`;
}

const digestOf = (id: string): string => Buffer.from(sha256(new TextEncoder().encode(id))).toString('hex');
