/** The crash property is sensitive: with any one rule turned off, it soon fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSurvives } from '../../harness/crash-property.ts';
import { WITHOUT } from '../../harness/without-rules.ts';

const MOST_SEEDS = 400;
/** Seeds that were found to differ, for rules that the first seeds do not detect. A change of the jobs may require others. */
const KNOWN: Readonly<Record<string, number>> = {
  'sending only what lies within the batch': 20,
  'map entries written whole by a new owner': 107,
};
/** Rules that chance rarely tests. `two-owners.test.ts` plays schedules in which they decide, and the protocol property finds them. */
const PLAYED = new Set([
  'the fence at the commit',
  'the token before the revision',
  'the check of the token after the fence',
  'one transaction of events and offset',
]);

async function survives(...life: Parameters<typeof assertSurvives>): Promise<boolean> {
  try {
    await assertSurvives(...life);
    return true;
  } catch (error) {
    // Other errors do not count as a difference.
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}

for (const [rule, roughness] of Object.entries(WITHOUT)) {
  if (PLAYED.has(rule)) continue;
  test(`without ${rule}, a seed differs`, async () => {
    for (const seed of [KNOWN[rule] ?? 0, ...Array(MOST_SEEDS).keys()]) {
      for (const lookups of ['still', 'changing', 'narrow'] as const) {
        // A seed that also fails with all rules on proves nothing.
        if (!(await survives(seed, lookups, roughness)) && (await survives(seed, lookups))) return;
      }
    }
    assert.fail(`${MOST_SEEDS} seeds passed without ${rule}`);
  });
}
