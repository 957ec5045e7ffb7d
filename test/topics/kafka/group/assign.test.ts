import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  assign,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type MemberState,
} from '../../../../topics/kafka/group/assign.ts';

const range = (count: number) => [...Array(count).keys()];
const member = (id: string, owned: readonly number[] = [], about: Partial<MemberState> = {}): MemberState => ({
  id,
  owned,
  generation: 1,
  leaving: false,
  ...about,
});

test('partitions without an owner are divided evenly', () => {
  const assigned = assign(range(7), [member('a'), member('b'), member('c')]);
  assert.deepEqual([...assigned.values()].map(({ length }) => length).sort(), [2, 2, 3]);
  assert.deepEqual([...assigned.values()].flat().sort(), range(7));
});

test('a partition that moves is assigned to nobody while its member owns it, and then to the new one', () => {
  const first = assign(range(4), [member('a', [0, 1, 2, 3]), member('b')]);
  assert.deepEqual([first.get('a'), first.get('b')], [[0, 1], []]);
  const second = assign(range(4), [member('a', [0, 1]), member('b')]);
  assert.deepEqual(
    [second.get('a'), second.get('b')],
    [
      [0, 1],
      [2, 3],
    ],
  );
});

test('a member that leaves keeps nothing, and what it still owns is assigned to nobody', () => {
  const assigned = assign(range(4), [member('a', [0, 1], { leaving: true }), member('b', [2]), member('c', [3])]);
  assert.deepEqual([assigned.get('a'), assigned.get('b'), assigned.get('c')], [[], [2], [3]]);
  assert.deepEqual(assign(range(1), [member('a', [0], { leaving: true })]).get('a'), []);
});

test('of two members that claim a partition, the one with the later generation owns it', () => {
  const members = [member('a', [0], { generation: 5 }), member('b', [0, 1], { generation: 3 })];
  for (const order of [members, members.toReversed()]) {
    const assigned = assign(range(2), order);
    assert.deepEqual([assigned.get('a'), assigned.get('b')], [[0], [1]]);
  }
});

test('after a few rebalances any group is even, nothing is lost, and no partition ever has two owners', () => {
  const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 13 }), fc.array(ids, { minLength: 1, maxLength: 6 }), (count, changes) => {
      let owned = new Map<string, readonly number[]>();
      for (const now of changes) {
        owned = new Map(now.map((id) => [id, owned.get(id) ?? []]));
        for (let round = 0; round < 3; round++) {
          const assigned = assign(
            range(count),
            [...owned].map(([id, has]) => member(id, has)),
          );
          for (const [id, taken] of assigned) {
            const others = [...owned].filter(([other]) => other !== id).flatMap(([, has]) => has);
            assert.ok(taken.every((partition) => !others.includes(partition)));
          }
          owned = assigned;
        }
        const sizes = [...owned.values()].map(({ length }) => length);
        assert.deepEqual(
          [...owned.values()].flat().sort((a, b) => a - b),
          range(count),
        );
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      }
    }),
  );
});

test('subscriptions and assignments are the same after encoding and decoding', () => {
  const subscription = { topic: 'enrollment.events', owned: [3, 70_000], generation: 12, leaving: true };
  assert.deepEqual(decodeSubscription(encodeSubscription(subscription)), subscription);
  assert.deepEqual(decodeAssignment(encodeAssignment('orders', [0, 5]), 'orders'), [0, 5]);
  assert.deepEqual(decodeAssignment(encodeAssignment('orders', [0, 5]), 'others'), []);
  assert.deepEqual(decodeAssignment(Buffer.alloc(0), 'orders'), []);
});
