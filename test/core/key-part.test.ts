import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKeyPart, LONGEST_KEY_PART } from '../../core/key-part.ts';

const GOOD = ['a', ' ', 'x'.repeat(512), 'ä', '\u{1F30A}', 'a\nb', '\u{1F30A}'.repeat(256)];
const BAD = ['', 'x'.repeat(513), '\u{1F30A}'.repeat(257), '\0', 'a\0b', '\uFFFD', 'a\uFFFD', '\ud800', 'a\udc00b'];
const NO_TEXT = [7, null, undefined, true, ['a'], { length: 1 }];

for (const text of GOOD) {
  test(`${described(text)} can be part of a key`, () => assert.equal(isKeyPart(text), true));
}
for (const value of [...BAD, ...NO_TEXT]) {
  test(`${described(value)} cannot be part of a key`, () => assert.equal(isKeyPart(value), false));
}

test('a part of a key may have a shorter or a longer limit', () => {
  assert.equal(LONGEST_KEY_PART, 512);
  assert.deepEqual([isKeyPart('abc', 3), isKeyPart('abc', 2)], [true, false]);
  assert.deepEqual([isKeyPart('x'.repeat(600), 600), isKeyPart('x'.repeat(601), 600)], [true, false]);
});

function described(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length < 40 ? text : `${text.slice(0, 8)}… of ${(value as string).length} characters`;
}
