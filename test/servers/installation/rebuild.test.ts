/** Rebuilds the rows of a job on Kafka and Cassandra while it works under load, makes them current, and swaps back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { summarizeBatch, trackProgress } from '../../../jobs/index.ts';
import { compareGenerations } from '../../../jobs/runtime/rows/generations/compare.ts';
import { dropGeneration } from '../../../jobs/runtime/rows/generations/drop.ts';
import { openGeneration, rebuildGeneration } from '../../../jobs/runtime/rows/generations/rebuild.ts';
import { runCurrent } from '../../../jobs/runtime/rows/generations/run-current.ts';
import { generationsOf, tableOf } from '../../../jobs/runtime/rows/generations/state.ts';
import { swapGeneration } from '../../../jobs/runtime/rows/generations/swap.ts';
import { learnerJoined } from '../../../schemas/batch.ts';
import { running } from '../../../servers/running.ts';
import { dump, partitionsOf } from '../../../testing/dump.ts';
import { enrollmentEvents } from '../../../topics/index.ts';
import { CAMPUS_JOBS } from '../../harness/campus.ts';
import { countOf } from '../../harness/count.ts';
import { assertViewsShowRows } from '../../harness/views-show-rows.ts';
import { campusOnServers, caughtUp, underLoad } from './campus-on-servers.ts';

const [kafka, cassandra] = await Promise.all([running('kafka'), running('cassandra')]);
const NEVER = new AbortController().signal;
const IGNORED = { signal: NEVER, waiting: () => {}, progress: () => {} };

test('rows are made anew and swapped under load, and nothing is counted twice or lost', async (t) => {
  const { campus, runtime } = await campusOnServers(t, { kafka, cassandra, most: 200 });
  const workers = await Promise.all(CAMPUS_JOBS.map((job) => runCurrent(job, runtime())));
  t.after(() => Promise.all(workers.map((worker) => worker.stop())));
  await campus.enrol(300);
  await caughtUp(campus, workers);

  const load = underLoad(t, campus);
  const operator = runtime();
  const steps: string[] = [];
  const swap = async (to: number): Promise<void> => {
    let heldAt = 0;
    await swapGeneration(trackProgress, to, operator, {
      ...IGNORED,
      step(what, of) {
        if (of === undefined) steps.push(what);
        if (what === 'held') heldAt = performance.now();
        if (what === 'current') t.diagnostic(`held for ${Math.round(performance.now() - heldAt)} ms`);
      },
      failed: (view, key, why) => assert.fail(`${view} ${key}: ${why}`),
    });
  };
  assert.equal(await openGeneration(trackProgress, operator), 2);
  const begun = performance.now();
  await rebuildGeneration(trackProgress, 2, operator, { signal: NEVER });
  t.diagnostic(`made anew in ${Math.round(performance.now() - begun)} ms`);
  const compared = await compareGenerations(trackProgress, 2, operator, IGNORED);
  assert.deepEqual([compared.differing, compared.onlyCurrent.count, compared.onlyOther.count], [{}, 0, 0]);
  assert.ok(compared.same >= 300, `${compared.same}`);
  await swap(2);
  assert.deepEqual(steps, ['catches up', 'held', 'current', 'views']);
  const during = load.enrolled;
  await swap(1);
  const enrolled = 300 + (await load.stop());
  assert.ok(enrolled - 300 > during, 'there was load all the time');
  await caughtUp(campus, workers);

  const [counted] = await campus.counts();
  assert.equal(counted, enrolled);
  assert.equal(await countOf(campus.stores.tables, trackProgress.row, DEFAULT_TENANT), enrolled);
  const shown = await dump(campus.stores, CAMPUS_JOBS);
  assertViewsShowRows(shown, CAMPUS_JOBS);
  const emitted = await partitionsOf(campus.stores.transport, summarizeBatch.from.name);
  const ids = emitted.flat().map(({ headers }) => headers['ce_id']);
  assert.equal(new Set(ids).size, ids.length, 'nothing was emitted twice');
  const joined = emitted.flat().filter(({ headers }) => headers['ce_type'] === learnerJoined.type);
  assert.equal(joined.length, enrolled);

  await dropGeneration(trackProgress, 2, operator);
  assert.equal(await operator.stores.tables.drifted(tableOf(trackProgress.row, 2)), undefined);
  assert.deepEqual(await generationsOf(operator.stores.tables, trackProgress.name), {
    current: 1,
    last: 2,
    kept: [1],
    swap: undefined,
  });
  assert.equal((await campus.stores.transport.describe([enrollmentEvents.name])).length, 1);
});
