import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownLine, shownText } from '../../app/text/shown.ts';

test('characters that control a terminal are shown as escapes', () => {
  for (const [text, shown] of [
    ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
    ['a\u009b2Jb', 'a\\u009b2Jb'],
    ['a\rb\bc\u007f', 'a\\u000db\\u0008c\\u007f'],
    ['left\u202eright\u2066\u200f', 'left\\u202eright\\u2066\\u200f'],
    ['one\u2028two', 'one\\u2028two'],
    ['half \ud800 of a pair', 'half \\ud800 of a pair'],
  ] as const) {
    assert.equal(shownLine(text), shown);
    assert.equal(shownText(text), shown);
  }
});

test('every other text is shown as it is', () => {
  for (const text of ['', 'plain', 'Ünïcödé', '日本語', 'ภาษาไทย', 'שלום', '👩‍🎓', 'a\\u001b']) {
    assert.equal(shownLine(text), text);
    assert.equal(shownText(text), text);
  }
});

test('a shown line has no line breaks and no tabs, a shown text has them', () => {
  assert.equal(shownLine('a\tb\nc'), 'a\\u0009b\\u000ac');
  assert.equal(shownText('a\tb\nc'), 'a\tb\nc');
});

test('JSON means the same after escaping', () => {
  const value = { id: 'a\u001b[2J\u009b\u202e\u007f\ud800' };
  assert.deepEqual(JSON.parse(shownText(JSON.stringify(value, null, 2))), value);
});
