/** Writes record batches: see `batch-format.ts`. */
import type { Headers, NewRecord } from '../../log/transport.ts';
import { AFTER_LENGTH, CRC_AT, CRC_FROM, checksum, HEAD, MAGIC, TRANSACTIONAL } from './batch-format.ts';
import { ByteWriter } from './bytes.ts';
import { COMPRESSIONS, type Compression, compress, gzipAside } from './compression.ts';

/** Below the limit of a topic by default (1 MiB), because compression makes incompressible data a little larger. */
export const BATCH_BYTES = 900_000;

export interface BatchProducer {
  readonly id: string;
  readonly epoch: number;
  /** How many records the producer has sent to the partition before. */
  readonly sequence: number;
  readonly transactional: boolean;
}

/** The records must belong to one partition, in order. */
export function encodeBatch(records: readonly NewRecord[], producer: BatchProducer, compression: Compression): Buffer {
  return withHead(records, producer, compression, compress(compression, encodeRecords(records)));
}

/**
 * The same for a record that is too large for a batch with others, compressed outside of the event
 * loop. It may have been compressed when it was read, and its topic might refuse it uncompressed.
 * Uses gzip, which every client can read.
 */
export async function encodeLarge(records: readonly NewRecord[], producer: BatchProducer): Promise<Buffer> {
  return withHead(records, producer, 'gzip', await gzipAside(encodeRecords(records)));
}

function encodeRecords(records: readonly NewRecord[]): Buffer {
  const base = (records[0] as NewRecord).timestamp;
  const body = new ByteWriter();
  for (const [i, record] of records.entries()) {
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
  return body.written;
}

function withHead(
  records: readonly NewRecord[],
  { id, epoch, sequence, transactional }: BatchProducer,
  compression: Compression,
  body: Buffer,
): Buffer {
  const base = (records[0] as NewRecord).timestamp;
  let latest = base;
  for (const { timestamp } of records) latest = Math.max(latest, timestamp);
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
    .id64(id)
    .i16(epoch)
    .i32(sequence)
    .i32(records.length)
    .raw(body);
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
