/** Each rule matters: without it, the property fails within some seeds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_ROLLUP_RULES, type RollupRules } from '../../../reports/runtime/rules.ts';
import { ALL_OPERATOR_RULES, assertCountedOnce, type Options } from './property.ts';

const SEEDS = 150;

/** `topicIds` has a test of its own, with a topic that is created again. */
const RULES = (Object.keys(ALL_ROLLUP_RULES) as (keyof RollupRules)[]).filter((rule) => rule !== 'topicIds');

for (const rule of RULES) {
  test(`without ${rule}, a seed differs`, () => assertDiffers({ rules: { [rule]: false } }));
}

for (const rule of Object.keys(ALL_OPERATOR_RULES)) {
  test(`without the operators' ${rule}, a seed differs`, () =>
    assertDiffers({ operators: { [rule]: false }, isMadeAnew: true }));
}

async function assertDiffers(options: Options): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const failed = await assertCountedOnce(seed, options).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failed !== undefined) return;
  }
  assert.fail(`${SEEDS} seeds pass`);
}
