import { test } from 'node:test';
import { assertSwapsSurvive } from '../../harness/generations-property.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 8);

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`rows are made anew and swapped in the middle of crashes, seed ${seed}`, () => assertSwapsSurvive(seed));
}
