import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Assignment } from '../../../../topics/kafka/group/assignment.ts';

function listening() {
  const calls: string[] = [];
  let released = Promise.withResolvers<void>();
  released.resolve();
  const assignment = new Assignment({
    assigned: (partitions) => void calls.push(`+${partitions}`),
    async revoked(partitions) {
      calls.push(`-${partitions}`);
      await released.promise;
      calls.push(`gone ${partitions}`);
    },
  });
  return {
    assignment,
    calls,
    block() {
      released = Promise.withResolvers();
      return released.resolve;
    },
  };
}

test('the listener is called once for a partition, however often it is assigned', async () => {
  const { assignment, calls } = listening();
  assignment.add([0, 1]);
  assignment.add([1, 2]);
  await setImmediate();
  assert.deepEqual(calls, ['+0,1', '+2']);
  assert.deepEqual(assignment.partitions, [0, 1, 2]);
});

test('calls are sequential, and a partition counts until the listener has released it', async () => {
  const { assignment, calls, block } = listening();
  assignment.add([0, 1]);
  await setImmediate();
  const release = block();
  const revoked = assignment.revoke([0]);
  assignment.add([2]);
  await setImmediate();
  assert.deepEqual(calls, ['+0,1', '-0']);
  assert.deepEqual([assignment.partitions, assignment.has(0), assignment.has(1)], [[0, 1, 2], false, true]);
  release();
  await revoked;
  await setImmediate();
  assert.deepEqual(calls, ['+0,1', '-0', 'gone 0', '+2']);
  assert.deepEqual(assignment.partitions, [1, 2]);
});

test('the listener is not called for a partition that was revoked before its turn', async () => {
  const { assignment, calls, block } = listening();
  assignment.add([0]);
  await setImmediate();
  const release = block();
  const first = assignment.revoke([0]);
  assignment.add([1]);
  const second = assignment.revoke([1]);
  release();
  await Promise.all([first, second]);
  assert.deepEqual(calls, ['+0', '-0', 'gone 0']);
  assert.deepEqual(assignment.partitions, []);
});

test('an error of the listener rejects the revocation, and the next call is still made', async () => {
  const seen: number[] = [];
  const assignment = new Assignment({
    assigned: (partitions) => void seen.push(...partitions),
    async revoked() {
      throw new TypeError('a bug');
    },
  });
  assignment.add([0]);
  await setImmediate();
  await assert.rejects(assignment.revoke([0]), TypeError);
  assignment.add([1]);
  await setImmediate();
  assert.deepEqual([seen, assignment.partitions], [[0, 1], [1]]);
});
