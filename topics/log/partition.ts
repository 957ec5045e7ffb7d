/**
 * The partition of a key, from murmur2 of its bytes. This is the default partitioner of the Java client
 * (org.apache.kafka.common.utils.Utils.murmur2), so any well-behaved producer chooses the same partition.
 */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

const encoder = new TextEncoder();
const ascii = new Uint8Array(512);

/** The same for a key that is a text. Nearly all are ASCII, and these are hashed without allocating bytes. */
export function partitionOfText(key: string, partitions: number): number {
  if (key.length > ascii.length) return partitionOf(encoder.encode(key), partitions);
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code > 127) return partitionOf(encoder.encode(key), partitions);
    ascii[i] = code;
  }
  return (murmur2(ascii, key.length) & 0x7fffffff) % partitions;
}

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** The hash of the first `length` bytes. */
export function murmur2(data: Uint8Array, length = data.length): number {
  let h = SEED ^ length;
  const whole = length - (length % 4);
  for (let i = 0; i < whole; i += 4) {
    let k =
      (data[i] as number) |
      ((data[i + 1] as number) << 8) |
      ((data[i + 2] as number) << 16) |
      ((data[i + 3] as number) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length - whole;
  if (rest >= 3) h ^= (data[whole + 2] as number) << 16;
  if (rest >= 2) h ^= (data[whole + 1] as number) << 8;
  if (rest >= 1) {
    h ^= data[whole] as number;
    h = Math.imul(h, M);
  }
  h ^= h >>> 13;
  h = Math.imul(h, M);
  h ^= h >>> 15;
  return h;
}
