/** A generation must not bring back somebody who was forgotten after its rows were made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { forgottenUsers } from '../../../core/forgotten-users.ts';
import { trackProgress } from '../../../jobs/index.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { digestOf, Forgotten, rememberForgotten } from '../../../jobs/runtime/forgotten.ts';
import { currentTables } from '../../../jobs/runtime/rows/generations/current-tables.ts';
import { dropGeneration } from '../../../jobs/runtime/rows/generations/drop.ts';
import { openGeneration, rebuildGeneration } from '../../../jobs/runtime/rows/generations/rebuild.ts';
import { generationsOf } from '../../../jobs/runtime/rows/generations/state.ts';
import { swapGeneration } from '../../../jobs/runtime/rows/generations/swap.ts';
import { memoryStores, testRuntime } from '../../../testing/stores.ts';
import { topics } from '../../../topics/index.ts';
import { CAMPUS_JOBS, Campus, PARTITIONS } from '../../harness/campus.ts';

const SIGNAL = new AbortController().signal;
const OPTIONS = { signal: SIGNAL, step: () => {}, failed: () => {}, waiting: () => {} };

test('a generation that names a forgotten user does not become current, and one that is made anew does', async (t) => {
  const memory = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
  t.after(() => memory.close());
  const stores = { ...memory, tables: currentTables(memory.tables, CAMPUS_JOBS) };
  await stores.tables.prepare([forgottenUsers]);
  const campus = await Campus.open(stores);
  await campus.enrol(3);
  await campus.run();
  const operator = () => testRuntime(stores, { clock: systemClock, forgotten: new Forgotten(stores.tables) });
  const make = async (): Promise<number> => {
    const generation = await openGeneration(trackProgress, operator());
    await rebuildGeneration(trackProgress, generation, operator(), { signal: SIGNAL, lookMs: 1 });
    return generation;
  };
  const made = await make();
  // No event announces it, as if the topic had lost the events.
  await rememberForgotten(stores.tables, digestOf(DEFAULT_TENANT, 'learner-1'), 1);
  await assert.rejects(swapGeneration(trackProgress, made, operator(), OPTIONS), {
    code: 'USAGE',
    message: /rows that name somebody who was forgotten after they were made.*--drop 2 --yes/,
  });
  assert.deepEqual((await generationsOf(stores.tables, trackProgress.name)).swap, undefined, 'the job is not held');
  await dropGeneration(trackProgress, made, operator());
  await swapGeneration(trackProgress, await make(), operator(), OPTIONS);
  assert.equal((await generationsOf(stores.tables, trackProgress.name)).current, 3);
});
