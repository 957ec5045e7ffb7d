import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKeyPart } from '../../core/key-part.ts';
import { derivedId } from '../../jobs/derived-id.ts';

test('an id that is short enough is part of the id that is made from it', () => {
  assert.equal(derivedId('course-completed/', 'algebra'), 'course-completed/algebra');
  assert.equal(derivedId('', 'exam-1', '/mail'), 'exam-1/mail');
  assert.equal(derivedId('a/', 'x'.repeat(510)), `a/${'x'.repeat(510)}`);
});

test('an id that is too long is replaced by its digest', () => {
  const digest = 'f9685f1d3cd2bb0086bf1f07d1ddea29255558db0193b7ba94fec250fd9efc99';
  assert.equal(derivedId('a/', `${'x'.repeat(509)}é`, '/b'), `a/sha256:${digest}/b`);
});

test('ids of the longest length make different ids that can be part of a key', () => {
  const ids = ['😀'.repeat(256), `${'😀'.repeat(255)}ab`, 'x'.repeat(512)].map((id) => derivedId('a/', id, '/mail'));
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.ok(isKeyPart(id));
});
