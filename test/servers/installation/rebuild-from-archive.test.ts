/** Rebuilds a job's rows on Kafka, Cassandra and S3 from records that the topic has lost, under load, and makes them current. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { trackProgress } from '../../../jobs/index.ts';
import { compareGenerations } from '../../../jobs/runtime/rows/generations/compare.ts';
import { openGeneration, rebuildGeneration } from '../../../jobs/runtime/rows/generations/rebuild.ts';
import { runCurrent } from '../../../jobs/runtime/rows/generations/run-current.ts';
import { swapGeneration } from '../../../jobs/runtime/rows/generations/swap.ts';
import { archivedLog } from '../../../reports/operate/archived-log.ts';
import { currentTable } from '../../../reports/operate/kept.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import { running } from '../../../servers/running.ts';
import { enrollmentEvents, topics } from '../../../topics/index.ts';
import { CAMPUS_JOBS } from '../../harness/campus.ts';
import { countOf } from '../../harness/count.ts';
import { worldOf } from '../../reports/operate/world.ts';
import { storeOf } from '../s3-store.ts';
import { campusOnServers, caughtUp, underLoad } from './campus-on-servers.ts';
import { deleteRecords } from './delete-records.ts';

const [kafka, cassandra, s3] = await Promise.all([running('kafka'), running('cassandra'), running('s3')]);
const NEVER = new AbortController().signal;
const IGNORED = { signal: NEVER, waiting: () => {}, progress: () => {} };
const archive = archiveOf(enrollmentEvents);

test('rows are made of an archive and a topic that has lost its beginning, and made current under load', async (t) => {
  const { campus, runtime, local, prefix } = await campusOnServers(t, { kafka, cassandra, most: 100 });
  const { transport } = campus.stores;
  const { objects } = await storeOf(t, s3.url);
  const archives = await worldOf(t, topics, { stores: local, transport, objects });
  const workers = await Promise.all(CAMPUS_JOBS.map((job) => runCurrent(job, runtime())));
  t.after(() => Promise.all(workers.map((worker) => worker.stop())));
  await campus.enrol(300);
  await caughtUp(campus, workers);
  await archives.count(archive);
  await deleteRecords(kafka.url, `${prefix}${enrollmentEvents.name}`, transport, enrollmentEvents.name);
  const [info] = await transport.describe([enrollmentEvents.name]);
  assert.ok(info?.partitions.every(({ begin }) => begin > 0));

  const load = underLoad(t, campus);
  const found = await currentTable(archives.kept, archive);
  assert.ok(found);
  const log = await archivedLog({
    stores: archives.kept,
    transport,
    topic: enrollmentEvents,
    snapshot: found.snapshot,
    reader: trackProgress.name,
    whole: true,
    signal: NEVER,
  });
  const operator = runtime(log.transport);
  assert.equal(await openGeneration(trackProgress, operator, true), 2);
  // If it is stopped in the middle, it resumes where it was.
  const ending = new AbortController();
  const progress = (): void => ending.abort(new Error('ended'));
  await assert.rejects(rebuildGeneration(trackProgress, 2, operator, { signal: ending.signal, progress }), {
    message: 'ended',
  });
  await rebuildGeneration(trackProgress, 2, operator, { signal: NEVER });
  const compared = await compareGenerations(trackProgress, 2, operator, IGNORED);
  assert.deepEqual([compared.differing, compared.onlyCurrent.count, compared.onlyOther.count], [{}, 0, 0]);
  assert.ok(compared.same >= 300, `${compared.same}`);
  const failed = (view: string, key: string, why: string): void => assert.fail(`${view} ${key}: ${why}`);
  for (const to of [2, 1, 2])
    await swapGeneration(trackProgress, to, runtime(), { ...IGNORED, step: () => {}, failed });
  const enrolled = 300 + (await load.stop());
  await caughtUp(campus, workers);
  const [counted] = await campus.counts();
  assert.deepEqual(
    [counted, await countOf(campus.stores.tables, trackProgress.row, DEFAULT_TENANT)],
    [enrolled, enrolled],
  );
});
