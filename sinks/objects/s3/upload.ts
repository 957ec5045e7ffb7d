/**
 * Uploads a body of any length to S3 in constant memory: the body is cut into parts, and some are sent while the next
 * one is filled. A body that fits into one part is sent in one request.
 */
import { TributaryError } from '../../../core/errors.ts';
import type { ObjectBody } from '../port.ts';
import type { Part } from './request.ts';

/** The requests to S3. Each is retried if that may help, and throws the last error. */
export interface Target {
  readonly partBytes: number;
  readonly partsInFlight: number;
  /** The whole object in one request. */
  whole(body: Uint8Array): Promise<void>;
  /** Returns the id of the upload. */
  begin(): Promise<string>;
  part(upload: string, number: number, body: Uint8Array): Promise<Part>;
  /** `bytes`: the size of all parts together. */
  complete(upload: string, parts: readonly Part[], bytes: number): Promise<void>;
  abort(upload: string): Promise<void>;
}

const MOST_PARTS = 10_000;
/** The size of the first buffer, for a body that may be small. */
const FIRST_BYTES = 64 * 1024;

/**
 * Returns the number of written bytes. An error of the body is thrown unchanged, and nothing that was written remains.
 */
export async function upload(target: Target, body: ObjectBody): Promise<number> {
  if (body instanceof Uint8Array && body.length <= target.partBytes) {
    await target.whole(body);
    return body.length;
  }
  const buffers = new Buffers(target.partBytes, target.partsInFlight);
  const parts = partsOf(body instanceof Uint8Array ? [body] : body, buffers);
  try {
    const first = await parts.next();
    const second = await parts.next();
    if (first.done !== true && second.done !== true)
      return await uploadParts(target, buffers, [first.value, second.value], parts);
    const whole = first.done === true ? new Uint8Array(0) : first.value;
    await target.whole(whole);
    return whole.length;
  } finally {
    // Ends the body if the upload failed before its end.
    await parts.return(undefined);
  }
}

async function uploadParts(
  target: Target,
  buffers: Buffers,
  read: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): Promise<number> {
  const id = await target.begin();
  const parts: Part[] = [];
  let bytes = 0;
  let number = 0;
  const send = (part: Uint8Array): void => {
    number += 1;
    if (number > MOST_PARTS) throw tooLarge(target.partBytes);
    bytes += part.length;
    buffers.lend(
      part,
      target.part(id, number, part).then((sent) => {
        parts.push(sent);
      }),
    );
  };
  try {
    for (const part of read) send(part);
    for await (const part of rest) send(part);
    await buffers.returned();
    await target.complete(id, parts, bytes);
    return bytes;
  } catch (error) {
    // Otherwise a part in flight would remain.
    await buffers.settled();
    await target.abort(id).catch(() => undefined);
    throw error;
  }
}

/** Cuts a body into parts of one size; the last one may be shorter. An empty body has none. */
async function* partsOf(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  buffers: Buffers,
): AsyncGenerator<Uint8Array, void> {
  let buffer: Uint8Array = new Uint8Array(0);
  let filled = 0;
  for await (const chunk of body) {
    for (let from = 0; from < chunk.length; ) {
      if (filled === buffers.bytes) {
        yield buffer;
        filled = 0;
        buffer = await buffers.take();
      } else if (filled === buffer.length) {
        buffer = await buffers.larger(buffer);
      }
      const length = Math.min(buffer.length - filled, chunk.length - from);
      buffer.set(chunk.subarray(from, from + length), filled);
      filled += length;
      from += length;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

/** The buffers of one upload. Later parts reuse the buffers of parts that were sent. */
class Buffers {
  readonly bytes: number;
  private readonly most: number;
  private readonly spare: Uint8Array[] = [];
  private readonly lent = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;

  constructor(bytes: number, most: number) {
    this.bytes = bytes;
    this.most = most;
  }

  /** Waits until fewer than the maximum are in use. Throws the error of a failed part. */
  async take(): Promise<Uint8Array> {
    while (this.lent.size >= this.most && this.failure === undefined) await Promise.race(this.lent);
    this.check();
    return this.spare.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  /** A buffer with the same contents and more room. */
  async larger(full: Uint8Array): Promise<Uint8Array> {
    const larger = Buffer.allocUnsafeSlow(Math.min(this.bytes, Math.max(FIRST_BYTES, full.length * 4)));
    larger.set(full);
    return larger;
  }

  lend(part: Uint8Array, sent: Promise<void>): void {
    const lent: Promise<void> = sent
      .then(
        () => {
          if (part.length === this.bytes) this.spare.push(part);
        },
        (error: unknown) => {
          this.failure ??= { error };
        },
      )
      .finally(() => this.lent.delete(lent));
    this.lent.add(lent);
  }

  async settled(): Promise<void> {
    await Promise.all(this.lent);
  }

  /** Waits until all parts are sent. Throws the error of a failed part. */
  async returned(): Promise<void> {
    await this.settled();
    this.check();
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }
}

function tooLarge(partBytes: number): TributaryError {
  return new TributaryError(
    'USAGE',
    `an object cannot have more than ${MOST_PARTS} parts of ${partBytes} bytes; make partBytes larger, or the object smaller`,
  );
}
