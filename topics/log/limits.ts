/** How large records may be, and how far ahead of the clock. Topics that other tools created may have other limits. */
import { TributaryError } from '../../core/errors.ts';
import type { NewRecord } from './transport.ts';

const MIB = 1024 * 1024;

/** The largest value of an event that is read, in bytes, and so the largest that is emitted. */
export const LARGEST_VALUE = 8 * MIB;

/** The largest record that our topics accept, in bytes: the largest value with its key and headers. */
export const LARGEST_RECORD = 9 * MIB;

/**
 * How far ahead of the broker's clock the time of a record may be, in ms. The time of its record limits the time of an event, and the
 * newest fact wins: a fact dated next year would win until then.
 */
export const MOST_AHEAD_MS = 3_600_000;

/** A text of up to this many characters counts three bytes for each, which is faster than measuring it. */
const SHORT = 256;

/** An upper estimate of the bytes that a record takes in a batch. */
export function largestSize({ key, value, headers }: Pick<NewRecord, 'key' | 'value' | 'headers'>): number {
  let size = 40 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name of Object.keys(headers)) size += headerSize(name, headers[name] as string | Uint8Array);
  return size;
}

export function headerSize(name: string, value: string | Uint8Array): number {
  return 10 + bytesOf(name) + (typeof value === 'string' ? bytesOf(value) : value.length);
}

const bytesOf = (text: string): number => (text.length <= SHORT ? 3 * text.length : Buffer.byteLength(text));

/** A transport throws this if the topic does not accept a record of this size. */
export class RecordTooLarge extends TributaryError {
  readonly topic: string;

  constructor(topic: string, message: string, options?: { cause?: unknown }) {
    super('RECORD_TOO_LARGE', message, options);
    this.topic = topic;
  }
}
