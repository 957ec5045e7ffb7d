/** The property is sensitive: with any one rule turned off, some seed differs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedsOf } from './seeds.ts';
import { trial } from './trial.ts';
import { WITHOUT } from './without.ts';

/** Seeds that were found to differ, for rules that the first seeds do not detect. A change of the runtime may require others. */
const KNOWN: Readonly<Record<string, number>> = {
  tokenAgain: 200,
  stopAbove: 79,
  'possession for as long as any batch': 30,
};
/** Far more than any rule needed when this was written. */
const MOST_SEEDS = 2000;

/** A claim has to take possession for longer than a batch. Less than that must be detected. */
const TOO_SHORT = { 'possession for as long as any batch': { possessionRecords: 1 } };

for (const [rule, options] of Object.entries({ ...WITHOUT, ...TOO_SHORT })) {
  test(`without ${rule}, a seed differs`, async () => {
    for (const seed of [KNOWN[rule] ?? 0, ...seedsOf(MOST_SEEDS)]) {
      if ((await trial(seed, options)).length === 0) continue;
      assert.deepEqual(await trial(seed), [], `seed ${seed} differs with all rules, too`);
      return;
    }
    assert.fail(`none of ${MOST_SEEDS} seeds differs`);
  });
}
