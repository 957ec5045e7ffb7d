/**
 * Record batches (format 2) as bytes. https://kafka.apache.org/documentation/#recordbatch
 *
 *   baseOffset i64, length i32, leaderEpoch i32, magic i8, crc u32 (of all that follows), attributes i16,
 *   lastOffsetDelta i32, baseTimestamp i64, maxTimestamp i64, producerId i64, producerEpoch i16, baseSequence i32,
 *   count i32, records (compressed as a whole):
 *   length varint, attributes i8, timestampDelta varlong, offsetDelta varint, key, value, headers
 *
 * Written here and not by kafkajs, which checks no checksum, fails on a batch of 130,000 records, hands out views of the whole
 * answer, and takes quadratic time for many records of one partition.
 */
import { isUtf8 } from 'node:buffer';
import { crc32c } from '@platformatic/wasm-utils';
import { TributaryError } from '../../schemas/errors.ts';
import type { Headers, LogRecord, NewRecord } from '../transport.ts';
import { ByteReader, ByteWriter, corrupt } from './bytes.ts';
import { COMPRESSIONS, type Compression, compress, decompress } from './compression.ts';

const HEAD = 61;
/** Where the length counts from. */
const AFTER_LENGTH = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const CRC_FROM = 21;
const MAGIC = 2;

const CODEC_BITS = 0x07;
const LOG_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const ABORT = 0;

export interface Producer {
  readonly id: string;
  readonly epoch: number;
}

/** The records must be of one partition, in order. `sequence` counts the records that the producer sent there before. */
export function encodeBatch(
  records: readonly NewRecord[],
  producer: Producer,
  sequence: number,
  transactional: boolean,
  compression: Compression,
): Buffer {
  const base = (records[0] as NewRecord).timestamp;
  let latest = base;
  const body = new ByteWriter();
  for (const [i, record] of records.entries()) {
    latest = Math.max(latest, record.timestamp);
    const size = sizeOf(record, record.timestamp - base, i);
    body
      .varint(size)
      .i8(0)
      .varlong(record.timestamp - base)
      .varint(i);
    writeBytes(body, record.key);
    writeBytes(body, record.value);
    writeHeaders(body, record.headers);
  }
  const batch = new ByteWriter(HEAD + body.length)
    .i64(0)
    .i32(0)
    .i32(-1)
    .i8(MAGIC)
    .i32(0)
    .i16(COMPRESSIONS.indexOf(compression) | (transactional ? TRANSACTIONAL : 0))
    .i32(records.length - 1)
    .i64(base)
    .i64(latest)
    .i64(BigInt(producer.id))
    .i16(producer.epoch)
    .i32(sequence)
    .i32(records.length)
    .raw(compress(compression, body.written));
  batch.putI32(8, batch.length - AFTER_LENGTH);
  batch.putU32(CRC_AT, checksum(batch.written.subarray(CRC_FROM)));
  return batch.written;
}

function sizeOf({ key, value, headers }: NewRecord, timestampDelta: number, index: number): number {
  let size = 1 + varlongSize(timestampDelta) + varintSize(index) + bytesSize(key) + bytesSize(value);
  const names = Object.keys(headers);
  size += varintSize(names.length);
  for (const name of names) {
    const value = headers[name] as string | Uint8Array;
    size += textSize(name) + (typeof value === 'string' ? textSize(value) : bytesSize(value));
  }
  return size;
}

const varintSize = (value: number): number => uvarintSize((value << 1) ^ (value >> 31));

function uvarintSize(value: number): number {
  let size = 1;
  for (let rest = value >>> 0; rest > 0x7f; rest >>>= 7) size += 1;
  return size;
}

function varlongSize(value: number): number {
  let size = 1;
  for (let rest = value < 0 ? -2 * value - 1 : 2 * value; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

const bytesSize = (bytes: Uint8Array | null): number => (bytes === null ? 1 : varintSize(bytes.length) + bytes.length);

function textSize(text: string): number {
  const length = Buffer.byteLength(text);
  return varintSize(length) + length;
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array | null): void {
  if (bytes === null) writer.varint(-1);
  else writer.varint(bytes.length).raw(bytes);
}

function writeHeaders(writer: ByteWriter, headers: Headers): void {
  const names = Object.keys(headers);
  writer.varint(names.length);
  for (const name of names) {
    const value = headers[name] as string | Uint8Array;
    writeText(writer, name);
    if (typeof value === 'string') writeText(writer, value);
    else writeBytes(writer, value);
  }
}

function writeText(writer: ByteWriter, text: string): void {
  const length = Buffer.byteLength(text);
  writer.varint(length).utf8(text, length);
}

/** The CRC of the wasm library is signed on some inputs. */
const checksum = (bytes: Buffer): number => crc32c(bytes) >>> 0;

/** Where a batch lies in an answer, and what its head says. */
export interface BatchHead {
  readonly baseOffset: number;
  /** The offset after the last one the batch takes, readable or not. */
  readonly nextOffset: number;
  readonly attributes: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: string;
  readonly count: number;
  /** All of it, from the base offset on. */
  readonly bytes: Buffer;
}

/** The whole batches of an answer; what a limit of bytes cut off at its end is left out. Views, not copies. */
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
    const producerId = buffer.readBigInt64BE(reader.position).toString();
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

/** The batches whose records a reader of committed records sees. `heads` begin where the answer began. */
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

/** Reads the records of a batch one after the other. Their bytes are copies, so that a key kept does not keep an answer. */
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

  /** Undefined after the last one. */
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

/** Stands in a text for what is not valid UTF-8; or for itself. */
const REPLACED = '\ufffd';

/** Of a name that comes twice, the last; a null value is an empty text. */
function readHeaders(reader: ByteReader): Headers {
  const headers: Record<string, string | Uint8Array> = {};
  for (let count = reader.varint(); count > 0; count--) {
    const name = reader.text(reader.varint());
    const value = readHeader(reader);
    // An assignment would set the prototype.
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
