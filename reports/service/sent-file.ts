/** An object as the answer to a call: whole, one range of it, or nothing if the caller has it already. */
import type { Objects } from '../../sinks/objects/port.ts';
import { problem } from './problems.ts';
import { rangeOf } from './range.ts';
import type { Answer, Call } from './route.ts';

interface Sent {
  /** The name of the object. */
  readonly name: string;
  readonly bytes: number;
  readonly etag: string;
  /** The file name for saving. */
  readonly file: string;
}

export async function sentFile(
  { name, bytes, etag, file }: Sent,
  { headers, isHead }: Pick<Call, 'headers' | 'isHead'>,
  objects: Pick<Objects, 'get'>,
): Promise<Answer> {
  const has = headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (has?.some((each) => each === etag || each === '*')) return { status: 304, headers: { etag } };
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = isSame ? rangeOf(headers['range'], bytes) : undefined;
  if (range === 'unsatisfiable') {
    const body = problem(416, 'USAGE', `the file has ${bytes} bytes: ask for a range within them`);
    return { status: 416, headers: { 'content-range': `bytes */${bytes}` }, body };
  }
  const { start, end } = range ?? { start: 0, end: bytes };
  const common = {
    etag,
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${file.replaceAll(/[^A-Za-z0-9._-]/g, '_')}"`,
    'content-length': String(end - start),
  };
  const answer: Answer =
    range === undefined
      ? { status: 200, headers: common }
      : { status: 206, headers: { ...common, 'content-range': `bytes ${start}-${end - 1}/${bytes}` } };
  if (isHead) return answer;
  // The objects do not accept an empty range.
  const stream = await objects.get(name, start < end && range !== undefined ? { start, end } : undefined);
  return { ...answer, stream };
}
