/** Objects as keys of a bucket, and the requests to S3 for each call of the port. */
import { TributaryError } from '../../../core/errors.ts';

export interface Location {
  readonly bucket: string;
  /** The prefix of every key: empty, or segments with a final "/". */
  readonly prefix: string;
}

export interface Part {
  readonly PartNumber: number;
  readonly ETag?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}

/** The limit of S3, in bytes; names are ASCII. */
const LONGEST_KEY = 1024;
/** The longest validity of an S3 link, in seconds. */
const LONGEST_LINK = 7 * 24 * 3600;
/** The metadata that identify the write of an object, so that a write whose answer was lost can recognise its own. */
const WRITE = 'tributary-write';

/** Throws USAGE if the name is too long below this prefix. */
export function keyOf(location: Location, name: string): string {
  const key = location.prefix + name;
  if (key.length <= LONGEST_KEY) return key;
  throw new TributaryError(
    'USAGE',
    `${name.slice(0, 100)}… cannot be the name of an object: its key ${location.prefix}… has ${key.length} bytes, and ${LONGEST_KEY} is the most`,
  );
}

/** The name of a listed key. It may not be a valid name of the port, because other programs create keys, too. */
export function nameOf(location: Location, key: string): string {
  return key.slice(location.prefix.length);
}

/** With `once`, the request fails if the key exists. */
export function putInput(
  location: Location,
  key: string,
  { body, write, once }: { body: Uint8Array; write: string; once: boolean },
) {
  return {
    Bucket: location.bucket,
    Key: key,
    Body: body,
    ContentLength: body.length,
    ...described(write),
    ...condition(once),
  } as const;
}

export function beginInput(location: Location, key: string, write: string) {
  return { Bucket: location.bucket, Key: key, ChecksumAlgorithm: 'CRC32', ...described(write) } as const;
}

export function partInput(
  location: Location,
  key: string,
  { upload, number, body }: { upload: string; number: number; body: Uint8Array },
) {
  return {
    Bucket: location.bucket,
    Key: key,
    UploadId: upload,
    PartNumber: number,
    Body: body,
    ContentLength: body.length,
    ChecksumAlgorithm: 'CRC32',
  } as const;
}

export function completeInput(
  location: Location,
  key: string,
  { upload, parts, once }: { upload: string; parts: readonly Part[]; once: boolean },
) {
  const Parts = parts.toSorted((a, b) => a.PartNumber - b.PartNumber);
  return { Bucket: location.bucket, Key: key, UploadId: upload, MultipartUpload: { Parts }, ...condition(once) };
}

export function objectInput(location: Location, key: string, range?: { start: number; end: number }) {
  const { bucket: Bucket } = location;
  // S3 names the last byte, not the one after it.
  return { Bucket, Key: key, ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }) };
}

/** The page after the one that returned `token`; without it, the first page. */
export function listInput(location: Location, prefix: string, token: string | undefined) {
  const more = token === undefined ? {} : { ContinuationToken: token };
  return { Bucket: location.bucket, Prefix: location.prefix + prefix, ...more };
}

/** The object as a download, saved under the last segment of its name unless `file` is given: a browser must not run it. */
export function linkInput(location: Location, key: string, file = key.slice(key.lastIndexOf('/') + 1)) {
  return { ...objectInput(location, key), ResponseContentDisposition: `attachment; filename="${file}"` };
}

/**
 * The time and the validity in seconds with which a link is signed, so that it ends exactly at `expiresAt`. Times are
 * in ms since 1970 UTC. A link that has already expired is signed in the past. Throws USAGE for more than S3 allows.
 */
export function linkTime(name: string, expiresAt: number, now: number): { signedAt: number; seconds: number } {
  const end = Math.floor(expiresAt / 1000);
  const begin = Math.min(Math.floor(now / 1000), end - 1);
  const seconds = end - begin;
  if (Number.isSafeInteger(seconds) && seconds <= LONGEST_LINK) return { signedAt: begin * 1000, seconds };
  throw new TributaryError(
    'USAGE',
    `a link to ${name} cannot last until ${expiresAt}: S3 grants 7 days at most; let it expire sooner`,
  );
}

/** Whether this write created the object. */
export function madeBy(write: string, metadata: Readonly<Record<string, string>> | undefined): boolean {
  return metadata?.[WRITE] === write;
}

function described(write: string) {
  return { ContentType: 'application/octet-stream', Metadata: { [WRITE]: write } };
}

function condition(once: boolean) {
  return once ? { IfNoneMatch: '*' } : {};
}
