/** A paused job on Kafka and Cassandra: its workers stay in their group, and later go on where they were. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { PauseWatch } from '../../../app/telemetry/pause-watch.ts';
import { trackProgress } from '../../../jobs/index.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { pauseJob, resumeJob } from '../../../jobs/runtime/rows/generations/pause.ts';
import { runCurrent } from '../../../jobs/runtime/rows/generations/run-current.ts';
import type { TelemetryEvent } from '../../../jobs/runtime/telemetry.ts';
import { upstreamsOf } from '../../../jobs/runtime/upstreams.ts';
import { running } from '../../../servers/running.ts';
import { cassandraTables } from '../../../sinks/tables/cassandra/tables.ts';
import { memoryStores, testRuntime } from '../../../testing/stores.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { enrollmentEvents, topics } from '../../../topics/index.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import { CAMPUS_JOBS, Campus, PARTITIONS } from '../../harness/campus.ts';
import { FOR_EVER } from '../../harness/retention.ts';
import { named } from './crash-stores.ts';

const [kafka, cassandra] = await Promise.all([running('kafka'), running('cassandra')]);
const ADA = { by: 'ada', why: 'a test', at: 0 };

/** Every process has its own clients, as on servers. */
async function installation(t: TestContext) {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  const local = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
  t.after(() => local.close());
  const opened = () => {
    const tables = cassandraTables({ url: `${cassandra.url}/pause_${id}` });
    const log = kafkaTransport({ url: kafka.url, heartbeatMs: 300 });
    t.after(() => Promise.all([tables.close(), log.close()]));
    return { ...local, tables, transport: named(log, `pause-${id}.`) };
  };
  const stores = opened();
  const both = topics.flatMap(({ name }) => [name, deadLetterTopic(name)]);
  await stores.transport.createTopics(both.map((name) => ({ name, partitions: PARTITIONS, retentionMs: FOR_EVER })));
  const targets = CAMPUS_JOBS.flatMap((job) => [job.row, ...job.views.map((view) => view.into)]);
  await stores.tables.prepare(targets.filter((target) => target.kind === 'table'));
  return { campus: await Campus.open(stores), opened };
}

/** A worker, and the partitions that it owns. */
async function worker(t: TestContext, opened: Awaited<ReturnType<typeof installation>>['opened']) {
  const owned = new Set<number>();
  const kinds: TelemetryEvent['kind'][] = [];
  const telemetry = {
    tell(event: TelemetryEvent) {
      kinds.push(event.kind);
      if (event.kind === 'claimed') owned.add(event.partition);
      if (event.kind === 'paused' || event.kind === 'released') owned.delete(event.partition);
    },
  };
  const stores = opened();
  const pauses = new PauseWatch({ jobs: [trackProgress], tables: stores.tables, telemetry, clock: systemClock });
  const upstreams = upstreamsOf(CAMPUS_JOBS);
  const settings = { waitMs: 100, timerMs: 1000, backOffMs: [20, 200] } as const;
  const runtime = testRuntime(stores, { clock: systemClock, upstreams, settings, telemetry });
  const stop = new AbortController();
  void pauses.watch(stop.signal);
  const job = await runCurrent(trackProgress, { ...runtime, pauses });
  t.after(async () => {
    stop.abort();
    await job.stop();
  });
  return { owned, kinds };
}

async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await is())) await systemClock.sleep(50, new AbortController().signal);
}

test('two workers of a paused job stop and keep their partitions, and lose and double nothing', async (t) => {
  const { campus, opened } = await installation(t);
  const { tables, transport } = campus.stores;
  const lag = async () =>
    (await transport.lag(trackProgress.name, enrollmentEvents.name)).reduce((sum, each) => sum + each.lag, 0);
  const workers = [await worker(t, opened), await worker(t, opened)];
  await campus.enrol(50);
  await until(async () => (await lag()) === 0 && workers.every(({ owned }) => owned.size > 0));

  await pauseJob(tables, trackProgress.name, ADA);
  await until(() => workers.every(({ owned }) => owned.size === 0));
  const before = workers.map(({ kinds }) => kinds.length);
  const behind = await lag();
  await campus.enrol(50);
  assert.ok((await lag()) > behind);
  assert.deepEqual(
    workers.map(({ kinds }, i) => kinds.slice(before[i])),
    [[], []],
    'nobody claims and nobody is revoked',
  );

  await resumeJob(tables, trackProgress.name, ADA);
  await until(async () => (await lag()) === 0 && workers.every(({ owned }) => owned.size > 0));
  assert.ok(workers.every(({ kinds }, i) => !kinds.slice(before[i]).includes('released')));
  const { items } = await tables.scan(trackProgress.row, { limit: 1000 });
  assert.equal(items.length, 100);
});
