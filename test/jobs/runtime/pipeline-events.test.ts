/** The events in which batches report what they did. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { defineTable } from '../../../core/target.ts';
import { defineJob } from '../../../jobs/define.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { currentTables } from '../../../jobs/runtime/rows/generations/current-tables.ts';
import { openGeneration, rebuildGeneration } from '../../../jobs/runtime/rows/generations/rebuild.ts';
import { atGeneration } from '../../../jobs/runtime/rows/generations/state.ts';
import { batchDone } from '../../../schemas/pipeline.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { testRuntime } from '../../../testing/stores.ts';
import { pipelineEvents } from '../../../topics/index.ts';
import { type PipelineTotals, pipelineTotals } from '../../harness/pipeline-totals.ts';
import { added, addUp, dropped, emptied, polished, things, unread } from './add-up.ts';
import { Bench, type BenchOptions, bench, START, thingIn } from './bench.ts';
import type { Hook } from './intercept.ts';

const REPORTING = { pipelineTopic: pipelineEvents.name };
const add = (partId: string, amount = 1, thingId = 't') => [added, { thingId, partId, amount, colour: 'red' }] as const;

const reporting = (t: TestContext, options: BenchOptions = {}): Promise<Bench> =>
  bench(t, { topics: [pipelineEvents], ...options });

/** The totals of the job, without the outcomes that are 0. */
async function totalsOf(b: Bench, job = addUp.name) {
  const totals = (await pipelineTotals(b.stores)).get(job);
  return totals && { ...totals, records: without0(totals.records) };
}

const without0 = (records: PipelineTotals['records']): Record<string, number> =>
  Object.fromEntries(Object.entries(records).filter(([, count]) => count > 0));

test('a batch reports its records by outcome, and how long the oldest applied one had waited', async (t) => {
  const b = await reporting(t);
  await b.produce(add('p'), [dropped, { thingId: 't', partId: 'r' }], [unread, { thingId: 't' }], add('q'));
  b.clock.set(START + 10_000);
  await b.run(REPORTING);
  assert.deepEqual(await totalsOf(b), {
    batches: 1,
    records: { applied: 2, unchanged: 1, skipped: 1 },
    codes: {},
    latencies: [10_000],
  });
});

test('rejected records are reported by code, in one event each', async (t) => {
  const b = await reporting(t);
  const bad = { ...addUp, key: () => assert.fail('a mistake') };
  await b.produce(add('p'), add('q'), add('r'));
  const [record] = recordsOf(b.stores.codec, { topic: things, def: added, data: add('p')[1], id: 'e', time: START }, 1);
  await b.stores.transport.produce([{ ...(record ?? assert.fail()), value: new Uint8Array([1]) }]);
  await b.run({ ...REPORTING, job: bad });
  assert.deepEqual(await totalsOf(b), {
    batches: 1,
    records: { rejected: 4 },
    codes: { JOB_FAILED: 3, VALUE_UNREADABLE: 1 },
    latencies: [null],
  });
  const { partitions } = (await b.stores.transport.describe([pipelineEvents.name]))[0] ?? assert.fail();
  assert.deepEqual(
    partitions.map(({ end }) => end),
    [3],
  );
});

test('a record in a wrong partition is reported as routed, and as applied where it belongs', async (t) => {
  const b = await reporting(t, { partitions: 2 });
  const thing = thingIn(b, 1);
  const given = { topic: things, def: added, data: add('p', 1, thing)[1], id: 'e', time: START };
  const [record] = recordsOf(b.stores.codec, given, 2);
  await b.stores.transport.produce([{ ...(record ?? assert.fail()), partition: 0 }]);
  await b.run(REPORTING);
  const totals = await totalsOf(b);
  assert.deepEqual(totals?.records, { applied: 1, routed: 1 });
  assert.equal(totals?.batches, 2);
});

test('a record that is applied in pages is counted once', async (t) => {
  const b = await reporting(t);
  const things = ['t1', 't2', 't3', 't4', 't5'];
  await b.produce(...things.map((thing) => add('p', 1, thing)));
  await b.run(REPORTING);
  await b.produce([polished, { partId: 'p', amount: 1 }]);
  await b.run({ ...REPORTING, settings: { maxKeys: 2 } });
  const totals = await totalsOf(b);
  assert.deepEqual(totals?.records, { applied: 6 });
  assert.equal(totals?.batches, 4);
});

