import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMadeFromArchive } from '../../harness/archived-generations-property.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 3);
const seen = new Set<string>();

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`rows are made anew from the archive, seed ${seed}`, async (t) => {
    for (const kind of await assertMadeFromArchive(t, seed)) seen.add(kind);
  });
}

test('among their records were those of every kind that only one job reads', () => {
  assert.deepEqual([...seen].sort(), ['call.answered', 'replayed', 'routed', 'timer.fired']);
});
