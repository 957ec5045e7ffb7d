/** Files that appear whole or not at all, and survive a power failure. */
import { type FileHandle, lstat, open, readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import type { ObjectBody } from '../port.ts';

/** Transient errors: a full disk, too many open files, a network drive that does not answer. */
const PASSING = new Set('ENOSPC EDQUOT EIO EMFILE ENFILE ENOMEM EAGAIN EBUSY ESTALE ETIMEDOUT'.split(' '));
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTSUP', 'EOPNOTSUPP']);

export function codeOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Translates an error of the file system. Any other error is returned unchanged. */
export function fileError(error: unknown, what: string): unknown {
  const code = codeOf(error);
  if (error instanceof TributaryError || code === undefined) return error;
  const message = `${what}: ${messageOf(error)}`;
  if (PASSING.has(code)) return new TributaryError('OBJECTS_AWAY', `${message}; waiting for it`, { cause: error });
  if (FORBIDDEN.has(code)) {
    const advice = 'the folder must be writable, on a file system with hard links';
    return new TributaryError('FOLDER_UNUSABLE', `${message}; ${advice}`, { cause: error });
  }
  return new TributaryError('STORE_BROKEN', `${message}; look at the folder, or choose another`, { cause: error });
}

/** Writes a new file, and returns its size and time once it is on disk. An error of the body is thrown unchanged. */
export async function fill(
  file: string,
  what: string,
  body: ObjectBody,
): Promise<{ bytes: number; modifiedAt: number }> {
  const translate = (error: unknown): never => {
    throw fileError(error, what);
  };
  const handle = await open(file, 'wx').catch(translate);
  try {
    if (body instanceof Uint8Array) await handle.writeFile(body).catch(translate);
    else for await (const chunk of body) await handle.writeFile(chunk).catch(translate);
    await handle.sync().catch(translate);
    const { size, mtimeMs } = await handle.stat().catch(translate);
    return { bytes: size, modifiedAt: Math.floor(mtimeMs) };
  } finally {
    await handle.close();
  }
}

/** Syncs the names in the folder, and those in its parent folders up to and including `top`. */
export async function syncFolders(folder: string, top: string): Promise<void> {
  // Windows has no such call, and syncs names automatically.
  if (process.platform === 'win32') return;
  for (let each = folder; ; each = dirname(each)) {
    await syncFolder(each);
    if (each === top) return;
  }
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, 'r');
  } catch (error) {
    // Meanwhile, another call removed the last object in the folder.
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}

/** Removes a folder that contains only folders; returns whether it is gone. */
export async function removeEmpty(folder: string): Promise<boolean> {
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (!entry.isDirectory() || !(await removeEmpty(join(folder, entry.name)))) return false;
    }
    await rmdir(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the folder and its parents, as long as they are empty and below `top`. Returns the first folder that it keeps. */
export async function removeUpwards(folder: string, top: string): Promise<string> {
  let each = folder;
  for (; each !== top; each = dirname(each)) {
    const code = await rmdir(each).then(() => undefined, codeOf);
    if (code !== undefined && code !== 'ENOENT') return each;
  }
  return each;
}
