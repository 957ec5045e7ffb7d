/**
 * The property of the model, on the real runtime. If a seed fails, the message names it. To run it alone:
 *
 *     SEED=123 node --test test/protocol/protocol.test.ts
 *
 * `SEEDS=2000` runs more seeds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedsOf } from './seeds.ts';
import { trial } from './trial.ts';

test('whatever happens to owners and their stores, every record has one verdict, which rows, events, views, calls and dead letters all show', async () => {
  for (const seed of seedsOf(300)) {
    assert.deepEqual(await trial(seed), [], `seed ${seed} differs; run it alone with SEED=${seed}`);
  }
});
