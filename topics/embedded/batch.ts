/**
 * Records that were appended together, as one row of the log: their keys and values one after the other as bytes, and everything
 * else as JSON text. In a batch nearly all headers have the same names, and most have the same values, so each text is stored once.
 * Compared with a row for each record, this takes half the bytes and half the time.
 */
import { TributaryError } from '../../core/errors.ts';
import type { LogRecord, NewRecord } from '../log/transport.ts';

export interface Batch {
  readonly count: number;
  /** The latest timestamp of its records. */
  readonly newest: number;
  readonly meta: string;
  readonly bytes: Uint8Array;
}

interface Meta {
  /** The different lists of header names. */
  readonly names: readonly (readonly string[])[];
  /** The different header values: text, or bytes in base64. */
  readonly texts: readonly (string | { readonly b: string })[];
  /** For each record: index in `names`, timestamp, lengths of key and value (-1: null), and indices in `texts`. */
  readonly records: readonly number[];
}

const NULL = -1;

export function encodeBatch(records: readonly NewRecord[]): Batch {
  const names = new Interned<readonly string[]>();
  const texts = new Interned<string | { b: string }>();
  const numbers: number[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  let size = 0;
  for (const { headers, timestamp, key, value } of records) {
    if (!Number.isSafeInteger(timestamp)) {
      throw new TributaryError('USAGE', `a record has the timestamp ${timestamp}; give whole ms since 1970 UTC`);
    }
    const list = Object.keys(headers);
    numbers.push(names.of(list.join('\0'), list), timestamp, key?.length ?? NULL, value?.length ?? NULL);
    for (const name of list) {
      const header = headers[name] as string | Uint8Array;
      if (typeof header === 'string') numbers.push(texts.of(header, header));
      else numbers.push(texts.add({ b: Buffer.from(header).toString('base64') }));
    }
    if (timestamp > newest) newest = timestamp;
    size += (key?.length ?? 0) + (value?.length ?? 0);
  }
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const { key, value } of records) {
    for (const part of [key, value]) {
      if (part === null) continue;
      bytes.set(part, position);
      position += part.length;
    }
  }
  const meta: Meta = { names: names.all, texts: texts.all, records: numbers };
  return { count: records.length, newest, meta: JSON.stringify(meta), bytes };
}

/** The records of a batch; `first` is the offset of the first one. Their keys and values are views of `bytes`. */
export function decodeBatch(text: string, bytes: Uint8Array, partition: number, first: number): LogRecord[] {
  const { names, texts, records } = JSON.parse(text) as Meta;
  const decoded: LogRecord[] = [];
  let position = 0;
  const part = (length: number): Uint8Array | null => {
    if (length === NULL) return null;
    position += length;
    return bytes.subarray(position - length, position);
  };
  for (let i = 0; i < records.length; ) {
    const list = names[records[i++] as number] as readonly string[];
    const timestamp = records[i++] as number;
    const key = part(records[i++] as number);
    const value = part(records[i++] as number);
    const headers: Record<string, string | Uint8Array> = {};
    for (const name of list) put(headers, name, texts[records[i++] as number] as Meta['texts'][number]);
    decoded.push({ partition, offset: first + decoded.length, timestamp, key, value, headers });
  }
  return decoded;
}

function put(
  headers: Record<string, string | Uint8Array>,
  name: string,
  stored: string | { readonly b: string },
): void {
  const value = typeof stored === 'string' ? stored : new Uint8Array(Buffer.from(stored.b, 'base64'));
  // A plain assignment would lose a header of this name.
  if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true });
  else headers[name] = value;
}

/** A list that keeps each thing once. Its index identifies it. */
class Interned<T> {
  readonly all: T[] = [];
  readonly #indices = new Map<string, number>();

  of(id: string, thing: T): number {
    let index = this.#indices.get(id);
    if (index === undefined) {
      index = this.add(thing);
      this.#indices.set(id, index);
    }
    return index;
  }

  add(thing: T): number {
    return this.all.push(thing) - 1;
  }
}
