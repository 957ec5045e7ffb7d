/**
 * Objects in a bucket of S3 or of a compatible server; see `connection.ts` for the URL.
 *
 * - Connects on the first call. An outage is OBJECTS_AWAY within about `timeoutMs`, even while a body is being written
 *   or read; the next call connects again.
 * - `modifiedAt` of a write is the time of this machine; `head` and `list` return the server's time.
 * - After OBJECTS_AWAY, a write may or may not have happened. Within one call this is detected: a `create` whose answer
 *   was lost, and that is sent again, recognises its own object.
 * - If several calls create the same name at once, one of them may wrongly get ALREADY_EXISTS if the object is removed
 *   at the same moment.
 */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { TributaryError } from '../../../core/errors.ts';
import { mixUpFinder, type UrlForm } from '../../../network/mix-up.ts';
import { checkName, checkPrefix, checkRange } from '../names.ts';
import type { ObjectBody, ObjectInfo, Objects } from '../port.ts';
import { connectionOf, type S3Options } from './connection.ts';
import {
  hasAnswer,
  isAbsent,
  isBeyondEnd,
  isClash,
  isConflict,
  isCutOff,
  mayHaveHappened,
  objectsError,
  writeError,
} from './errors.ts';
import * as ask from './request.ts';
import { type Target, upload } from './upload.ts';

/** For a write that conflicts with another one. */
const CONFLICT_ATTEMPTS = 5;
const CONFLICT_PAUSE_MS = 40;
/** The lowest speed, in bytes per ms, at which a server combines the parts of an object. */
const COMPLETES_PER_MS = 20_000;

