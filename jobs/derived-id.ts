/** Ids that are made from others, such as that of the notification about a course. */
import { sha256 } from '@noble/hashes/sha2.js';
import { LONGEST_KEY_PART } from '../core/key-part.ts';

/**
 * `prefix`, the id and `suffix` as one id, which is a part of a key as well: where it would be too long for that, the digest of the id
 * stands for the id.
 */
export function derivedId(prefix: string, id: string, suffix = ''): string {
  const whole = `${prefix}${id}${suffix}`;
  return whole.length <= LONGEST_KEY_PART ? whole : `${prefix}sha256:${digestOf(id)}${suffix}`;
}

const digestOf = (id: string): string => Buffer.from(sha256(new TextEncoder().encode(id))).toString('hex');
