import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockFinding, looked, ok, problem, versionFinding } from '../../core/finding.ts';

test('a version is compared part by part, as numbers', () => {
  const state = (version: string, oldest: string) => versionFinding('x', 'Store', version, oldest).state;
  assert.equal(state('7.0.15', '7.0'), 'ok');
  assert.equal(state('10.1', '9.9'), 'ok');
  assert.equal(state('9.9', '10.1'), 'problem');
  assert.equal(state('15', '13'), 'ok');
  assert.equal(state('8', '8.15'), 'problem', 'what is not said is zero');
  assert.equal(state('5.0-beta1', '5.0'), 'ok');
  assert.equal(state('4.1.7', '5.0'), 'problem');
  assert.equal(state('unknown', '1'), 'ok', 'what is no number says nothing');
  assert.deepEqual(versionFinding('x', 'Store', '1.2', '2'), problem('x', 'Store 1.2 is too old', 'use 2 or newer'));
});

test('a clock is compared with the interval in which it may have been asked', () => {
  const state = (theirs: number, asked: number, answered: number) => clockFinding('x', theirs, asked, answered).state;
  assert.equal(state(1_000, 0, 2_000), 'ok');
  assert.equal(state(6_999, 0, 2_000), 'ok', 'five seconds after the answer');
  assert.equal(state(7_000, 0, 2_000), 'warning');
  assert.equal(state(-5_000, 0, 2_000), 'warning');
  assert.equal(state(-4_999, 0, 2_000), 'ok');
  assert.equal(state(62_000, 0, 2_000), 'problem');
  assert.equal(state(-60_000, 0, 2_000), 'problem');
  assert.match(clockFinding('x', -60_000, 0, 0).message, /60\.0 s behind/);
  assert.match(clockFinding('x', 7_500, 0, 500).message, /7\.0 s ahead of/);
});

test('a failed look is a finding', async () => {
  assert.deepEqual(await looked('x', async () => [ok('x', 'well')]), [ok('x', 'well')]);
  const failed = await looked('x', async () => {
    throw new Error('no rights');
  });
  assert.deepEqual(failed, [problem('x', 'no rights', 'do what the message says')]);
});
