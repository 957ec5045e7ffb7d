import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ownership, pausesIn, quantileOf } from './pauses.ts';

const did = (at: number, kind: Ownership['kind'], assignment = 'notify/0'): Ownership => ({ at, kind, assignment });

test('a pause is the time from letting go of a partition until the next claim of it', () => {
  const pauses = pausesIn([did(0, 'claimed'), did(700, 'claimed'), did(500, 'released'), did(800, 'released')]);
  assert.deepEqual(pauses, [{ assignment: 'notify/0', from: 500, ms: 200 }]);
});

test('a partition that has a new owner before the old one was fenced has no pause', () => {
  assert.deepEqual(pausesIn([did(0, 'claimed'), did(100, 'claimed'), did(150, 'fenced')]), []);
});

test('partitions have their pauses each for itself', () => {
  const other = 'notify/1';
  const pauses = pausesIn([
    did(0, 'claimed'),
    did(0, 'claimed', other),
    did(10, 'released'),
    did(20, 'released', other),
    did(30, 'claimed', other),
    did(50, 'claimed'),
  ]);
  assert.deepEqual(
    pauses.map(({ assignment, ms }) => [assignment, ms]),
    [
      [other, 10],
      ['notify/0', 40],
    ],
  );
  assert.deepEqual(
    [0, 0.5, 1].map((share) => quantileOf(pauses, share)),
    [10, 10, 40],
  );
});
