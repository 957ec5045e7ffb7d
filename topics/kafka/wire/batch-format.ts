/**
 * Record batches (format 2, KIP-98) as bytes. https://kafka.apache.org/documentation/#recordbatch
 *
 *   baseOffset i64, length i32, leaderEpoch i32, magic i8, crc u32 (of all that follows), attributes i16,
 *   lastOffsetDelta i32, baseTimestamp i64, maxTimestamp i64, producerId i64, producerEpoch i16, baseSequence i32,
 *   count i32, records (compressed as a whole):
 *   length varint, attributes i8, timestampDelta varlong, offsetDelta varint, key, value, headers
 */
import { crc32c } from '@platformatic/wasm-utils';

export const HEAD = 61;
/** The length is that of the bytes from here on. */
export const AFTER_LENGTH = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const CRC_FROM = 21;
export const MAGIC = 2;

export const CODEC_BITS = 0x07;
export const LOG_TIME = 0x08;
export const TRANSACTIONAL = 0x10;
export const CONTROL = 0x20;
export const ABORT = 0;

/** The CRC of the wasm library is signed on some inputs. */
export const checksum = (bytes: Buffer): number => crc32c(bytes) >>> 0;
