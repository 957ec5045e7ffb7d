/** The contract of the objects port: see `sinks/objects/port.ts`. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { objectNamesContract } from './objects-names.ts';
import { bodyOf, bytes, names, type ObjectsUnderTest, text } from './objects-samples.ts';

const MEGABYTE = 1024 * 1024;

/** `make` returns a separate empty store for every test. */
export function objectsContract(name: string, make: (t: TestContext) => Promise<ObjectsUnderTest>): void {
  const objectsTest = (title: string, body: (store: ObjectsUnderTest) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };

  objectsTest('an object is read as it was written', async ({ objects }) => {
    const info = await objects.put('reports/a.csv', bytes('a,b\n1,2\n'));
    assert.equal(info.name, 'reports/a.csv');
    assert.equal(info.bytes, 8);
    assert.equal(await text(objects, 'reports/a.csv'), 'a,b\n1,2\n');
    const head = await objects.head('reports/a.csv');
    assert.equal(head?.bytes, 8);
    assert.ok(Math.abs(Date.now() - (head?.modifiedAt ?? 0)) < 24 * 3_600_000, 'modifiedAt is in ms since 1970');
  });

  objectsTest('an empty object is an object', async ({ objects }) => {
    await objects.put('empty', bytes(''));
    assert.equal((await objects.head('empty'))?.bytes, 0);
    assert.equal(await text(objects, 'empty'), '');
  });

  objectsTest('a body of 20 MB is streamed in and out', async ({ objects }) => {
    const written = createHash('sha256');
    async function* body() {
      for (let part = 0; part < 20; part += 1) {
        const chunk = Buffer.alloc(MEGABYTE, part);
        written.update(chunk);
        yield chunk;
      }
    }
    assert.equal((await objects.put('big', body())).bytes, 20 * MEGABYTE);
    const read = createHash('sha256');
    let chunks = 0;
    for await (const chunk of await objects.get('big')) {
      read.update(chunk);
      chunks += 1;
    }
    assert.equal(read.digest('hex'), written.digest('hex'));
    assert.ok(chunks > 1, 'the object comes in pieces');
  });

  objectsTest('a range is read from its start up to but not including its end', async ({ objects }) => {
    await objects.put('digits', bytes('0123456789'));
    for (const [start, end, expected] of [
      [0, 10, '0123456789'],
      [0, 1, '0'],
      [3, 7, '3456'],
      [9, 10, '9'],
      [4, 4, ''],
      [8, 100, '89'],
      [10, 20, ''],
    ] as const) {
      assert.equal(await text(objects, 'digits', { start, end }), expected, `${start} to ${end}`);
    }
    for (const range of [
      { start: -1, end: 2 },
      { start: 3, end: 2 },
      { start: 0.5, end: 2 },
      { start: 0, end: Number.NaN },
    ]) {
      await assert.rejects(objects.get('digits', range), { code: 'USAGE' });
    }
  });

  objectsTest('a missing object is not found, and has no head', async ({ objects }) => {
    await objects.put('folder/there', bytes('x'));
    for (const absent of ['nothing', 'folder', 'folder/nothing', 'folder/there/below']) {
      await assert.rejects(objects.get(absent), { code: 'NOT_FOUND' }, absent);
      await assert.rejects(objects.get(absent, { start: 0, end: 0 }), { code: 'NOT_FOUND' }, absent);
      assert.equal(await objects.head(absent), undefined, absent);
    }
  });

  objectsTest('put replaces, with a longer or a shorter body', async ({ objects }) => {
    await objects.put('a', bytes('first'));
    await objects.put('a', bytes('the second'));
    assert.equal(await text(objects, 'a'), 'the second');
    await objects.put('a', bytes('3'));
    assert.equal(await text(objects, 'a'), '3');
  });

  objectsTest('create makes an object once, and leaves an existing one unchanged', async ({ objects }) => {
    assert.equal((await objects.create('log/0', bytes('first'))).bytes, 5);
    await assert.rejects(objects.create('log/0', bytes('second')), { code: 'ALREADY_EXISTS' });
    assert.equal(await text(objects, 'log/0'), 'first');
    await objects.remove('log/0');
    await objects.create('log/0', bytes('third'));
    assert.equal(await text(objects, 'log/0'), 'third');
  });

  objectsTest('of ten concurrent creates exactly one wins', async ({ objects }) => {
    for (let round = 0; round < 10; round += 1) {
      const name = `log/${round}`;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, writer) => objects.create(name, bytes(`writer ${writer}`))),
      );
      const winners = outcomes.flatMap((outcome, writer) => (outcome.status === 'fulfilled' ? [writer] : []));
      assert.equal(winners.length, 1, `winners of round ${round}: ${winners.join()}`);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'ALREADY_EXISTS', String(outcome.reason));
      }
      assert.equal(await text(objects, name), `writer ${winners[0]}`);
    }
  });

  for (const method of ['put', 'create'] as const) {
    objectsTest(`a failing body leaves nothing of a ${method}, and the caller gets its error`, async ({ objects }) => {
      const failure = new Error('the rows ended early');
      async function* body() {
        yield bytes('half of ');
        throw failure;
      }
      await assert.rejects(objects[method]('report', body()), (error) => error === failure);
      assert.equal(await objects.head('report'), undefined);
      assert.deepEqual(await names(objects, ''), []);
      await objects.put('report', bytes('whole'));
      await assert.rejects(objects.put('report', body()), (error) => error === failure);
      assert.equal(await text(objects, 'report'), 'whole');
    });

    objectsTest(`nothing of a ${method} is visible before its body has ended`, async ({ objects }) => {
      const seen: unknown[] = [];
      async function* body() {
        yield bytes('first ');
        seen.push(await objects.head('report'), await names(objects, ''));
        yield bytes('second');
        seen.push(await objects.head('report'), await names(objects, ''));
      }
      await objects[method]('report', body());
      assert.deepEqual(seen, [undefined, [], undefined, []]);
      assert.equal(await text(objects, 'report'), 'first second');
    });
  }

  objectsTest('a large body that fails leaves nothing', async ({ objects }) => {
    const failure = new Error('the rows ended early');
    async function* failing() {
      for (let part = 0; part < 20; part += 1) yield Buffer.alloc(MEGABYTE, part);
      throw failure;
    }
    await assert.rejects(objects.put('big', failing()), (error) => error === failure);
    await assert.rejects(objects.create('big', failing()), (error) => error === failure);
    assert.equal(await objects.head('big'), undefined);
    assert.deepEqual(await names(objects, ''), []);
  });

  objectsTest('a large object is created once, whole, and not replaced', async ({ objects }) => {
    const SIZE = 20 * MEGABYTE + 1;
    await objects.put('small', bytes('first'));
    const large = (letter: string): AsyncIterable<Uint8Array> =>
      (async function* () {
        // Chunks whose sizes match no part of the upload.
        for (let at = 0; at < SIZE; at += 700_001) yield Buffer.alloc(Math.min(700_001, SIZE - at), letter);
      })();
    const outcomes = await Promise.allSettled([objects.create('big', large('a')), objects.create('big', large('b'))]);
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.bytes] : []));
    assert.deepEqual(winners, [SIZE]);
    for (const name of ['big', 'small']) {
      await assert.rejects(objects.create(name, large('c')), { code: 'ALREADY_EXISTS' });
    }
    const body = await bodyOf(objects, 'big');
    assert.equal(body.length, SIZE);
    assert.equal(letters(body), outcomes[0]?.status === 'fulfilled' ? 'a' : 'b');
    assert.equal(await text(objects, 'small'), 'first');
    assert.equal((await objects.put('big', Buffer.alloc(SIZE, 'd'))).bytes, SIZE);
    assert.equal(letters(await bodyOf(objects, 'big', { start: SIZE - 9, end: SIZE })), 'd');
  });

  objectsTest('a read can be stopped early', async ({ objects }) => {
    await objects.put('a', Buffer.alloc(4 * MEGABYTE, 'a'));
    for (let read = 0; read < 60; read += 1) {
      for await (const chunk of await objects.get('a')) {
        assert.equal(letters(chunk), 'a');
        break;
      }
    }
    await objects.put('a', bytes('b'));
    assert.equal(await text(objects, 'a'), 'b');
  });

  objectsTest(
    'a read that has begun returns its version to the end while the object is replaced',
    async ({ objects }) => {
      await objects.put('a', Buffer.alloc(4 * MEGABYTE, 'a'));
      const body = (await objects.get('a'))[Symbol.asyncIterator]();
      const first = await body.next();
      await objects.put('a', Buffer.alloc(2 * MEGABYTE, 'b'));
      assert.equal(first.done, false);
      let length = first.value.length;
      assert.equal(letters(first.value), 'a');
      for (let next = await body.next(); next.done !== true; next = await body.next()) {
        assert.equal(letters(next.value), 'a');
        length += next.value.length;
      }
      assert.equal(length, 4 * MEGABYTE);
    },
  );

  objectsTest('readers beside writers see one whole version each', async ({ objects }) => {
    const size = (letter: string): number => 200_000 + letter.charCodeAt(0);
    const version = (letter: string): Uint8Array => Buffer.alloc(size(letter), letter);
    await objects.put('a', version('a'));
    const writers = [...'bcdefgh'].map((letter) => objects.put('a', version(letter)));
    const readers = Array.from({ length: 30 }, async () => {
      const body = await bodyOf(objects, 'a');
      assert.equal(letters(body).length, 1, 'parts of two versions');
      assert.equal(body.length, size(letters(body)));
    });
    await Promise.all([...writers, ...readers]);
  });

  objectsTest('a removed object is gone, and removing it again is no error', async ({ objects }) => {
    await objects.put('a/b', bytes('x'));
    await objects.put('a/c', bytes('y'));
    await objects.remove('a/b');
    await objects.remove('a/b');
    await objects.remove('a/b/c');
    await objects.remove('a');
    await objects.remove('never/there');
    assert.equal(await objects.head('a/b'), undefined);
    assert.deepEqual(await names(objects, ''), ['a/c']);
    assert.equal(await text(objects, 'a/c'), 'y');
  });

  objectsTest('concurrent writes and removals of neighbours do not disturb each other', async ({ objects }) => {
    // In each folder two objects take turns, so that the folder itself is created and removed.
    const all = Array.from({ length: 8 }, (_, writer) => `deep/${writer >> 1}/${writer}`);
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(
        all.map(async (name, writer) => {
          if ((round + writer) % 2 === 0) await objects.put(name, bytes(name));
          else await objects.remove(name);
        }),
      );
      const expected = all.filter((_, writer) => (round + writer) % 2 === 0);
      assert.deepEqual(await names(objects, ''), expected);
    }
  });

  objectsTest('a link names the file as which browsers save the object', async ({ objects, follow }) => {
    await objects.put('reports/a/1', Buffer.from('mine'));
    const link = await objects.link('reports/a/1', Date.now() + 60_000, 'trend.csv');
    assert.match(decodeURIComponent(link), /trend\.csv/);
    assert.equal(Buffer.from((await follow(link)) ?? []).toString(), 'mine');
    assert.equal(await follow(link.replace('trend.csv', 'other.csv')), undefined);
  });

  objectsTest('a link reads its object and no other', async ({ objects, follow }) => {
    await objects.put('reports/=a._-1.csv', bytes('mine'));
    await objects.put('reports/=b._-1.csv', bytes('not mine'));
    const link = await objects.link('reports/=a._-1.csv', Date.now() + 60_000);
    assert.equal(Buffer.from((await follow(link)) ?? []).toString(), 'mine');
    assert.match(link, /reports\/(=|%3D)a/);
    assert.equal(await follow(link.replace(/(=|%3D)a\._-1/, '$1b._-1')), undefined);
  });

  objectNamesContract(name, make);
}

/** The distinct letters of the body. */
function letters(body: Uint8Array): string {
  return [...new Set(body)].map((code) => String.fromCharCode(code)).join('');
}
