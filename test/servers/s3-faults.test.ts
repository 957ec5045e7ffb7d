/** The objects port while its S3 server is killed or paused, or its answers are lost. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startS3 } from '../../servers/s3.ts';
import type { ObjectBody, Objects } from '../../sinks/objects/port.ts';
import { bodyOf, names, text } from '../contracts/objects-samples.ts';
import { startProxy } from './proxy.ts';
import { storeOf } from './s3-store.ts';

const MEGABYTE = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'tributary-s3-faults-'));
const server = await startS3({ folder });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

const away = { code: 'OBJECTS_AWAY', kind: 'retry' };

async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'OBJECTS_AWAY') throw error;
      await sleep(20);
    }
  }
}

async function* megabytes(count: number, between: (part: number) => Promise<void>): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < count; part += 1) {
    await between(part);
    yield Buffer.alloc(MEGABYTE, part);
  }
}

test('when the server is killed while objects are written, each is whole or absent, and no acknowledged one is lost', async (t) => {
  const { objects } = await storeOf(t, server.url, { timeoutMs: 6000 });
  const WRITES = 60;
  const written = new Set<string>();
  const writing = Promise.all(
    Array.from({ length: 4 }, async (_, writer) => {
      for (let index = writer; index < WRITES; index += 4) {
        const name = `segments/${index}`;
        // A create with an unknown outcome may have taken effect. Then the object exists, and is whole.
        await persist(() => objects.create(name, Buffer.alloc(1000 + index, `${index % 10}`))).catch(
          (error: { code?: unknown }) => assert.equal(error.code, 'ALREADY_EXISTS', String(error)),
        );
        written.add(name);
        if (index === 20 || index === 40) {
          await server.kill();
          await server.start();
        }
      }
    }),
  );
  await writing;
  assert.deepEqual(await names(objects, 'segments/'), [...written].sort());
  for (let index = 0; index < WRITES; index += 1) {
    const body = await bodyOf(objects, `segments/${index}`);
    assert.deepEqual(body, Buffer.alloc(1000 + index, `${index % 10}`));
  }
});

test('when the server is killed during a large write nothing of it is visible, and the same client writes it again', async (t) => {
  const { objects } = await storeOf(t, server.url, { timeoutMs: 3000, partBytes: 5 * MEGABYTE });
  const killing = megabytes(40, async (part) => {
    if (part === 20) await server.kill();
  });
  await assert.rejects(objects.create('big', killing), away);
  await assert.rejects(objects.head('big'), away);
  await server.start();
  assert.equal(await objects.head('big'), undefined);
  assert.deepEqual(await names(objects, ''), []);
  await objects.create(
    'big',
    megabytes(40, async () => undefined),
  );
  assert.equal((await objects.head('big'))?.bytes, 40 * MEGABYTE);
});

test('a large write during which the server is restarted succeeds at the first attempt or at the next', async (t) => {
  const { objects } = await storeOf(t, server.url, { timeoutMs: 6000, partBytes: 5 * MEGABYTE });
  let restarts = 0;
  const body = (): AsyncIterable<Uint8Array> =>
    megabytes(30, async (part) => {
      if (part !== 14 || restarts > 0) return;
      restarts += 1;
      await server.kill();
      await server.start();
    });
  assert.equal((await persist(() => objects.put('big', body()))).bytes, 30 * MEGABYTE);
  assert.equal(restarts, 1);
  assert.equal((await bodyOf(objects, 'big')).length, 30 * MEGABYTE);
});

test('a paused server is away while it is paused', async (t) => {
  const { objects } = await storeOf(t, server.url, { timeoutMs: 1500 });
  await objects.put('a', Buffer.alloc(30 * MEGABYTE, 'a'));
  const begun = (await objects.get('a'))[Symbol.asyncIterator]();
  await begun.next();
  server.pause();
  // Without a timeout all of these would hang, since the server is resumed only after them.
  const outcomes = await Promise.allSettled([
    objects.put('b', Buffer.from('x')),
    objects.create('c', Buffer.from('x')),
    objects.put('d', Buffer.alloc(20 * MEGABYTE)),
    objects.get('a'),
    objects.get('a', { start: 1, end: 1 }),
    objects.head('a'),
    names(objects, ''),
    objects.remove('a'),
    rest(begun),
  ]).finally(() => server.resume());
  for (const outcome of outcomes) {
    assert.equal(outcome.status, 'rejected');
    assert.equal(outcome.reason.code, 'OBJECTS_AWAY', String(outcome.reason));
  }
  await objects.put('after', Buffer.from('x'));
  assert.equal(await text(objects, 'after'), 'x');
});

test('a server paused during a large write is away, and nothing of the write is visible', async (t) => {
  const { objects } = await storeOf(t, server.url, { timeoutMs: 1500, partBytes: 5 * MEGABYTE });
  const body = megabytes(40, async (part) => {
    if (part === 12) server.pause();
  });
  await assert.rejects(
    objects.put('big', body).finally(() => server.resume()),
    away,
  );
  assert.deepEqual(await names(objects, ''), []);
});

test('a slow reader is not cut off', async (t) => {
  const { objects } = await storeOf(t, server.url, { timeoutMs: 600 });
  await objects.put('a', Buffer.alloc(30 * MEGABYTE, 'a'));
  let length = 0;
  for await (const chunk of await objects.get('a')) {
    // Longer than the timeout for a silent server, since the delay is the reader's. Only the passing of time matters.
    if (length === 0) await sleep(1200);
    length += chunk.length;
  }
  assert.equal(length, 30 * MEGABYTE);
});

test('a server killed during a read is away for its reader', async (t) => {
  const { objects } = await storeOf(t, server.url, { timeoutMs: 3000 });
  await objects.put('a', Buffer.alloc(30 * MEGABYTE, 'a'));
  const begun = (await objects.get('a'))[Symbol.asyncIterator]();
  // Written in one piece. Such a body is verified while it is read, and fails in another way.
  await objects.put('b', Buffer.alloc(7 * MEGABYTE, 'b'));
  const unread = [await objects.get('a'), await objects.get('b')];
  await begun.next();
  await server.kill();
  await assert.rejects(rest(begun), away);
  await server.start();
  // Readers that had not begun fail, too.
  for (const each of unread) await assert.rejects(rest(each[Symbol.asyncIterator]()), away);
  assert.equal((await bodyOf(objects, 'a')).length, 30 * MEGABYTE);
});

for (const [size, body, request] of [
  ['small', Buffer.from('mine'), 'PUT /'],
  ['large', Buffer.alloc(12 * MEGABYTE, 'm'), '<CompleteMultipartUpload'],
] as const) {
  for (const method of ['create', 'put'] as const) {
    test(`a ${method} of a ${size} object whose answer was lost recognises its own object`, async (t) => {
      await throughProxy(t, async (objects, proxy, uploads) => {
        const lost = proxy.loseAnswerTo(request);
        const [info] = await Promise.all([objects[method]('a', body), lost]);
        assert.equal(info.bytes, body.length);
        assert.deepEqual(await bodyOf(objects, 'a'), body);
        assert.deepEqual(await uploads(), []);
      });
    });
  }

  test(`a create of a ${size} object whose answer was lost does not claim another’s object`, async (t) => {
    await throughProxy(t, async (objects, proxy) => {
      await objects.create('a', Buffer.from('theirs'));
      const lost = proxy.loseAnswerTo(request);
      await Promise.all([assert.rejects(objects.create('a', body), { code: 'ALREADY_EXISTS' }), lost]);
      assert.equal(await text(objects, 'a'), 'theirs');
    });
  });
}

test('a server whose name cannot be resolved is away, and the message shows no secret', async (t) => {
  const { objects, credentials } = await storeOf(t, server.url, { timeoutMs: 3000 }, 'http://nowhere.invalid:9000');
  for (const body of [Buffer.from('x'), Buffer.alloc(20 * MEGABYTE)] as ObjectBody[]) {
    await assert.rejects(objects.put('a', body), (error: Error & { code?: unknown }) => {
      assert.equal(error.code, 'OBJECTS_AWAY', String(error));
      assert.ok(!error.message.includes(credentials.secretAccessKey));
      return true;
    });
  }
});

async function rest(body: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await body.next()).done !== true);
}

async function throughProxy(
  t: Parameters<typeof storeOf>[0],
  work: (
    objects: Objects,
    proxy: Awaited<ReturnType<typeof startProxy>>,
    uploads: () => Promise<string[]>,
  ) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(Number(new URL(server.url).port));
  t.after(() => proxy.stop());
  const { objects, uploads } = await storeOf(t, server.url, {}, `http://127.0.0.1:${proxy.port}`);
  await work(objects, proxy, uploads);
}
