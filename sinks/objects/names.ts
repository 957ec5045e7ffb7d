/** Valid names of objects, prefixes of lists and ranges of reads: the same in every implementation. */
import { TributaryError } from '../../core/errors.ts';

const SEGMENT = /^[A-Za-z0-9._=-]+$/;
/** The limits of S3 for a whole name, and of file systems between two slashes. */
const LONGEST_NAME = 1024;
const LONGEST_SEGMENT = 255;

/** Whether the text is valid between two slashes of a name. */
export function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..' && text.length <= LONGEST_SEGMENT;
}

/** Throws USAGE with the reason. */
export function checkName(name: string): void {
  const problem = problemOf(name.split('/'), name.length);
  if (problem !== undefined) throw usage(`${show(name)} cannot be the name of an object: ${problem}`);
}

/** A prefix may end anywhere in a name, even within a segment. Throws USAGE if no name can begin with it. */
export function checkPrefix(prefix: string): void {
  const segments = prefix.split('/');
  const last = segments.pop() ?? '';
  // The added letter completes the last segment, which may be only a beginning, such as "" or "..".
  const problem = problemOf([...segments, `${last}x`], prefix.length);
  if (problem !== undefined) throw usage(`no object's name begins with ${show(prefix)}: ${problem}`);
}

/** Throws USAGE unless the range has whole numbers. A range that goes beyond the object is cut off. */
export function checkRange(name: string, range: { start: number; end: number }): void {
  const { start, end } = range;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return;
  throw usage(
    `${show(name)} cannot be read from ${start} to ${end}: whole numbers with 0 <= start <= end are expected`,
  );
}

function problemOf(segments: readonly string[], length: number): string | undefined {
  if (length > LONGEST_NAME) return `it has ${length} characters, and ${LONGEST_NAME} is the most`;
  for (const segment of segments) {
    if (segment === '') return 'a segment is empty; it neither begins nor ends with "/", and has none twice';
    if (segment === '.' || segment === '..') return `"${segment}" is not a segment`;
    if (!SEGMENT.test(segment)) return 'a segment has other characters than A-Z, a-z, 0-9, ".", "_", "=" and "-"';
    if (segment.length > LONGEST_SEGMENT) return `a segment has more than ${LONGEST_SEGMENT} characters`;
  }
  return undefined;
}

function usage(message: string): TributaryError {
  return new TributaryError('USAGE', message);
}

function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
