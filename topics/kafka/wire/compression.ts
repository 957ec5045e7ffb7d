/**
 * The four codecs of Kafka's record batches. All can be read, and each can be written. No native
 * addon: gzip and zstd are part of Node, lz4 and snappy are WebAssembly.
 */
import { promisify } from 'node:util';
import { gunzipSync, gzip, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } from '@platformatic/wasm-utils';
import { TributaryError } from '../../../core/errors.ts';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Indexed by the number in the attributes of a batch. */
export const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Java writes snappy in frames: this magic, a version and the lowest version that can read it, then blocks of (length, bytes). */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEAD = 16;

export function compress(codec: Compression, bytes: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes);
    case 'snappy':
      return snappyCompress(bytes);
    case 'lz4':
      return lz4Compress(bytes);
    case 'zstd':
      return zstdCompressSync(bytes);
  }
}

/** Compresses large data outside of the event loop. */
export const gzipAside: (bytes: Buffer) => Promise<Buffer> = promisify(gzip);

/** `number` is the codec's number in the attributes of a batch. */
export function decompress(number: number, bytes: Buffer): Buffer {
  switch (COMPRESSIONS[number]) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipSync(bytes);
    case 'snappy':
      return unsnap(bytes);
    case 'lz4':
      return lz4Decompress(bytes);
    case 'zstd':
      return zstdDecompressSync(bytes);
    default:
      throw new TributaryError(
        'STORE_BROKEN',
        `records are compressed with codec ${number}, which Tributary does not support`,
      );
  }
}

function unsnap(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyDecompress(bytes);
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEAD; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    blocks.push(snappyDecompress(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}