export function s3Objects(options: S3Options): Objects {
  const { location, partBytes, partsInFlight, idleMs, form, ...clients } = connectionOf(options);
  const calls = new S3Client(clients.calls);
  const patient = new S3Client(clients.patient);
  const links = new S3Client(clients.links);
  if (form !== undefined) for (const client of [calls, patient]) nameMixUps(client, form);

  function keyOf(name: string): string {
    checkName(name);
    return ask.keyOf(location, name);
  }

  /** Does the work. If an attempt without an answer may have created the object, checks whether it did; if not, throws the error. */
  async function concluded(key: string, write: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!mayHaveHappened(error)) throw error;
      const found = await calls.send(new HeadObjectCommand(ask.objectInput(location, key))).catch((unread: unknown) => {
        if (isAbsent(unread)) return undefined;
        throw unread;
      });
      if (!ask.madeBy(write, found?.Metadata)) throw error;
    }
  }

  function targetOf(name: string, key: string, once: boolean): Target {
    const write = randomUUID();
    const begin = async (): Promise<string> => {
      const { UploadId } = await calls.send(new CreateMultipartUploadCommand(ask.beginInput(location, key, write)));
      return UploadId ?? '';
    };
    const abort = async (id: string): Promise<void> => {
      await calls.send(new AbortMultipartUploadCommand({ ...ask.objectInput(location, key), UploadId: id }));
    };
    /** If the server cut off the body, sends a request without a body that needs the same rights: its error has the reason, if any. */
    const unlessRefused = async (cut: unknown): Promise<never> => {
      if (isCutOff(cut)) await abort(await begin());
      throw cut;
    };
    const translated = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw writeError(error, name, once);
      }
    };
    return {
      partBytes,
      partsInFlight,
      whole: (body) =>
        translated(() => {
          const put = () => calls.send(new PutObjectCommand(ask.putInput(location, key, { body, write, once })));
          return unlessMet(
            (error) => isConflict(error) || isClash(error),
            () => concluded(key, write, put).catch(unlessRefused),
          );
        }),
      begin: () => translated(begin),
      part: (id, number, body) =>
        translated(async () => {
          const sent = await calls.send(
            new UploadPartCommand(ask.partInput(location, key, { upload: id, number, body })),
          );
          return { PartNumber: number, ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32 };
        }),
      complete: (id, parts, bytes) =>
        translated(() => {
          const complete = () =>
            patient.send(
              new CompleteMultipartUploadCommand(ask.completeInput(location, key, { upload: id, parts, once })),
              {
                requestTimeout: idleMs + Math.ceil(bytes / COMPLETES_PER_MS),
              },
            );
          // Retry only this step: otherwise all parts would have to be sent again.
          return unlessMet(isClash, () => concluded(key, write, complete));
        }),
      abort,
    };
  }

  async function write(name: string, body: ObjectBody, once: boolean): Promise<ObjectInfo> {
    const bytes = await upload(targetOf(name, keyOf(name), once), body);
    return { name, bytes, modifiedAt: Date.now() };
  }

  async function open(key: string, what: string, range?: { start: number; end: number }) {
    try {
      const found = await patient.send(new GetObjectCommand(ask.objectInput(location, key, range)));
      const body = found.Body as Readable;
      // The body may break before anybody reads it; the reader then gets the error.
      body.on('error', () => undefined);
      return { body, bytes: found.ContentLength ?? 0, modifiedAt: found.LastModified?.getTime() ?? 0 };
    } catch (error) {
      if (isAbsent(error) || (range !== undefined && isBeyondEnd(error))) return undefined;
      throw objectsError(error, what);
    }
  }

  /** An answer to HEAD has no error text, so a missing bucket looks like a missing object. GET then confirms which it is. */
  async function head(name: string): Promise<ObjectInfo | undefined> {
    const key = keyOf(name);
    const what = `looking at the object ${name}`;
    try {
      const { ContentLength, LastModified } = await calls.send(new HeadObjectCommand(ask.objectInput(location, key)));
      return { name, bytes: ContentLength ?? 0, modifiedAt: LastModified?.getTime() ?? 0 };
    } catch (error) {
      if (!isAbsent(error)) throw objectsError(error, what);
    }
    const found = await open(key, what);
    if (found === undefined) return undefined;
    const { body, ...info } = found;
    body.destroy();
    return { name, ...info };
  }

  return {
    put: (name, body) => write(name, body, false),
    create: (name, body) => write(name, body, true),
    async get(name, range) {
      const key = keyOf(name);
      if (range !== undefined) checkRange(name, range);
      const what = `reading the object ${name}`;
      // S3 has no empty range, and refuses one that begins after the end.
      const empty = range?.start === range?.end && range !== undefined;
      const found = empty ? undefined : await open(key, what, range);
      if (found !== undefined) return chunks(found.body, what, idleMs);
      if (range !== undefined && (await head(name)) !== undefined) return nothing();
      throw new TributaryError('NOT_FOUND', `there is no object ${name}; list what there is`);
    },
    head,
    async *list(prefix) {
      checkPrefix(prefix);
      let token: string | undefined;
      do {
        const input = ask.listInput(location, prefix, token);
        const page = await calls.send(new ListObjectsV2Command(input)).catch((error: unknown) => {
          throw objectsError(error, `listing the objects ${prefix}…`);
        });
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          const name = ask.nameOf(location, Key ?? '');
          if (isName(name)) yield { name, bytes: Size ?? 0, modifiedAt: LastModified?.getTime() ?? 0 };
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
    async remove(name) {
      const input = ask.objectInput(location, keyOf(name));
      await calls.send(new DeleteObjectCommand(input)).catch((error: unknown) => {
        if (!isAbsent(error)) throw objectsError(error, `removing the object ${name}`);
      });
    },
    async link(name, expiresAt, file) {
      const input = ask.linkInput(location, keyOf(name), file);
      const { signedAt, seconds } = ask.linkTime(name, expiresAt, Date.now());
      const times = { expiresIn: seconds, signingDate: new Date(signedAt) };
      return getSignedUrl(links, new GetObjectCommand(input), times).catch((error: unknown) => {
        throw objectsError(error, `linking the object ${name}`);
      });
    },
    async close() {
      for (const client of [calls, patient, links]) client.destroy();
    },
  };
}

/** If a call gets no answer because one side uses HTTP and the other HTTPS, it fails with that reason. */
function nameMixUps(client: S3Client, form: UrlForm): void {
  const mixUp = mixUpFinder(form);
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const text = hasAnswer(error) ? undefined : await mixUp(error);
        throw text === undefined ? error : new TributaryError('CONFIG_INVALID', `connecting to S3: ${text}`);
      }
    },
    { step: 'initialize', name: 'nameMixUps' },
  );
}

/** Retries a few times after a conflict with another write. */
async function unlessMet(met: (error: unknown) => boolean, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!met(error) || attempt === CONFLICT_ATTEMPTS) throw error;
      await sleep(Math.random() * CONFLICT_PAUSE_MS * attempt);
    }
  }
}

/** The bytes as they arrive. A server that stops sending counts as an outage; a reader may take its time. */
async function* chunks(body: Readable, what: string, idleMs: number): AsyncGenerator<Uint8Array> {
  const late = (): void => {
    body.destroy(Object.assign(new Error(`no byte came for ${idleMs} ms`), { name: 'TimeoutError' }));
  };
  const iterator: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = setTimeout(late, idleMs);
      const next = await iterator.next().finally(() => clearTimeout(timer));
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw objectsError(error, what);
  } finally {
    body.destroy();
  }
}

function isName(text: string): boolean {
  try {
    checkName(text);
    return true;
  } catch {
    return false;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
