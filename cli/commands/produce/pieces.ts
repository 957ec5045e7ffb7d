/**
 * Cuts an input into pieces of whole lines, so that neither the sending nor the receiving process holds more than one piece. A piece ends
 * when it is full, or when no more input arrives for a moment. So the lines of a service that writes one at a time are sent as they arrive.
 */
import { usage } from '../../errors.ts';

export interface Piece {
  /** The numbers of its first and last line, counted from 1 in the input. */
  readonly first: number;
  readonly last: number;
  readonly bytes: Uint8Array;
}

const LINES_AT_ONCE = 5000;
const BYTES_AT_ONCE = 1024 * 1024;
const LONGEST_LINE = 32 * 1024 * 1024;
/** How long a line may wait to be sent together with others. */
const WAIT_MS = 50;
const NEWLINE = 10;

/** The lines from number `from` on. */
export async function* piecesOf(input: AsyncIterable<Uint8Array>, from = 1): AsyncGenerator<Piece> {
  const reader = input[Symbol.asyncIterator]();
  /** The number of the line that is being read, and the part read so far. */
  let number = 1;
  let begun: Uint8Array[] = [];
  let begunLength = 0;
  /** Whole lines. */
  let whole: Uint8Array[] = [];
  let length = 0;
  let first = 1;
  let dueAt = 0;

  const isEmpty = (): boolean => whole.length === 0;
  const take = (): Piece => {
    const piece = { first, last: number - 1, bytes: Buffer.concat(whole) };
    [whole, length] = [[], 0];
    return piece;
  };
  const endLine = (): void => {
    if (number >= from) {
      if (isEmpty()) [first, dueAt] = [number, performance.now() + WAIT_MS];
      whole.push(...begun);
      length += begunLength;
    }
    [begun, begunLength] = [[], 0];
    number += 1;
  };

  let reading: Promise<IteratorResult<Uint8Array>> | undefined;
  for (;;) {
    reading ??= reader.next();
    const read = isEmpty() ? await reading : await inTime(reading, dueAt - performance.now());
    if (read === undefined) {
      yield take();
      continue;
    }
    reading = undefined;
    if (read.done === true) break;
    const chunk = read.value;
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      begun.push(chunk.subarray(start, at + 1));
      begunLength += at + 1 - start;
      start = at + 1;
      endLine();
      if (!isEmpty() && (number - first >= LINES_AT_ONCE || length >= BYTES_AT_ONCE)) yield take();
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
    begunLength += chunk.length - start;
    if (begunLength > LONGEST_LINE)
      throw usage(`line ${number} has more than ${LONGEST_LINE} bytes: is this NDJSON, one event a line?`);
  }
  if (begunLength > 0) endLine();
  if (!isEmpty()) yield take();
}

/** Undefined if the work has not settled after `ms`. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
