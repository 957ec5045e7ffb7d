/** How large records may be, and how far ahead of the clock. Topics that other tools made may have other limits. */
import { TributaryError } from '../../core/errors.ts';
import type { NewRecord } from './transport.ts';

const MIB = 1024 * 1024;

/** The largest value of an event that is read, and so the largest that is emitted, in bytes. */
export const LARGEST_VALUE = 8 * MIB;

/** The largest record that our topics are made for, in bytes: such a value with its key and headers. */
export const LARGEST_RECORD = 9 * MIB;

/**
 * How far ahead of the broker's clock the time of a record may be, in ms. The time of an event is bounded by that of its record, and the
 * newest fact holds: a record of next year would hold until then.
 */
export const MOST_AHEAD_MS = 3_600_000;

/** Of a text that is no longer than this, three bytes a character are taken for its size. */
const SHORT = 256;

/** Bytes that a record takes in a batch, a little more rather than less. */
export function largestSize({ key, value, headers }: Pick<NewRecord, 'key' | 'value' | 'headers'>): number {
  let size = 40 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name of Object.keys(headers)) size += headerSize(name, headers[name] as string | Uint8Array);
  return size;
}

export function headerSize(name: string, value: string | Uint8Array): number {
  return 10 + bytesOf(name) + (typeof value === 'string' ? bytesOf(value) : value.length);
}

const bytesOf = (text: string): number => (text.length <= SHORT ? 3 * text.length : Buffer.byteLength(text));

/** What a transport throws when a topic does not take a record of this size. */
export class RecordTooLarge extends TributaryError {
  readonly topic: string;

  constructor(topic: string, message: string, options?: { cause?: unknown }) {
    super('RECORD_TOO_LARGE', message, options);
    this.topic = topic;
  }
}
