import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOff } from '../../../jobs/runtime/back-off.ts';

test('a pause is doubled after each failure, up to the longest', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7].map((failures) => backOff(failures, [100, 2000], () => 1));
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 2000, 2000]);
});

test('jitter takes away at most half of it', () => {
  assert.equal(
    backOff(3, [100, 2000], () => 0),
    200,
  );
  assert.equal(
    backOff(3, [100, 2000], () => 0.5),
    300,
  );
});

test('after a thousand failures it is still a pause', () => {
  assert.equal(
    backOff(1000, [100, 2000], () => 1),
    2000,
  );
  assert.equal(
    backOff(1000, [1, Number.POSITIVE_INFINITY], () => 1),
    2 ** 30,
  );
});
