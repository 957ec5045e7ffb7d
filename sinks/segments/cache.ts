/**
 * A folder with copies of segments from the object store. Segments never change, so a file of the right size is the right one.
 *
 * - Processes may share the folder if all of them read the same store. A file appears whole, by a rename.
 * - Pinned files stay until they are released, whoever cleans up meanwhile: a pin is a separate hard link. Pins of dead
 *   processes are removed at the next start.
 * - With `keepBytes`, links stay for some minutes after their release: the next pin of the same segments then needs no file system.
 * - Beyond `maxBytes`, the least recently used files are removed. Pinned files count until they are released, and may exceed the limit.
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { link, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { partialName, sweepPartials } from '../../files/partials.ts';
import type { Objects } from '../objects/port.ts';
import { eachAtOnce } from './at-once.ts';
import { Board } from './board.ts';

/** The number of concurrent downloads. */
const AT_ONCE = 8;
/** How often a pin is tried again because the file was removed between its download and its pin. */
const PIN_ATTEMPTS = 20;
/** The folder's size is checked after downloads of this fraction of `maxBytes`. */
const LOOKED_OVER = 1 / 16;
/** The precision of a file's last use. */
const USED_MS = 60_000;

export interface CacheOptions {
  readonly folder: string;
  readonly objects: Objects;
  readonly maxBytes: number;
  /** How many bytes may stay linked for the next pin; by default none. */
  readonly keepBytes?: number;
  readonly now?: () => number;
}

export interface CachedSegment {
  /** The name of the object, and its size. */
  readonly name: string;
  readonly bytes: number;
  /** The last folder in the path of the pinned file, such as `date=2026-11-30`. */
  readonly folder: string;
}

export interface Pinned extends AsyncDisposable {
  /** In the order of the segments. */
  readonly paths: readonly string[];
  release(): Promise<void>;
}

export interface SegmentCache {
  /** The folder that DuckDB must be allowed to read. */
  readonly folder: string;
  /** Throws NOT_FOUND for a segment that no longer exists, STORE_BROKEN for one of another size. */
  pin(segments: readonly CachedSegment[]): Promise<Pinned>;
  /** Removes links that no pin uses. */
  close(): Promise<void>;
}

export function segmentCache(options: CacheOptions): SegmentCache {
  const { folder, objects, maxBytes, keepBytes = 0, now = Date.now } = options;
  const root = resolve(folder);
  const [files, pins, partial] = ['files', 'pins', 'partial'].map((each) => join(root, each)) as [
    string,
    string,
    string,
  ];
  prepare(root, [files, pins, partial]);
  const downloads = new Map<string, Promise<void>>();
  let downloaded = Number.POSITIVE_INFINITY;
  let board: Board<CachedSegment> | undefined;

  async function download({ name, bytes }: CachedSegment, file: string): Promise<void> {
    const temporary = join(partial, partialName());
    try {
      await pipeline(
        Readable.from(await objects.get(name)),
        createWriteStream(temporary, { flags: 'wx', flush: true }),
      );
      const { size } = await stat(temporary);
      if (size !== bytes) {
        const found = `it has ${size} bytes, and the table says ${bytes}`;
        throw new TributaryError('STORE_BROKEN', `the segment ${name} is not what was written: ${found}; restore it`);
      }
      await mkdir(dirname(file), { recursive: true });
      await rename(temporary, file);
      downloaded += bytes;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** If several callers need a segment at once, one of them downloads it. Returns when it was last used. */
  async function ensure(segment: CachedSegment, file: string): Promise<number> {
    const found = await stat(file).catch(absent);
    if (found?.size === segment.bytes) return found.mtimeMs;
    const running = downloads.get(segment.name) ?? download(segment, file);
    downloads.set(segment.name, running);
    await running.finally(() => downloads.delete(segment.name));
    return now();
  }

  async function linked(segment: CachedSegment, target: string): Promise<void> {
    const file = join(files, segment.name);
    for (let attempt = 1; ; attempt += 1) {
      const usedAt = await ensure(segment, file);
      try {
        await link(file, target);
        const at = now();
        if (at - usedAt > USED_MS) await utimes(target, at / 1000, at / 1000);
        return;
      } catch (error) {
        // Another process removed the file in between.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === PIN_ATTEMPTS) throw error;
      }
    }
  }

  async function cleanUp(): Promise<void> {
    if (downloaded < maxBytes * LOOKED_OVER) return;
    downloaded = 0;
    const found = await filesBelow(files);
    found.sort((a, b) => a.usedAt - b.usedAt);
    let bytes = found.reduce((sum, each) => sum + each.bytes, 0);
    for (const { path, bytes: size } of found) {
      if (bytes <= maxBytes) return;
      await rm(path, { force: true });
      bytes -= size;
    }
  }

  return {
    folder: root,
    async pin(segments) {
      const before = board;
      const used = before?.isKept
        ? before
        : new Board<CachedSegment>(join(pins, partialName()), { keepBytes, now, linked });
      board = used;
      used.users += 1;
      let isReleased = false;
      const release = async (): Promise<void> => {
        if (isReleased) return;
        isReleased = true;
        used.users -= 1;
        if (used.users === 0 && (used !== board || !used.isKept)) await used.remove();
      };
      const paths: string[] = [];
      try {
        if (before !== used && before?.users === 0) await before.remove();
        await eachAtOnce(segments, AT_ONCE, async (segment, at) => {
          paths[at] = await used.pathOf(segment);
        });
        await cleanUp();
      } catch (error) {
        await release();
        throw error;
      }
      return { paths, release, [Symbol.asyncDispose]: release };
    },
    async close() {
      const last = board;
      board = undefined;
      if (last?.users === 0) await last.remove();
    },
  };
}

function absent(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
  throw error;
}

async function filesBelow(folder: string): Promise<{ path: string; bytes: number; usedAt: number }[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const info = await stat(path).catch(absent);
        return info === undefined ? [] : [{ path, bytes: info.size, usedAt: info.mtimeMs }];
      }),
  );
  return found.flat();
}

function prepare(root: string, folders: readonly string[]): void {
  try {
    for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const folder of folders.slice(1)) sweepPartials(folder, Date.now());
  } catch (error) {
    const message = `the cache of segments in ${root} cannot be used: ${messageOf(error)}; choose another folder`;
    throw new TributaryError('FOLDER_UNUSABLE', message, { cause: error });
  }
}
