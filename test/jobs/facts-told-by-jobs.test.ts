/** What jobs say to each other is known by its origin: told again late, whatever its time, it counts once. */
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

/** What one job says to another, which is told all of it again later, as it is, by a sender that does not know that it was told. */
async function toldAgain(
  t: TestContext,
  [upstream, job]: [Job, Job],
  ...events: readonly SpecEvent[]
): Promise<JobSpec> {
  const stores = await memoryStores([upstream, job], { partitions: 1 });
  t.after(() => stores.close());
  await stores.tables.prepare(jobs.map(({ row }) => row));
  const says = new JobSpec(upstream, stores, {});
  const spec = new JobSpec(job, stores, {});
  await says.lookups(...known);
  await says.given(...events);
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
  const spec = await toldAgain(t, [trackProgress, summarizeBatch], ...events, [unenrolled, ben]);
  await spec.thenRow(batches.key, { learners: 1, ever: 2, left: 1, completed: 1, progressSum: 100 });
});

test('a following that ended does not begin again when its beginning is repeated', async (t) => {
  const spec = await toldAgain(
    t,
    [projectGroup, trackProgress],
    [memberAdded, { groupId: 'red', userId: 'ada', role: 'member' }],
    [activityAdded, { groupId: 'red', activityId: 'algebra', kind: 'course' }],
    [memberRemoved, { groupId: 'red', userId: 'ada' }],
  );
  await spec.thenRow(key, undefined);
});

test('a repeated change of a course has no learner concluded differently', async (t) => {
  const spec = await toldAgain(t, [projectCourse, trackProgress], publishes('', 'a'), publishes('', 'a b'));
  await spec.thenNothing();
});
