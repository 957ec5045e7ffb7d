/** Seeds of the property. `ROLLUP_SEED=7` runs only that seed; `SEEDS=500` runs more of them. */
import { test } from 'node:test';
import { assertCountedOnce } from './property.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 30);
const ONE = process.env['ROLLUP_SEED'];
const seeds = ONE === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(ONE)];

async function eachSeed(isMadeAnew: boolean): Promise<void> {
  for (const seed of seeds) {
    try {
      await assertCountedOnce(seed, { isMadeAnew });
    } catch (error) {
      throw new Error(`seed ${seed}; ROLLUP_SEED=${seed} runs it alone`, { cause: error });
    }
  }
}

test(`totals equal a direct count despite crashes, late events and rewinds (${seeds.length} seeds)`, () =>
  eachSeed(false));

test(`so do those of a table that is made anew beside processes that count (${seeds.length} seeds)`, () =>
  eachSeed(true));
