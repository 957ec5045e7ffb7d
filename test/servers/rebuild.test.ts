/** The rows of a job are made anew on Kafka and Cassandra while it works under load, made current, and swapped back. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { summarizeBatch, trackProgress } from '../../jobs/index.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { compareGenerations } from '../../jobs/runtime/rows/generations/compare.ts';
import { currentTables } from '../../jobs/runtime/rows/generations/current-tables.ts';
import { dropGeneration } from '../../jobs/runtime/rows/generations/drop.ts';
import { openGeneration, rebuildGeneration } from '../../jobs/runtime/rows/generations/rebuild.ts';
import { runCurrent } from '../../jobs/runtime/rows/generations/run-current.ts';
import { generationsOf, tableOf } from '../../jobs/runtime/rows/generations/state.ts';
import { swapGeneration } from '../../jobs/runtime/rows/generations/swap.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { learnerJoined } from '../../schemas/batch.ts';
import { running } from '../../servers/running.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { dump, partitionsOf } from '../../testing/dump.ts';
import { memoryStores, testRuntime } from '../../testing/stores.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { enrollmentEvents, topics } from '../../topics/index.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import { CAMPUS_JOBS, Campus, PARTITIONS } from '../harness/campus.ts';
import { countOf } from '../harness/count.ts';
import { assertViewsShowRows } from '../harness/views-show-rows.ts';
import { named } from './crash-stores.ts';

const [kafka, cassandra] = await Promise.all([running('kafka'), running('cassandra')]);
const FOR_EVER = 100 * 365 * 24 * 3_600_000;
const NEVER = new AbortController().signal;
const IGNORED = { signal: NEVER, waiting: () => {}, progress: () => {} };

/** Every process has clients of its own, as it has on servers. */
async function installation(t: TestContext) {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  const local = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
  t.after(() => local.close());
  const opened = () => {
    const tables = cassandraTables({ url: `${cassandra.url}/rebuild_${id}` });
    const log = kafkaTransport({ url: kafka.url, heartbeatMs: 300 });
    t.after(() => Promise.all([tables.close(), log.close()]));
    return { ...local, tables: currentTables(tables, CAMPUS_JOBS), transport: named(log, `rebuild-${id}.`) };
  };
  const stores = opened();
  const both = topics.flatMap(({ name }) => [name, deadLetterTopic(name)]);
  await stores.transport.createTopics(both.map((name) => ({ name, partitions: PARTITIONS, retentionMs: FOR_EVER })));
  const targets = CAMPUS_JOBS.flatMap((job) => [job.row, ...job.views.map((view) => view.into)]);
  await stores.tables.prepare(targets.filter((target) => target.kind === 'table'));
  const runtime = (): Runtime =>
    testRuntime(opened(), {
      clock: systemClock,
      upstreams: upstreamsOf(CAMPUS_JOBS),
      settings: { waitMs: 100, timerMs: 1000, backOffMs: [20, 200], maxRecords: 200, maxKeys: 200 },
    });
  return { campus: await Campus.open(stores), runtime };
}

async function caughtUp({ stores }: Campus): Promise<void> {
  for (;;) {
    const lags = await Promise.all(CAMPUS_JOBS.map(({ name, from }) => stores.transport.lag(name, from.name)));
    if (lags.flat().every(({ lag }) => lag === 0)) return;
    await systemClock.sleep(50, NEVER);
  }
}

test('rows are made anew and swapped under load, and nothing is counted twice or lost', async (t) => {
  const { campus, runtime } = await installation(t);
  const workers = await Promise.all(CAMPUS_JOBS.map((job) => runCurrent(job, runtime())));
  t.after(() => Promise.all(workers.map((worker) => worker.stop())));
  await campus.enrol(300);
  await caughtUp(campus);

  const load = new AbortController();
  let enrolled = 300;
  const loading = (async () => {
    while (!load.signal.aborted) {
      await campus.enrol(5);
      enrolled += 5;
    }
  })();
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
  const during = enrolled;
  await swap(1);
  load.abort();
  await loading;
  assert.ok(enrolled > during, 'there was load all the time');
  await caughtUp(campus);

  const [counted] = await campus.counts();
  assert.equal(counted, enrolled);
  assert.equal(await countOf(campus.stores.tables, trackProgress.row, DEFAULT_TENANT), enrolled);
  const shown = await dump(campus.stores, CAMPUS_JOBS);
  assertViewsShowRows(shown, CAMPUS_JOBS);
  const said = await partitionsOf(campus.stores.transport, summarizeBatch.from.name);
  const ids = said.flat().map(({ headers }) => headers['ce_id']);
  assert.equal(new Set(ids).size, ids.length, 'nothing was emitted twice');
  const joined = said.flat().filter(({ headers }) => headers['ce_type'] === learnerJoined.type);
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
