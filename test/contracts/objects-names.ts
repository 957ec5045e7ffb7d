/** The contract of the objects port for names and lists. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bytes, infos, names, type ObjectsUnderTest } from './objects-samples.ts';

export function objectNamesContract(name: string, make: (t: TestContext) => Promise<ObjectsUnderTest>): void {
  const objectsTest = (title: string, body: (store: ObjectsUnderTest) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };

  objectsTest('a list is in the order of the whole names, and each has its size', async ({ objects }) => {
    // "-" and "." sort before "/", and "0" after it. Sorting folder by folder would give another order.
    const all = [
      'a-b',
      'a.b',
      'a/b',
      'a/b-c',
      'a/c/d',
      'a/c/d.e',
      'a0',
      'ab/c',
      'B',
      'Z/z',
      '_delta_log/00.json',
      'z=1/x',
    ];
    for (const each of all) await objects.put(each, bytes(each));
    const sorted = [...all].sort();
    assert.deepEqual(await names(objects, ''), sorted);
    for (const prefix of [
      'a',
      'a/',
      'a/b',
      'a/c',
      'a/c/d',
      'a/c/d.',
      'ab',
      'ab/',
      'Z/z',
      '_',
      'z=',
      'nothing',
      'a/b/',
      '.',
    ]) {
      const expected = sorted.filter((each) => each.startsWith(prefix));
      assert.deepEqual(await names(objects, prefix), expected, `prefix ${prefix}`);
    }
    for (const info of await infos(objects, '')) assert.equal(info.bytes, info.name.length);
  });

  objectsTest('a list of many objects is complete and in order, and can be stopped early', async ({ objects }) => {
    const all = Array.from({ length: 1200 }, (_, index) => `segments/${String(index).padStart(5, '0')}`);
    for (let at = 0; at < all.length; at += 100) {
      await Promise.all(all.slice(at, at + 100).map((each) => objects.put(each, bytes('x'))));
    }
    assert.deepEqual(await names(objects, 'segments/'), all);
    for await (const info of objects.list('segments/')) {
      assert.equal(info.name, all[0]);
      break;
    }
  });

  objectsTest('an invalid name is refused with the reason', async ({ objects }) => {
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      'a/./b',
      '../a',
      'a b',
      'a\\b',
      'ä',
      'a\0b',
      'a\n',
      'a?b',
      'a%2fb',
    ];
    for (const name of [...bad, 'a'.repeat(256), 'a/'.repeat(600).concat('a')]) {
      const calls = [
        () => objects.put(name, bytes('x')),
        () => objects.create(name, bytes('x')),
        () => objects.get(name),
        () => objects.head(name),
        () => objects.remove(name),
        () => objects.link(name, Date.now() + 60_000),
      ];
      for (const call of calls) {
        await assert.rejects(call(), { code: 'USAGE', message: /: .+/ }, `${JSON.stringify(name)} with ${call}`);
      }
    }
    for (const prefix of ['/', '../', 'a//', 'a/../b', 'a b', './']) {
      await assert.rejects(names(objects, prefix), { code: 'USAGE' }, JSON.stringify(prefix));
    }
    assert.deepEqual(await names(objects, ''), []);
  });
}
