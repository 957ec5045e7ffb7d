/**
 * A version as the timestamp of every cell of a write, so that Cassandra itself keeps the newest version.
 *
 * | bits | content | range |
 * | --- | --- | --- |
 * | 62 to 41 | the token plus 2,048 | 4,192,255 claims of one partition |
 * | 40 to 8 | the revision | 8,589,934,591 events of one row |
 * | 7 to 0 | the attempt | 255 attempts of one owner to write one version |
 *
 * Timestamps are signed 64-bit numbers, of which 63 bits are used. The 2,048 put every version beyond the microseconds of any clock of this
 * century. So what people write or delete without an explicit timestamp never hides what a job writes later.
 *
 * Equal timestamps are resolved cell by cell, so different contents must not have the same timestamp. A version belongs
 * to one owner. But an owner whose write timed out may reach another result the second time, while the first write
 * still arrives. The attempt distinguishes the two: see `writes.ts`.
 */
import { TributaryError } from '../../../core/errors.ts';
import type { Version } from '../../port.ts';

const BEYOND_CLOCKS = 2048;
export const MOST_TOKENS = 2 ** 22 - 1 - BEYOND_CLOCKS;
export const MOST_REVISIONS = 2 ** 33 - 1;
export const MOST_ATTEMPTS = 2 ** 8 - 1;

/** The lower and the upper 32 bits of a timestamp, both signed. */
export type Timestamp = readonly [low: number, high: number];

/** Why no timestamp can represent the revision; undefined if one can. */
export function unsayable({ revision }: Version): string | undefined {
  if (revision <= MOST_REVISIONS) return undefined;
  return `its revision ${revision} is beyond ${MOST_REVISIONS}, the most that a Cassandra timestamp can hold`;
}

export function timestampOf({ token, revision }: Version, attempt = 0): Timestamp {
  checkToken(token);
  if (attempt > MOST_ATTEMPTS) {
    throw new TributaryError(
      'STORE_BROKEN',
      `a row was written ${attempt} times without an answer, and one of these writes may still arrive; find out why Cassandra does not answer in time, and restart: a new claim writes under a new token`,
    );
  }
  const low = (revision % 2 ** 24) * 2 ** 8 + attempt;
  const high = (token + BEYOND_CLOCKS) * 2 ** 9 + Math.floor(revision / 2 ** 24);
  return [low | 0, high | 0];
}

/** Throws for a token that no timestamp can represent. */
export function checkToken(token: number): void {
  if (token <= MOST_TOKENS) return;
  throw new TributaryError(
    'STORE_BROKEN',
    `a partition was claimed ${token} times, and ${MOST_TOKENS} is the most that a Cassandra timestamp can hold; rebuild the tables in a new keyspace, where tokens begin at 1`,
  );
}
