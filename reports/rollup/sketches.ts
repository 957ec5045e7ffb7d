/**
 * The two sketches: what a row keeps where all values would take too much space, and how results follow from it. Both merge exactly: the
 * sketch of all events is the union, or the sum, of the sketches of their parts, in any order.
 *
 * - *Distinct* (KMV): the smallest hashes, at most `MOST_HASHES` of them. Exact while there are fewer. Beyond that, the density of the
 *   hashes gives an estimate, whose relative error has a standard deviation of 1.6 percent, 1 / sqrt(4094).
 * - *Quantile* (DDSketch): the number of values in each bucket; each bucket is wider than the one before by the same factor. A quantile
 *   differs from the value of exactly that rank by at most `ACCURACY`, relative to that value. Keys grow with the values, so sorting by key
 *   sorts by value.
 */

export const MOST_HASHES = 4096;

export const ACCURACY = 0.01;
export const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);
/** Magnitudes below `LEAST` count as 0, and magnitudes above `MOST` are refused. So a sketch has at most 6,220 buckets. */
export const LEAST = 1e-9;
export const MOST = 1e18;
/** The distance of a key from 0, which is the key of the value 0. It is larger than any exponent. */
export const KEY_OFFSET = 10_000;

/** The key of the bucket of the value, whose magnitude must not exceed `MOST`. */
export function keyOf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < LEAST) return 0;
  const key = Math.ceil(Math.log(magnitude) / LOG_GAMMA) + KEY_OFFSET;
  return value < 0 ? -key : key;
}

/** The value that represents a bucket. */
export function middleOf(key: number): number {
  if (key === 0) return 0;
  const magnitude = (2 * GAMMA ** (Math.abs(key) - KEY_OFFSET)) / (GAMMA + 1);
  return key < 0 ? -magnitude : magnitude;
}
