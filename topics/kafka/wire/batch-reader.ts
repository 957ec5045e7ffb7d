/**
 * Reads record batches: see `batch-format.ts`. kafkajs is not used for this: it ignores checksums,
 * fails on a batch of 130,000 records, hands out views of the whole answer, and takes quadratic
 * time for many records of one partition.
 */
import { isUtf8 } from 'node:buffer';
import { TributaryError } from '../../../core/errors.ts';
import type { Headers, LogRecord } from '../../log/transport.ts';
import {
  ABORT,
  AFTER_LENGTH,
  CODEC_BITS,
  CONTROL,
  CRC_AT,
  CRC_FROM,
  checksum,
  HEAD,
  LOG_TIME,
  MAGIC,
  MAGIC_AT,
  TRANSACTIONAL,
} from './batch-format.ts';
import { ByteReader, corrupt } from './bytes.ts';
import { decompress } from './compression.ts';

/** A batch in an answer, and the fields of its header. */
export interface BatchHead {
  readonly baseOffset: number;
  /** The offset after the last one of the batch, whether there is a record at that offset or not. */
  readonly nextOffset: number;
  readonly attributes: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: string;
  readonly count: number;
  /** The whole batch, from its base offset on. */
  readonly bytes: Buffer;
}

/** The complete batches of an answer, as views, not copies. The last batch is left out if the answer ends within it. */
export function batchHeads(buffer: Buffer): BatchHead[] {
  const heads: BatchHead[] = [];
  for (let at = 0; at + HEAD <= buffer.length; ) {
    const reader = new ByteReader(buffer, at);
    const baseOffset = reader.i64();
    const length = reader.i32();
    const end = at + AFTER_LENGTH + length;
    if (buffer.readInt8(at + MAGIC_AT) !== MAGIC) {
      throw new TributaryError(
        'STORE_BROKEN',
        `the record at offset ${baseOffset} is in a format from before Kafka 0.11, which is not read here; copy the topic`,
      );
    }
    if (end > buffer.length) break;
    reader.position = at + CRC_FROM;
    const attributes = reader.i16();
    const lastDelta = reader.i32();
    const baseTimestamp = reader.i64();
    const maxTimestamp = reader.i64();
    const producerId = reader.id64();
    reader.position = at + HEAD - 4;
    const count = reader.i32();
    heads.push({
      baseOffset,
      nextOffset: baseOffset + lastDelta + 1,
      attributes,
      baseTimestamp,
      maxTimestamp,
      producerId,
      count,
      bytes: buffer.subarray(at, end),
    });
    at = end;
  }
  return heads;
}

export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: number;
}

/** The batches that a reader of committed records reads. `heads` must begin at the start of the answer. */
export function committed(heads: readonly BatchHead[], aborted: readonly AbortedTransaction[]): BatchHead[] {
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<string>();
  return heads.filter((head) => {
    for (let next = waiting[0]; next !== undefined && next.firstOffset < head.nextOffset; next = waiting[0]) {
      open.add(next.producerId);
      waiting.shift();
    }
    if ((head.attributes & CONTROL) !== 0) {
      if (isAbort(head)) open.delete(head.producerId);
      return false;
    }
    return head.count > 0 && !((head.attributes & TRANSACTIONAL) !== 0 && open.has(head.producerId));
  });
}

/** A control record's key is a version and a type. */
function isAbort(head: BatchHead): boolean {
  const reader = new ByteReader(head.bytes, HEAD);
  reader.varint();
  reader.i8();
  reader.varlong();
  reader.varint();
  reader.varint();
  reader.i16();
  return reader.i16() === ABORT;
}

/**
 * Reads the records of a batch one after the other. Their bytes are copies: keeping a key does not keep the
 * whole answer in memory.
 */
export class BatchReader {
  readonly #head: BatchHead;
  readonly #partition: number;
  readonly #reader: ByteReader;
  #left: number;

  constructor(head: BatchHead, partition: number) {
    if (checksum(head.bytes.subarray(CRC_FROM)) !== head.bytes.readUInt32BE(CRC_AT)) {
      throw corrupt(`the checksum of the batch at offset ${head.baseOffset} of partition ${partition} is wrong`);
    }
    this.#head = head;
    this.#partition = partition;
    this.#reader = new ByteReader(decompress(head.attributes & CODEC_BITS, head.bytes.subarray(HEAD)));
    this.#left = head.count;
  }

  /** Whether the last record was read. */
  get isDone(): boolean {
    return this.#left === 0;
  }

  /** The next record; undefined after the last one. */
  next(): LogRecord | undefined {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    const length = this.#reader.varint();
    const reader = new ByteReader(Buffer.from(this.#reader.bytes(length)));
    const { baseOffset, baseTimestamp, maxTimestamp, attributes } = this.#head;
    reader.i8();
    const timestamp = baseTimestamp + reader.varlong();
    const offset = baseOffset + reader.varint();
    return {
      partition: this.#partition,
      offset,
      timestamp: (attributes & LOG_TIME) === 0 ? timestamp : maxTimestamp,
      key: readBytes(reader),
      value: readBytes(reader),
      headers: readHeaders(reader),
    };
  }
}

function readBytes(reader: ByteReader): Buffer | null {
  const length = reader.varint();
  return length < 0 ? null : reader.bytes(length);
}

/** In decoded text, this stands for bytes that are not valid UTF-8, or is a character of the text. */
const REPLACED = '\ufffd';

/** If two headers have the same name, the last one counts; a null value is an empty text. */
function readHeaders(reader: ByteReader): Headers {
  const headers: Record<string, string | Uint8Array> = {};
  for (let count = reader.varint(); count > 0; count--) {
    const name = reader.text(reader.varint());
    const value = readHeader(reader);
    // A plain assignment would set the prototype.
    if (name === '__proto__') {
      Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
    } else headers[name] = value;
  }
  return headers;
}

function readHeader(reader: ByteReader): string | Uint8Array {
  const length = reader.varint();
  if (length < 0) return '';
  const from = reader.position;
  const text = reader.text(length);
  if (!text.includes(REPLACED)) return text;
  const bytes = reader.buffer.subarray(from, from + length);
  return isUtf8(bytes) ? text : bytes;
}
