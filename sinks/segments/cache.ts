/**
 * A folder with copies of segments from the objects. Segments never change, so a file of the right size is the right one.
 *
 * - Processes may share the folder, as long as all read the same store. A file appears whole, by a rename.
 * - Pinned files stay until they are released, whoever cleans up meanwhile: a pin is a separate hard link. Pins of dead processes are removed
 *   at the next start.
 * - Beyond `maxBytes` the least recently used files are removed. Pinned ones count until their pin ends, and may exceed it.
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

/** Downloads at once. */
const AT_ONCE = 8;
/** How often a file may be removed between its download and its pin. */
const PIN_ATTEMPTS = 20;
/** The folder is checked after downloads of this fraction of `maxBytes`. */
const LOOKED_OVER = 1 / 16;

export interface CacheOptions {
  readonly folder: string;
  readonly objects: Objects;
  readonly maxBytes: number;
}

export interface CachedSegment {
  /** The size of the object. */
  readonly name: string;
  readonly bytes: number;
  /** The path of the pinned file below the folder of the pin, such as `date=2026-11-30/a-1.parquet`. */
  readonly place: string;
}

export interface Pinned extends AsyncDisposable {
  /** In the order of the segments. */
  readonly paths: readonly string[];
  release(): Promise<void>;
}

export interface SegmentCache {
  /** The folder that a DuckDB must be allowed to read. */
  readonly folder: string;
  /** Throws NOT_FOUND for a segment that is gone, STORE_BROKEN for one of another size. */
  pin(segments: readonly CachedSegment[]): Promise<Pinned>;
}

export function segmentCache({ folder, objects, maxBytes }: CacheOptions): SegmentCache {
  const root = resolve(folder);
  const [files, pins, partial] = ['files', 'pins', 'partial'].map((each) => join(root, each)) as [
    string,
    string,
    string,
  ];
  prepare(root, [files, pins, partial]);
  const downloads = new Map<string, Promise<void>>();
  let downloaded = Number.POSITIVE_INFINITY;

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

  /** Of several callers that need a segment at once, one fetches it. */
  async function ensure(segment: CachedSegment, file: string): Promise<void> {
    const size = await stat(file).then(({ size }) => size, absent);
    if (size === segment.bytes) return;
    const running = downloads.get(segment.name) ?? download(segment, file);
    downloads.set(segment.name, running);
    await running.finally(() => downloads.delete(segment.name));
  }

  async function pinOne(segment: CachedSegment, target: string): Promise<void> {
    const file = join(files, segment.name);
    await mkdir(dirname(target), { recursive: true });
    for (let attempt = 1; ; attempt += 1) {
      await ensure(segment, file);
      try {
        await link(file, target);
        const now = new Date();
        await utimes(target, now, now);
        return;
      } catch (error) {
        // Removed by another process in between.
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
      const own = join(pins, partialName());
      const release = () => rm(own, { recursive: true, force: true });
      const paths = segments.map(({ place }) => join(own, place));
      try {
        await mkdir(own);
        await eachAtOnce(segments, AT_ONCE, (segment, at) => pinOne(segment, paths[at] as string));
        await cleanUp();
      } catch (error) {
        await release();
        throw error;
      }
      return { paths, release, [Symbol.asyncDispose]: release };
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
