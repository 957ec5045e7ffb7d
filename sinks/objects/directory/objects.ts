/**
 * Objects as files in a directory: the object "a/b" is the file a/b, so that other programs read them as they are.
 *
 * - A body is written to a file in `.partial/`, which then gets its name in one step: by a rename, which replaces an
 *   existing object, or by a hard link, which does not. The file and its folders are synced before the call returns.
 * - A name cannot be an object and a folder of other objects at once, and no name may begin with `.partial/` or be
 *   `.link-secret`: USAGE. S3 allows both. On a case-insensitive file system, names are case-insensitive, too.
 */
import { mkdirSync } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { partialName, sweepPartials } from '../../../files/partials.ts';
import { checkName, checkPrefix, checkRange, isSegment } from '../names.ts';
import type { ObjectBody, ObjectInfo, Objects } from '../port.ts';
import { codeOf, fileError, fill, isFolder, removeEmpty, removeUpwards, syncFolders } from './files.ts';
import { linkSecret, SECRET, signedLink } from './links.ts';

const PARTIAL = '.partial';
const CHUNK = 64 * 1024;
/** How often a folder is created again if others remove it at the same time. */
const PLACE_ATTEMPTS = 100;
const ABSENT = new Set(['ENOENT', 'ENOTDIR']);
const RESERVED = new Set([PARTIAL, SECRET]);

export interface DirectoryOptions {
  /** The address of the service that serves links. */
  readonly linkBase?: string;
  /** The secret for signing links. Default: the secret kept in the folder, see `linkSecret`. */
  readonly secret?: string;
}

export function directoryObjects(root: string, options: DirectoryOptions = {}): Objects {
  const folder = resolve(root);
  const secret = prepare(folder, options.secret);
  const linkBase = (options.linkBase ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');

  async function write(name: string, body: ObjectBody, move: typeof rename): Promise<ObjectInfo> {
    const target = pathOf(folder, name);
    const temporary = join(folder, PARTIAL, partialName());
    try {
      const info = await fill(temporary, `writing the object ${name}`, body);
      await place(folder, name, target, () => move(temporary, target));
      return { name, ...info };
    } finally {
      // Files that cannot be removed now are removed at the next start.
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  return {
    put: (name, body) => write(name, body, rename),
    create: (name, body) => write(name, body, link),
    async get(name, range) {
      const target = pathOf(folder, name);
      if (range !== undefined) checkRange(name, range);
      const opened = await openFile(target).catch((error: unknown) => {
        throw fileError(error, `reading the object ${name}`);
      });
      if (opened === undefined) {
        throw new TributaryError('NOT_FOUND', `there is no object ${name}; list what there is`);
      }
      const end = Math.min(range?.end ?? opened.bytes, opened.bytes);
      return chunks(opened.handle, range?.start ?? 0, end, `reading the object ${name}`);
    },
    async head(name) {
      return infoOf(name, pathOf(folder, name));
    },
    async *list(prefix) {
      checkPrefix(prefix);
      const within = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      if (!RESERVED.has(within.split('/')[0] ?? '')) yield* walk(folder, within, prefix);
    },
    async remove(name) {
      const target = pathOf(folder, name);
      try {
        await unlink(target);
        await syncFolders(await removeUpwards(dirname(target), folder), folder);
      } catch (error) {
        if (ABSENT.has(codeOf(error) ?? '') || (await isFolder(target))) return;
        throw fileError(error, `removing the object ${name}`);
      }
    },
    async link(name, expiresAt, file) {
      pathOf(folder, name);
      return signedLink(linkBase, secret, { name, expires: expiresAt, ...(file !== undefined && { file }) });
    },
    async close() {},
  };
}

function prepare(folder: string, secret: string | undefined): string {
  try {
    mkdirSync(join(folder, PARTIAL), { recursive: true });
    sweepPartials(join(folder, PARTIAL), Date.now());
    return secret ?? linkSecret(folder);
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    const message = `the object folder ${folder} cannot be used: ${messageOf(error)}; choose another`;
    throw new TributaryError('FOLDER_UNUSABLE', message, { cause: error });
  }
}

function pathOf(folder: string, name: string): string {
  checkName(name);
  const segments = name.split('/');
  if (RESERVED.has(segments[0] ?? '')) {
    throw new TributaryError('USAGE', `${name} cannot be the name of an object: ${segments[0]} is kept for the folder`);
  }
  return join(folder, ...segments);
}

/** Gives a written file its name, and creates the folders for it. */
async function place(folder: string, name: string, target: string, move: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(target), { recursive: true });
      await move();
      await syncFolders(dirname(target), folder);
      return;
    } catch (error) {
      const above = await objectAbove(folder, name);
      if (above !== undefined) {
        throw clash(`${name} cannot be written, since ${above} is an object and not the folder of others`, error);
      }
      if (await isFolder(target)) {
        // Folders without objects remain from a writer that died. They are not visible through the port.
        if ((await removeEmpty(target)) && attempt < PLACE_ATTEMPTS) continue;
        throw clash(`${name} cannot be written, since it is the folder of other objects`, error);
      }
      // The folder was removed in between, with its last other object. If this happens while `mkdir` checks it, Node
      // reports ENOTDIR or EEXIST.
      const { code, syscall } = error as NodeJS.ErrnoException;
      const raced = ABSENT.has(code ?? '') || (code === 'EEXIST' && syscall === 'mkdir');
      if (raced && attempt < PLACE_ATTEMPTS) continue;
      if (code === 'EEXIST') {
        throw new TributaryError(
          'ALREADY_EXISTS',
          `there is an object ${name} already; read it, or choose another name`,
        );
      }
      throw fileError(error, `writing the object ${name}`);
    }
  }
}

