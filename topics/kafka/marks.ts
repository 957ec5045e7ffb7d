/**
 * Marks as the metadata of a committed offset. Brokers take 4096 characters (`offset.metadata.max.bytes`), so longer ones are
 * compressed: that is room for the marks of some 250 lines (job, topic and partition). A job with more needs brokers with a
 * larger limit, and says so.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Before what is compressed. Marks that begin so themselves are compressed too. */
const COMPRESSED = '~';
const LONGEST_PLAIN = 1000;

export function encodeMarks(marks: string): string {
  if (marks.length <= LONGEST_PLAIN && !marks.startsWith(COMPRESSED)) return marks;
  return COMPRESSED + deflateRawSync(marks, { level: 9 }).toString('base64');
}

export function decodeMarks(metadata: string): string {
  if (!metadata.startsWith(COMPRESSED)) return metadata;
  return inflateRawSync(Buffer.from(metadata.slice(COMPRESSED.length), 'base64')).toString();
}
