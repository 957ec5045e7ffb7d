import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Holding } from '../../../../topics/kafka/group/assignment.ts';

function listening() {
  const calls: string[] = [];
  let hold = Promise.withResolvers<void>();
  hold.resolve();
  const holding = new Holding({
    assigned: (partitions) => void calls.push(`+${partitions}`),
    async revoked(partitions) {
      calls.push(`-${partitions}`);
      await hold.promise;
      calls.push(`gone ${partitions}`);
    },
  });
  return {
    holding,
    calls,
    keep() {
      hold = Promise.withResolvers();
      return hold.resolve;
    },
  };
}

test('what is had is told once, however often it is given', async () => {
  const { holding, calls } = listening();
  holding.take([0, 1]);
  holding.take([1, 2]);
  await setImmediate();
  assert.deepEqual(calls, ['+0,1', '+2']);
  assert.deepEqual(holding.partitions, [0, 1, 2]);
});

test('calls wait for each other, and a partition counts until it was let go of', async () => {
  const { holding, calls, keep } = listening();
  holding.take([0, 1]);
  await setImmediate();
  const release = keep();
  const dropped = holding.drop([0]);
  holding.take([2]);
  await setImmediate();
  assert.deepEqual(calls, ['+0,1', '-0']);
  assert.deepEqual([holding.partitions, holding.has(0), holding.has(1)], [[0, 1, 2], false, true]);
  release();
  await dropped;
  await setImmediate();
  assert.deepEqual(calls, ['+0,1', '-0', 'gone 0', '+2']);
  assert.deepEqual(holding.partitions, [1, 2]);
});

test('what was taken away before it was told is never told of', async () => {
  const { holding, calls, keep } = listening();
  holding.take([0]);
  await setImmediate();
  const release = keep();
  const first = holding.drop([0]);
  holding.take([1]);
  const second = holding.drop([1]);
  release();
  await Promise.all([first, second]);
  assert.deepEqual(calls, ['+0', '-0', 'gone 0']);
  assert.deepEqual(holding.partitions, []);
});

test('an error of the listener reaches who lets go, and the next call is made all the same', async () => {
  const seen: number[] = [];
  const holding = new Holding({
    assigned: (partitions) => void seen.push(...partitions),
    async revoked() {
      throw new TypeError('a bug');
    },
  });
  holding.take([0]);
  await setImmediate();
  await assert.rejects(holding.drop([0]), TypeError);
  holding.take([1]);
  await setImmediate();
  assert.deepEqual([seen, holding.partitions], [[0, 1], [1]]);
});
