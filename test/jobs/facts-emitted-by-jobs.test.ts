/** Events between jobs are recognised by their origin: repeated late, whatever their time, they count once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Job } from '../../jobs/define.ts';
import { jobs } from '../../jobs/index.ts';
import { projectCourse } from '../../jobs/project-course/project-course.ts';
import { projectGroup } from '../../jobs/project-group/project-group.ts';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { enrolled, unenrolled } from '../../schemas/enrollment.ts';
import { activityAdded, memberAdded, memberRemoved } from '../../schemas/group.ts';
import { partitionsOf } from '../../testing/dump.ts';
import { JobSpec, type SpecEvent } from '../../testing/job-spec.ts';
import { memoryStores } from '../../testing/stores.ts';
import * as batches from './batches.ts';
import { publishes } from './courses.ts';
import { completes, inBatch, joins, key, known } from './learners.ts';

/** The events of one job for another, all repeated later and unchanged, by a sender that does not know that they were sent. */
async function repeatedLate(
  t: TestContext,
  [upstream, job]: [Job, Job],
  ...events: readonly SpecEvent[]
): Promise<JobSpec> {
  const stores = await memoryStores([upstream, job], { partitions: 1 });
  t.after(() => stores.close());
  await stores.tables.prepare(jobs.map(({ row }) => row));
  const upstreamSpec = new JobSpec(upstream, stores, {});
  const spec = new JobSpec(job, stores, {});
  await upstreamSpec.lookups(...known);
  await upstreamSpec.given(...events);
  await spec.run();
  const [records = []] = await partitionsOf(stores.transport, job.from.name);
  assert.ok(records.length > 0);
  await stores.transport.produce(records.map((record) => ({ ...record, topic: job.from.name, partition: 0 })));
  await spec.run();
  await spec.thenDeadLetters();
  return spec;
}

test('facts that jobs emit about learners count once, even if they are repeated late', async (t) => {
  const ben = { ...inBatch, userId: 'ben' };
  const events: SpecEvent[] = [joins, completes('a'), [enrolled, ben], completes('b')];
  const spec = await repeatedLate(t, [trackProgress, summarizeBatch], ...events, [unenrolled, ben]);
  await spec.thenRow(batches.key, { learners: 1, ever: 2, left: 1, completed: 1, progressSum: 100 });
});

test('a following that ended does not begin again when its beginning is repeated', async (t) => {
  const spec = await repeatedLate(
    t,
    [projectGroup, trackProgress],
    [memberAdded, { groupId: 'red', userId: 'ada', role: 'member' }],
    [activityAdded, { groupId: 'red', activityId: 'algebra', kind: 'course' }],
    [memberRemoved, { groupId: 'red', userId: 'ada' }],
  );
  await spec.thenRow(key, undefined);
});

test('a repeated change of a course has no learner concluded differently', async (t) => {
  const spec = await repeatedLate(t, [projectCourse, trackProgress], publishes('', 'a'), publishes('', 'a b'));
  await spec.thenNothing();
});
