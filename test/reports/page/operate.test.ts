/** What the screens of operators compute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { moduleOfPage } from './module-of-page.ts';

const { bytesOf, hexOf, textOf } = await moduleOfPage('screens/operate/bytes.js');
const { History } = await moduleOfPage('screens/operate/history.js');
const { mergePatch } = await moduleOfPage('screens/operate/merge-patch.js');

/** The algorithm of RFC 7396, section 2. */
function applied(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
  const result = new Map(Object.entries(isObject ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, applied(result.get(name), value));
  }
  return Object.fromEntries(result);
}

/** A merge patch cannot set a value to null, so these objects have no nulls. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.integer(), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value'), { maxKeys: 4 }).map((each) => ({ ...each })),
}));

test('a patch makes of one event the other, and there is none where nothing changed', () => {
  fc.assert(
    fc.property(json.object, json.object, (before, after) => {
      const patch = mergePatch(before, after);
      assert.deepEqual(patch === undefined ? before : applied(before, patch), after);
      assert.equal(mergePatch(after, structuredClone(after)), undefined);
    }),
  );
  assert.deepEqual(mergePatch({ userId: 'u1', method: 7, old: 1 }, { userId: 'u1', method: 'self' }), {
    method: 'self',
    old: null,
  });
});

test('bytes are text if they are, even if they were cut within a character', () => {
  const bytes = bytesOf(Buffer.from('{"name":"Åsa"}').toString('base64'));
  assert.equal(textOf(bytes), '{"name":"Åsa"}');
  assert.equal(textOf(bytes.subarray(0, 10)), '{"name":"');
  assert.equal(textOf(Uint8Array.of(0, 1, 2)), undefined);
  assert.equal(textOf(Uint8Array.of(0x41, 0xff, 0x42, 0x43, 0x44, 0x45)), undefined);
  assert.equal(textOf(new Uint8Array()), '');
  assert.equal(hexOf(Uint8Array.of(0x41, 0x00, 0xfa)), `000000  41 00 fa${' '.repeat(39)}  A..`);
});

test('a job that has records to read and reads none stands still', () => {
  const history = new History();
  const add = (second: number, lag: number, rate: number | null) =>
    history.add({ at: new Date(1000 * second).toISOString(), jobs: [{ name: 'a', lag, rate }] });
  add(0, 5, null);
  for (let second = 2; second <= 16; second += 2) {
    assert.equal(history.isStill('a'), false);
    add(second, 5, 0);
  }
  assert.equal(history.isStill('a'), true);
  add(18, 4, 0.5);
  assert.equal(history.isStill('a'), false);
});

test('what is told twice counts once, and the sum of all jobs is that of the same looks', () => {
  const history = new History();
  const look = (at: string, a: number, b: number) =>
    history.add({
      at,
      jobs: [
        { name: 'a', lag: a, rate: 1 },
        { name: 'b', lag: b, rate: null },
      ],
    });
  look('1', 1, 2);
  look('1', 1, 2);
  look('2', 3, 4);
  assert.deepEqual(history.total(), [
    { lag: 3, rate: 1 },
    { lag: 7, rate: 1 },
  ]);
  history.add({ at: '3', jobs: [{ name: 'b', lag: 9, rate: 0 }] });
  assert.deepEqual(history.of('a'), []);
  assert.equal(history.total().at(-1).lag, 9);
});
