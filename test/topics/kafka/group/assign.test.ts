import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeAssignment,
  decodeSubscription,
  divide,
  encodeAssignment,
  encodeSubscription,
  type MemberState,
} from '../../../../topics/kafka/group/assign.ts';

const range = (count: number) => [...Array(count).keys()];
const member = (id: string, held: readonly number[] = [], about: Partial<MemberState> = {}): MemberState => ({
  id,
  held,
  generation: 1,
  leaving: false,
  ...about,
});

test('a group of members that have nothing is divided evenly', () => {
  const given = divide(range(7), [member('a'), member('b'), member('c')]);
  assert.deepEqual([...given.values()].map(({ length }) => length).sort(), [2, 2, 3]);
  assert.deepEqual([...given.values()].flat().sort(), range(7));
});

test('what moves is given to nobody while its member has it, and then to the other', () => {
  const first = divide(range(4), [member('a', [0, 1, 2, 3]), member('b')]);
  assert.deepEqual([first.get('a'), first.get('b')], [[0, 1], []]);
  const second = divide(range(4), [member('a', [0, 1]), member('b')]);
  assert.deepEqual(
    [second.get('a'), second.get('b')],
    [
      [0, 1],
      [2, 3],
    ],
  );
});

test('a member that leaves keeps nothing, and nobody gets what it still has', () => {
  const given = divide(range(4), [member('a', [0, 1], { leaving: true }), member('b', [2]), member('c', [3])]);
  assert.deepEqual([given.get('a'), given.get('b'), given.get('c')], [[], [2], [3]]);
  assert.deepEqual(divide(range(1), [member('a', [0], { leaving: true })]).get('a'), []);
});

test('of two that claim a partition, the one that was told last has it', () => {
  const members = [member('a', [0], { generation: 5 }), member('b', [0, 1], { generation: 3 })];
  for (const order of [members, members.toReversed()]) {
    const given = divide(range(2), order);
    assert.deepEqual([given.get('a'), given.get('b')], [[0], [1]]);
  }
});

test('after a few rounds any group is even, nothing is lost, and no partition ever has two members', () => {
  const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 13 }), fc.array(ids, { minLength: 1, maxLength: 6 }), (count, changes) => {
      let held = new Map<string, readonly number[]>();
      for (const now of changes) {
        held = new Map(now.map((id) => [id, held.get(id) ?? []]));
        for (let round = 0; round < 3; round++) {
          const given = divide(
            range(count),
            [...held].map(([id, has]) => member(id, has)),
          );
          for (const [id, taken] of given) {
            const others = [...held].filter(([other]) => other !== id).flatMap(([, has]) => has);
            assert.ok(taken.every((partition) => !others.includes(partition)));
          }
          held = given;
        }
        const sizes = [...held.values()].map(({ length }) => length);
        assert.deepEqual(
          [...held.values()].flat().sort((a, b) => a - b),
          range(count),
        );
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      }
    }),
  );
});

test('what members say and are told comes over the wire', () => {
  const subscription = { topic: 'enrollment.events', held: [3, 70_000], generation: 12, leaving: true };
  assert.deepEqual(decodeSubscription(encodeSubscription(subscription)), subscription);
  assert.deepEqual(decodeAssignment(encodeAssignment('orders', [0, 5]), 'orders'), [0, 5]);
  assert.deepEqual(decodeAssignment(encodeAssignment('orders', [0, 5]), 'others'), []);
  assert.deepEqual(decodeAssignment(Buffer.alloc(0), 'orders'), []);
});
