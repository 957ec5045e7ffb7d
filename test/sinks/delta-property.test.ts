/** Whatever happens to a table, and in any order, no commit is lost or applied twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deltaTrial, type Seen } from '../harness/delta-trial.ts';
import { seedsOf } from '../protocol/seeds.ts';

const SEEDS = 100;

test('whatever crashes, is late or is damaged, the table matches its log, and no commit is lost or doubled', async () => {
  const seeds = seedsOf(SEEDS);
  const total: Record<string, number> = {};
  for (const seed of seeds) {
    try {
      for (const [name, count] of Object.entries(await deltaTrial(seed))) total[name] = (total[name] ?? 0) + count;
    } catch (error) {
      throw new Error(`seed ${seed} fails; run it alone with SEED=${seed}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  // Together, the trials must have met everything that they exist for.
  if (seeds.length < SEEDS) return;
  for (const name of [
    'conflicts',
    'dropped',
    'crashes',
    'cleaned',
    'vacuumed',
    'checkpoints',
  ] satisfies (keyof Seen)[]) {
    assert.ok((total[name] ?? 0) > seeds.length / 4, `${name}: ${total[name]}`);
  }
});
