/**
 * Reads and writes the types of Kafka's protocol: big-endian integers, zigzag varints, and the
 * "compact" forms of flexible versions (KIP-482).
 * https://kafka.apache.org/protocol.html#protocol_types
 */
import { TributaryError } from '../../../core/errors.ts';

const HIGH = 2 ** 32;

export class ByteReader {
  readonly buffer: Buffer;
  position: number;
  /** For how long, in ms, the client must not send anything (throttling), if that field was read. */
  throttleMs = 0;

  constructor(buffer: Buffer, position = 0) {
    this.buffer = buffer;
    this.position = position;
  }

  i8(): number {
    return this.buffer.readInt8(this.#skip(1));
  }

  i16(): number {
    return this.buffer.readInt16BE(this.#skip(2));
  }

  i32(): number {
    return this.buffer.readInt32BE(this.#skip(4));
  }

  /** As a number, because offsets and times are far below 2^53. */
  i64(): number {
    const at = this.#skip(8);
    return this.buffer.readInt32BE(at) * HIGH + this.buffer.readUInt32BE(at + 4);
  }

  /** As text, for numbers that are not used in arithmetic: the ids of producers use all 64 bits. */
  id64(): string {
    return this.buffer.readBigInt64BE(this.#skip(8)).toString();
  }

  bool(): boolean {
    return this.i8() !== 0;
  }

  /** The throttle time at the beginning of an answer. */
  throttle(): void {
    this.throttleMs = this.i32();
  }

  /** Unsigned, as lengths of compact forms are. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.buffer.readUInt8(this.#skip(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const byte = this.buffer.readUInt8(this.#skip(1));
    if (byte > 0x0f) throw corrupt('a varint is too long');
    return (value | (byte << 28)) >>> 0;
  }

  /** Signed, of 32 bits. */
  varint(): number {
    const value = this.uvarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** Signed, of 64 bits. */
  varlong(): number {
    let low = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.buffer.readUInt8(this.#skip(1));
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
      factor *= 128;
    }
    throw corrupt('a varlong is too long');
  }

  /** A view of the next bytes, not a copy. */
  bytes(length: number): Buffer {
    const from = this.#skip(length);
    return this.buffer.subarray(from, from + length);
  }

  /** Like `bytes(length).toString()`, without the view, which costs more than the text. */
  text(length: number): string {
    const from = this.#skip(length);
    return this.buffer.toString('utf8', from, from + length);
  }

  string(): string {
    return this.text(this.i16());
  }

  nullableString(): string | null {
    const length = this.i16();
    return length < 0 ? null : this.text(length);
  }

  /** Bytes after a 32-bit length: a view. Null is read as no bytes: no caller distinguishes them. */
  sizedBytes(): Buffer {
    return this.bytes(Math.max(0, this.i32()));
  }

  /** Null is read as the empty text: no caller distinguishes them. */
  compactString(): string {
    const length = this.uvarint() - 1;
    return length <= 0 ? '' : this.text(length);
  }

  array<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.i32()) }, item);
  }

  compactArray<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.uvarint() - 1) }, item);
  }

  /** Skips tagged fields: a newer broker may add some. */
  tags(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.bytes(this.uvarint());
    }
  }

  #skip(length: number): number {
    const from = this.position;
    if (length < 0 || from + length > this.buffer.length) throw corrupt(`${length} bytes are missing`);
    this.position = from + length;
    return from;
  }
}

export function corrupt(what: string): TributaryError {
  return new TributaryError(
    'LOG_AWAY',
    `the broker's answer cannot be read: ${what}; if this persists, check the broker`,
  );
}

const FIRST_SIZE = 1024;

export class ByteWriter {
  #buffer: Buffer;
  length = 0;

  constructor(size = FIRST_SIZE) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  /** The written bytes: a view that is valid until more is written. */
  get written(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  i8(value: number): this {
    const at = this.#grow(1);
    this.#buffer.writeInt8(value, at);
    return this;
  }

  i16(value: number): this {
    const at = this.#grow(2);
    this.#buffer.writeInt16BE(value, at);
    return this;
  }

  i32(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeInt32BE(value, at);
    return this;
  }

  i64(value: number | bigint): this {
    const at = this.#grow(8);
    this.#buffer.writeBigInt64BE(BigInt(value), at);
    return this;
  }

  bool(value: boolean): this {
    return this.i8(value ? 1 : 0);
  }

  uvarint(value: number): this {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.#byte(rest);
  }

  varint(value: number): this {
    return this.uvarint((value << 1) ^ (value >> 31));
  }

  varlong(value: number): this {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    while (rest > 0x7f) {
      this.#byte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    return this.#byte(rest);
  }

  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
    return this;
  }

  utf8(text: string, length: number): this {
    const at = this.#grow(length);
    this.#buffer.write(text, at, 'utf8');
    return this;
  }

  /** An id from `ByteReader.id64`. */
  id64(id: string): this {
    return this.i64(BigInt(id));
  }

  sizedBytes(bytes: Uint8Array): this {
    return this.i32(bytes.length).raw(bytes);
  }

  string(text: string | null): this {
    if (text === null) return this.i16(-1);
    const length = Buffer.byteLength(text);
    return this.i16(length).utf8(text, length);
  }

  compactString(text: string): this {
    const length = Buffer.byteLength(text);
    return this.uvarint(length + 1).utf8(text, length);
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.i32(items.length);
    items.forEach(write);
    return this;
  }

  compactArray<T>(items: readonly T[], write: (item: T) => void): this {
    this.uvarint(items.length + 1);
    items.forEach(write);
    return this;
  }

  noTags(): this {
    return this.uvarint(0);
  }

  /** Overwrites the bytes at `at`. */
  putI32(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at);
  }

  putU32(at: number, value: number): void {
    this.#buffer.writeUInt32BE(value, at);
  }

  #byte(value: number): this {
    const at = this.#grow(1);
    this.#buffer[at] = value;
    return this;
  }

  /** Makes room and returns the position of the next bytes. May replace the buffer. */
  #grow(bytes: number): number {
    const at = this.length;
    const end = at + bytes;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.length = end;
    return at;
  }
}
