/** The crash property would notice: with any one rule turned off, it fails before long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSurvives } from '../../harness/crash-property.ts';
import { WITHOUT } from '../../harness/without-rules.ts';

const MOST_SEEDS = 400;
/** Seldom found by luck; `two-owners.test.ts` plays the schedules in which they decide, and the property of the protocol finds them. */
const PLAYED = new Set([
  'the fence at the commit',
  'the token before the revision',
  'the check of the token after the fence',
  'one transaction of events and offset',
]);

for (const [rule, roughness] of Object.entries(WITHOUT)) {
  if (PLAYED.has(rule)) continue;
  test(`without ${rule}, a seed differs`, async () => {
    for (let seed = 0; seed < MOST_SEEDS; seed++) {
      for (const lookups of ['still', 'changing', 'narrow'] as const) {
        try {
          await assertSurvives(seed, lookups, roughness);
        } catch (error) {
          // Whatever else it met would prove nothing, and so would a seed that differs in any case.
          if (!(error instanceof assert.AssertionError)) throw error;
          await assertSurvives(seed, lookups);
          return;
        }
      }
    }
    assert.fail(`${MOST_SEEDS} seeds passed without ${rule}`);
  });
}
