/**
 * The crash property, on the real runtime and the real embedded stores. If a seed fails, the message names it. To run it alone:
 *
 *     SEED=123 node --test test/jobs/runtime/crash.test.ts
 *
 * `npm test` runs some seeds, `npm run test:seeds` ten times as many, and `SEEDS` sets their number.
 */
import { test } from 'node:test';
import { assertSurvives } from '../../harness/crash-property.ts';
import { tellingNothing } from '../../harness/without-rules.ts';
import { seedsOf } from '../../protocol/seeds.ts';

const PLATFORMS = [
  ['lookups that stand still', 'still', 25, {}],
  ['lookups that change and records gone astray', 'changing', 25, {}],
  ['two learners, and a course that changes all the time', 'narrow', 15, {}],
  ['stores that do not say when a write came too late', 'narrow', 15, { distort: tellingNothing }],
] as const;

for (const [what, lookups, count, roughness] of PLATFORMS) {
  test(`whatever happens to its processes, a platform with ${what} ends up as if nothing had`, async () => {
    for (const seed of seedsOf(count)) {
      try {
        await assertSurvives(seed, lookups, roughness);
      } catch (error) {
        throw new Error(`seed ${seed} differs; run it alone with SEED=${seed}`, { cause: error });
      }
    }
  });
}