function clash(message: string, cause: unknown): TributaryError {
  return new TributaryError('USAGE', `${message}; choose another name`, { cause });
}

async function objectAbove(folder: string, name: string): Promise<string | undefined> {
  const segments = name.split('/');
  for (let length = 1; length < segments.length; length += 1) {
    const above = segments.slice(0, length).join('/');
    if ((await infoOf(above, join(folder, above))) !== undefined) return above;
  }
  return undefined;
}

async function infoOf(name: string, path: string): Promise<ObjectInfo | undefined> {
  try {
    const stat = await lstat(path);
    return stat.isFile() ? { name, bytes: stat.size, modifiedAt: Math.floor(stat.mtimeMs) } : undefined;
  } catch (error) {
    if (ABSENT.has(codeOf(error) ?? '')) return undefined;
    throw fileError(error, `looking at the object ${name}`);
  }
}

/** An open file keeps its contents when another file takes its name. So a read sees one version. */
async function openFile(path: string): Promise<{ handle: FileHandle; bytes: number } | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (ABSENT.has(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (stat.isFile()) return { handle, bytes: stat.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

async function* chunks(handle: FileHandle, start: number, end: number, what: string): AsyncGenerator<Uint8Array> {
  try {
    for (let position = start; position < end; ) {
      const length = Math.min(CHUNK, end - position);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, position);
      if (bytesRead === 0)
        throw new TributaryError('STORE_BROKEN', `${what}: the file ends at ${position} bytes; restore it`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw fileError(error, what);
  } finally {
    await handle.close();
  }
}

/**
 * The objects below one folder, in the order of their full names; `before` is the folder's name with a final "/".
 * Folders are sorted with their "/", because "a-b" comes before "a/b", and "a/b" before "ab".
 */
async function* walk(folder: string, before: string, prefix: string): AsyncGenerator<ObjectInfo> {
  for (const entry of await entriesOf(join(folder, before), before === '')) {
    const name = before + entry;
    if (entry.endsWith('/')) {
      if (name.startsWith(prefix) || prefix.startsWith(name)) yield* walk(folder, name, prefix);
    } else if (name.startsWith(prefix)) {
      const info = await infoOf(name, join(folder, name));
      if (info !== undefined) yield info;
    }
  }
}

async function entriesOf(folder: string, top: boolean): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => isSegment(entry.name) && !(top && RESERVED.has(entry.name)))
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort();
  } catch (error) {
    if (ABSENT.has(codeOf(error) ?? '')) return [];
    throw fileError(error, `listing ${folder}`);
  }
}