for (const point of ['tables.write', 'tables.apply', 'claim.commit']) {
  test(`after a crash at ${point}, the records of the batch are counted once, as applied`, async (t) => {
    const b = await reporting(t);
    await b.produce(add('p'), add('q'), add('r'));
    let crashes = 1;
    const hook: Hook = async (name, go) => {
      if (name !== point || crashes === 0) return go();
      crashes -= 1;
      if (name !== 'claim.commit') await go();
      throw new Error('crash');
    };
    await assert.rejects(b.run({ ...REPORTING, hook }), /crash/);
    assert.equal(await totalsOf(b), undefined);
    await b.run(REPORTING);
    const totals = await totalsOf(b);
    assert.deepEqual([totals?.batches, totals?.records], [1, { applied: 3 }]);
  });
}

test('a crash after the commit does not report the batch again', async (t) => {
  const b = await reporting(t);
  await b.produce(add('p'), add('q'));
  const hook: Hook = async (name, go) => {
    const answer = await go();
    if (name === 'claim.commit') throw new Error('crash');
    return answer;
  };
  await assert.rejects(b.run({ ...REPORTING, hook }), /crash/);
  await b.run(REPORTING);
  const totals = await totalsOf(b);
  assert.deepEqual([totals?.batches, totals?.records], [1, { applied: 2 }]);
});

test('records that are read again after a rewind are reported as repeated', async (t) => {
  const b = await reporting(t);
  await b.produce(add('p'), [dropped, { thingId: 't', partId: 'q' }], add('q'));
  await b.run(REPORTING);
  const before = (await totalsOf(b))?.records;
  await b.stores.transport.seek(addUp.name, things.name, { partition: 0, offset: 0 });
  await b.run(REPORTING);
  const totals = await totalsOf(b);
  assert.deepEqual(totals?.records, { ...before, repeated: 3 });
  assert.equal(totals?.latencies[1], null);
});

test('an owner that is fenced before it commits reports nothing', async (t) => {
  const b = await reporting(t);
  await b.produce(add('p'));
  const hook: Hook = async (name, go) => {
    if (name === 'claim.commit') await b.run(REPORTING);
    return go();
  };
  const late = await b.worker(0, { ...REPORTING, hook });
  assert.equal(await late.turn(0), 'fenced');
  const totals = await totalsOf(b);
  assert.deepEqual([totals?.batches, totals?.records], [1, { applied: 1 }]);
});

test('without the topic in the runtime, nothing is reported', async (t) => {
  const b = await reporting(t);
  await b.produce(add('p'));
  await b.run();
  assert.equal(await totalsOf(b), undefined);
});

test('making rows anew reports nothing', async (t) => {
  const { stores } = await reporting(t);
  const b = new Bench({ ...stores, tables: currentTables(stores.tables, [addUp]) }, [addUp], 1);
  await b.produce(add('p'), add('q'));
  await b.run({ ...REPORTING, job: atGeneration(addUp, 1) });
  const settings = { waitMs: 1 };
  const runtime = testRuntime(b.stores, { clock: systemClock, settings, ...REPORTING });
  const generation = await openGeneration(addUp, runtime);
  await rebuildGeneration(addUp, generation, runtime, { signal: new AbortController().signal, lookMs: 1 });
  const totals = await totalsOf(b);
  assert.deepEqual([totals?.batches, totals?.records], [1, { applied: 2 }]);
});

test('a job cannot begin while the topic of the reports is missing', async (t) => {
  const b = await bench(t);
  await b.produce(add('p'), [emptied, { thingId: 't' }]);
  await assert.rejects(b.run(REPORTING), { code: 'TOPIC_MISSING', message: /needs the topic pipeline\.events/ });
});

const batchCounts = defineTable({
  name: 'batch_counts',
  doc: 'How many batches a job has done.',
  key: ['job'],
  record: {
    type: 'record',
    name: 'BatchCount',
    fields: [
      { name: 'job', type: 'string', doc: 'The job.' },
      { name: 'batches', type: 'long', doc: 'Its batches.' },
    ],
  },
});
const countBatches = defineJob({
  name: 'count-batches',
  doc: 'Counts batches.',
  from: pipelineEvents,
  on: [batchDone],
  to: [],
  row: batchCounts,
  key: ({ data }) => ({ job: data.job }),
  fold: { [batchDone.type]: (row, { data }) => ({ job: data.job, batches: (row?.batches ?? 0) + 1 }) },
  react: () => [],
  views: [],
});

test('a job that reads the reports emits none about itself', async (t) => {
  const b = await reporting(t, { jobs: [addUp, countBatches] });
  await b.produce(add('p'));
  await b.run(REPORTING);
  const { items } = await b.stores.tables.select(batchCounts, ['default'], { limit: 10 });
  assert.deepEqual(items, [{ job: addUp.name, batches: 1 }]);
  assert.deepEqual([...(await pipelineTotals(b.stores)).keys()], [addUp.name]);
});
