import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assign } from '../../../topics/embedded/group.ts';

const members = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
const partitions = fc.integer({ min: 1, max: 13 });

test('after any changes of members the partitions are even, and as few as possible of them moved', () => {
  fc.assert(
    fc.property(partitions, fc.array(members, { minLength: 1, maxLength: 8 }), (count, rounds) => {
      let current: (string | undefined)[] = Array(count).fill(undefined);
      for (const now of rounds) {
        const next = assign(current, now);
        const sizes = now.map((member) => next.filter((owner) => owner === member).length);
        assert.equal(
          sizes.reduce((a, b) => a + b),
          count,
          'every partition has a member of now',
        );
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
        assert.equal(kept(current, next), most(current, now));
        current = next;
      }
    }),
  );
});

test('without members partitions have no owner', () => {
  assert.deepEqual(assign(['a', 'b', undefined], []), [undefined, undefined, undefined]);
});

function kept(before: readonly (string | undefined)[], after: readonly (string | undefined)[]): number {
  return after.filter((owner, partition) => owner === before[partition]).length;
}

/** The largest number of partitions that can stay: each member keeps at most an even share, and the fullest ones one more. */
function most(before: readonly (string | undefined)[], now: readonly string[]): number {
  const share = Math.floor(before.length / now.length);
  const held = now.map((member) => before.filter((owner) => owner === member).length);
  const one = Math.min(before.length % now.length, held.filter((count) => count > share).length);
  return held.reduce((sum, count) => sum + Math.min(count, share), 0) + one;
}
