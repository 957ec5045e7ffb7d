/** Estimates the memory that a row takes. It has to be quick, since it runs for every row of every batch: it samples maps and lists. */
import { Entries } from '../../../core/entries.ts';
import type { OutboxEntry } from './outbox.ts';

/** The memory of an entry in a map of rows, with its key, besides the row. */
export const ENTRY_BYTES = 150;
/** The memory of the objects and maps of a row, without their contents. */
const READY_BYTES = 1800;
const READY_WEIGHT = 2;
/** How many elements of a map or list are sampled. */
const SAMPLED = 2;
const NUMBER = 10;

interface Sized {
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly outbox: readonly OutboxEntry[];
}

/** About how many characters the row has as text. */
export function charactersOf({ data, outbox }: Sized): number {
  return size(data) + sampled(outbox.length, outbox);
}

/** About how many bytes an unpacked row takes in memory; measured with rows of 360 to 3,300 characters. */
export function readyBytesOf(row: Sized): number {
  return row.data === undefined ? ENTRY_BYTES : READY_BYTES + READY_WEIGHT * charactersOf(row);
}

/** The bytes of a text in memory. V8 takes two for each character if any character needs two. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}

function size(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return value.length + 3;
    case 'object':
      break;
    default:
      return NUMBER;
  }
  if (value === null) return 5;
  if (value instanceof Uint8Array) return (value.length * 4) / 3;
  if (value instanceof Entries) return value.size === 0 ? 2 : sampled(value.size, value);
  if (Array.isArray(value)) return sampled(value.length, value);
  let sum = 2;
  for (const name in value) sum += size((value as Record<string, unknown>)[name]);
  return sum;
}

function sampled(count: number, elements: Iterable<unknown>): number {
  if (count === 0) return 2;
  let sum = 0;
  let taken = 0;
  for (const element of elements) {
    sum += size(element);
    taken += 1;
    if (taken === SAMPLED) break;
  }
  return Math.ceil((sum * count) / taken);
}
