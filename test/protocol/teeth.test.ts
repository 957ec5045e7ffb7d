/** The property would notice: with any one rule turned off, a seed differs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedsOf } from './seeds.ts';
import { trial } from './trial.ts';
import { WITHOUT } from './without.ts';

/** A seed that differed when it was looked for, where it is not among the first: after a change of the runtime it may be another. */
const KNOWN: Readonly<Record<string, number>> = {
  tokenAgain: 200,
  stopAbove: 79,
  'possession for as long as any batch': 30,
};
/** Far more than any took then. */
const MOST_SEEDS = 2000;

/** Larger than a batch is enough, and so it has to be. */
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
