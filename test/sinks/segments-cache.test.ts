/** The local cache of segments. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { type CachedSegment, type CacheOptions, segmentCache } from '../../sinks/segments/cache.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';

const SIZE = 1000;
const segment = (name: string): CachedSegment => ({
  name: `t/${name}.parquet`,
  bytes: SIZE,
  folder: 'date=1',
});

interface Setting {
  readonly folder: string;
  readonly objects: Objects;
  /** How many times objects were read. */
  readonly reads: () => number;
  open(maxBytes?: number, more?: Pick<CacheOptions, 'keepBytes' | 'now'>): ReturnType<typeof segmentCache>;
  cached(): Promise<string[]>;
}

async function settingOf(t: TestContext): Promise<Setting> {
  const root = await temporaryFolder(t);
  const objects = directoryObjects(join(root, 'objects'));
  let reads = 0;
  const counted: Objects = {
    ...objects,
    get(name, range) {
      reads += 1;
      return objects.get(name, range);
    },
  };
  for (const name of 'abcdef') await objects.put(segment(name).name, Buffer.alloc(SIZE, name));
  const folder = join(root, 'cache');
  return {
    folder,
    objects,
    reads: () => reads,
    open: (maxBytes = 100_000, more = {}) => segmentCache({ folder, objects: counted, maxBytes, ...more }),
    cached: async () => (await readdir(join(folder, 'files/t'))).map((name) => name.charAt(0)).sort(),
  };
}

const contents = (paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => (await readFile(path, 'utf8')).charAt(0)));

test('a segment is fetched once, to the given path', async (t) => {
  const { open, reads } = await settingOf(t);
  const cache = open();
  const pins = await Promise.all([cache.pin([segment('a'), segment('b')]), cache.pin([segment('b'), segment('a')])]);
  assert.deepEqual(await contents(pins.flatMap(({ paths }) => paths)), ['a', 'b', 'b', 'a']);
  assert.match(pins[0]?.paths[0] ?? '', /date=1\/\d+\.parquet$/);
  await open().pin([segment('a')]);
  assert.equal(reads(), 2, 'of several who need one at once, and later in another process');
});

test('pinned segments stay, whoever cleans up, and the least recently used ones are removed', async (t) => {
  const { folder, open, cached } = await settingOf(t);
  const first = await open(2 * SIZE).pin([segment('a'), segment('b')]);
  const old = new Date(1000);
  await utimes(join(folder, 'files', segment('a').name), old, old);
  const other = open(2 * SIZE);
  const second = await other.pin([segment('c')]);
  assert.deepEqual(await cached(), ['b', 'c']);
  await rm(join(folder, 'files'), { recursive: true });
  assert.deepEqual(await contents([...first.paths, ...second.paths]), ['a', 'b', 'c']);
  await Promise.all([first.release(), second.release()]);
  assert.deepEqual(await readdir(join(folder, 'pins')), []);
});

test('what was pinned is kept for the next pin, for some minutes and up to a size', async (t) => {
  const { folder, open } = await settingOf(t);
  let now = Date.now();
  const cache = open(100_000, { keepBytes: 2 * SIZE, now: () => now });
  const pathsOf = async (...names: string[]) => {
    await using pinned = await cache.pin(names.map(segment));
    assert.deepEqual(await contents(pinned.paths), names);
    return pinned.paths;
  };
  const pins = () => readdir(join(folder, 'pins'));
  const [a] = await pathsOf('a');
  const [again, b] = await pathsOf('a', 'b');
  assert.equal(again, a, 'it is linked once');
  now += 3_600_000;
  const [later] = await pathsOf('a');
  assert.notEqual(later, a);
  assert.equal((await pins()).length, 1, 'the old links are removed');
  await assert.rejects(contents([b as string]), { code: 'ENOENT' });
  await pathsOf('a', 'b', 'c');
  assert.deepEqual(await pins(), [], 'beyond the size nothing is kept');
  const used = await cache.pin([segment('a')]);
  await cache.close();
  assert.deepEqual(await contents(used.paths), ['a'], 'what is in use stays');
  await used.release();
  assert.deepEqual(await pins(), []);
});

test('a segment that cannot be linked is tried again by the next pin', async (t) => {
  const { objects, open } = await settingOf(t);
  const cache = open(100_000, { keepBytes: 100_000 });
  await assert.rejects(cache.pin([segment('a'), segment('late')]), { code: 'NOT_FOUND' });
  await objects.put(segment('late').name, Buffer.alloc(SIZE, 'l'));
  await using pinned = await cache.pin([segment('a'), segment('late')]);
  assert.deepEqual(await contents(pinned.paths), ['a', 'l']);
});

test('more than the limit is kept for as long as it is pinned', async (t) => {
  const { open, cached } = await settingOf(t);
  const pinned = await open(2 * SIZE).pin([...'abcdef'].map(segment));
  assert.deepEqual(await contents(pinned.paths), [...'abcdef']);
  assert.equal((await cached()).length, 2);
});

test('a file of another size is fetched again, and an object of another size is refused', async (t) => {
  const { folder, objects, open, reads } = await settingOf(t);
  const cache = open();
  await (await cache.pin([segment('a')])).release();
  await truncate(join(folder, 'files', segment('a').name), 10);
  assert.deepEqual(await contents((await cache.pin([segment('a')])).paths), ['a']);
  assert.equal(reads(), 2);
  await objects.put(segment('b').name, Buffer.alloc(10, 'b'));
  await assert.rejects(cache.pin([segment('a'), segment('b')]), {
    code: 'STORE_BROKEN',
    message: /t\/b\.parquet.* 10 bytes/,
  });
  await assert.rejects(cache.pin([segment('none')]), { code: 'NOT_FOUND' });
  for (const left of ['partial', 'pins']) {
    assert.equal((await readdir(join(folder, left))).length, left === 'pins' ? 1 : 0, `${left} of what failed`);
  }
});

test('files of dead processes are removed at the start, and those of living ones are not', async (t) => {
  const { folder, open } = await settingOf(t);
  const living = await open().pin([segment('a')]);
  for (const part of ['pins', 'partial']) {
    await mkdir(join(folder, part, `${hostname()}~999999999~x/date=1`), { recursive: true });
    await writeFile(join(folder, part, `${hostname()}~999999999~x/date=1/a`), 'rest');
  }
  open();
  assert.deepEqual(await contents(living.paths), ['a']);
  assert.deepEqual(
    [(await readdir(join(folder, 'pins'))).length, (await readdir(join(folder, 'partial'))).length],
    [1, 0],
  );
});
