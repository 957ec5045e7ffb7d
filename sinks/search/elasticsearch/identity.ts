/** The id of a document, and its version as one number. */
import { TributaryError } from '../../../core/errors.ts';
import type { Key, Version } from '../../port.ts';

/**
 * A digest of a text in base64url: short, and different for every text. It is a parameter, because hashing is not part
 * of the language.
 */
export type Digest = (text: string) => string;

const LONGEST_ID_BYTES = 512;
const RESERVED = /[%/#]/g;
const [MOST_TOKENS, MOST_REVISIONS] = [2 ** 30, 2 ** 33];

/**
 * The values of the key with `/` between them, readable for people: `tenant/org/course`. `%`, `/` and `#` within a
 * value are percent-encoded. If the id would be too long for Elasticsearch, it is `#` and the key's digest.
 */
export function documentId(key: Key, digest: Digest): string {
  const id = key.map((value) => value.replace(RESERVED, encodeURIComponent)).join('/');
  return Buffer.byteLength(id) > LONGEST_ID_BYTES ? `#${digest(id)}` : id;
}

/**
 * Elasticsearch's versions are whole numbers below 2^63: 30 bits for the token and the lower 33 for the revision. A
 * text, because JavaScript's numbers are exact only up to 2^53.
 */
export function versionNumber({ token, revision }: Version): string {
  const isWithin = (value: number, end: number) => Number.isInteger(value) && value >= 0 && value < end;
  if (isWithin(token, MOST_TOKENS) && isWithin(revision, MOST_REVISIONS)) {
    return String((BigInt(token) << 33n) | BigInt(revision));
  }
  throw new TributaryError(
    'STORE_BROKEN',
    `the version ${token}.${revision} is too large for a search index: the token must be below 2^30 and the revision below 2^33; after that many owners or events, rebuild the job under another name`,
  );
}
