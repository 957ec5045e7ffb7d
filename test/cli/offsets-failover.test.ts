/** A topic that was deleted and created again, and another cluster: topic ids and offsets differ. See docs/operate.md. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { summarizeBatch, trackProgress } from '../../jobs/index.ts';
import { dump, partitionsOf } from '../../testing/dump.ts';
import { memoryStores, type TestStores } from '../../testing/stores.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { enrollmentEvents, topics } from '../../topics/index.ts';
import { CAMPUS_JOBS, Campus, PARTITIONS } from '../harness/campus.ts';
import { isEmittedByNoJob, mirror, remake } from '../harness/other-tools.ts';
import { begin, campus, end, seek } from './offsets-harness.ts';

const everything = (of: Campus) => dump(of.stores, CAMPUS_JOBS);
const seekAll = async (of: Campus, to: unknown) => {
  for (const job of CAMPUS_JOBS) await seek(of, job, to);
};

async function otherCluster(t: TestContext): Promise<TestStores> {
  const stores = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
  t.after(() => stores.close());
  return stores;
}

test('a planned failover: everything is read, and the jobs go on at the end of the other cluster with the same tables', async (t) => {
  for (const takes of [() => true, isEmittedByNoJob]) {
    const c = await campus(t);
    await c.enrol(8);
    await c.run();
    const before = await everything(c);
    const { transport } = await otherCluster(t);
    await mirror(c.stores.transport, transport, takes);
    c.stores = { ...c.stores, transport };
    await seekAll(c, end);
    await c.run();
    assert.deepEqual(await everything(c), before);
    await c.enrol(4);
    await c.run();
    assert.deepEqual(await c.counts(), [12, 12]);
    // Rows have no position of this cluster. Nothing is counted twice, because the furthest offset is known.
    await seekAll(c, begin);
    await c.run();
    assert.deepEqual(await c.counts(), [12, 12]);
  }
});

test('an unplanned failover: new tables are made from a mirror without the events that jobs emitted', async (t) => {
  const c = await campus(t);
  await c.enrol(8);
  await c.run();
  const before = await everything(c);
  const target = await otherCluster(t);
  await mirror(c.stores.transport, target.transport, isEmittedByNoJob);
  // The failover comes in the middle of work. Rows and offsets can no longer be told apart from those of the other cluster.
  await c.enrol(1);
  const fresh = await Campus.open({ ...target, codec: c.stores.codec });
  await fresh.run();
  assert.deepEqual(await everything(fresh), before);
});

test('a topic is deleted and made again: jobs continue with the new one, and rows keep their data', async (t) => {
  for (const name of [enrollmentEvents.name, summarizeBatch.from.name]) {
    const c = await campus(t);
    await c.enrol(8);
    await c.run();
    await remake(c, name);
    await c.run();
    assert.deepEqual(await c.counts(), [8, 8]);
    await c.enrol(8);
    await c.run();
    assert.deepEqual(await c.counts(), [16, 16], name);
  }
});

test('a topic is made again and filled from a copy of the old one: the job continues after the copy', async (t) => {
  const c = await campus(t);
  await c.enrol(8);
  await c.run();
  const copy = (await partitionsOf(c.stores.transport, enrollmentEvents.name)).flat();
  await remake(c, enrollmentEvents.name);
  await c.stores.transport.produce(copy.map((record) => ({ ...record, topic: enrollmentEvents.name })));
  await seek(c, trackProgress, end);
  await c.enrol(4);
  await c.run();
  assert.deepEqual(await c.counts(), [12, 12]);
  assert.deepEqual((await partitionsOf(c.stores.transport, deadLetterTopic(enrollmentEvents.name))).flat(), []);
});
