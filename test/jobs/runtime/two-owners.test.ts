/**
 * Two owners of one partition fold the same records while their lookups change in between. So they conclude differently, and only
 * one of them may emit. Chance rarely finds these schedules, so they are played step by step. Each is also played without the rule
 * that decides it, to show that it would fail.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import type { Stores } from '../../../jobs/runtime/stores.ts';
import { trackProgress } from '../../../jobs/track-progress/track-progress.ts';
import { contentProgressed, enrolled } from '../../../schemas/enrollment.ts';
import { courseStructure } from '../../../schemas/rows/course-structure.ts';
import { learnerProgress } from '../../../schemas/rows/learner-progress.ts';
import { emittedEvents } from '../../../testing/dump.ts';
import { type JobSpec, jobSpec, type SpecEvent } from '../../../testing/job-spec.ts';
import { type Point, withPoints } from '../../../testing/points.ts';
import { testRuntime } from '../../../testing/stores.ts';
import { batchEvents } from '../../../topics/index.ts';
import { type Distort, tellingNothing, WITHOUT } from '../../harness/without-rules.ts';

const ada = { userId: 'ada', courseId: 'algebra' };
const completes = (contentId: string): SpecEvent => [contentProgressed, { ...ada, contentId, status: 'completed' }];
const HISTORY: readonly SpecEvent[] = [
  [enrolled, { ...ada, batchId: 'spring' }],
  completes('a'),
  completes('b'),
  completes('c'),
];

/** Publishes the course with these required contents. */
async function publish(spec: JobSpec, ...required: string[]): Promise<void> {
  const contents = Object.fromEntries(required.map((id) => [id, { name: '', required: true, units: [] }]));
  const course = {
    courseId: 'algebra',
    name: 'Algebra',
    retired: false,
    publishedAt: 0,
    required: required.length,
    units: {},
    contents,
  };
  await spec.lookups([courseStructure, course]);
}

/** An owner that can be stopped before an effect of a given kind, until it is released. */
async function owner(spec: JobSpec, distort: Distort, maxRecords: number) {
  let stopAt: Point | undefined;
  let stopped = Promise.withResolvers<void>();
  let goOn = Promise.withResolvers<void>();
  const reach = async (point: Point) => {
    if (point !== stopAt) return;
    stopAt = undefined;
    goOn = Promise.withResolvers<void>();
    stopped.resolve();
    await goOn.promise;
  };
  const stores: Stores = withPoints(distort(spec.stores), reach);
  const runtime = testRuntime(stores, { clock: spec.clock, settings: { maxRecords, lookupMs: 0 } });
  const membership = await stores.transport.join(trackProgress.name, trackProgress.from.name, {
    assigned: () => {},
    revoked: async () => {},
  });
  const worker = ownerOfRows({ job: trackProgress, partition: 0, membership, runtime, lookups: lookupsFor(runtime) });
  let turn: Promise<unknown> = Promise.resolve();
  return {
    turn: () => worker.turn(0),
    async turnUpTo(point: Point) {
      stopAt = point;
      stopped = Promise.withResolvers<void>();
      turn = worker.turn(0);
      await stopped.promise;
    },
    async goOnUpTo(point: Point) {
      stopAt = point;
      stopped = Promise.withResolvers<void>();
      goOn.resolve();
      await Promise.race([stopped.promise, turn]);
    },
    async goOn() {
      goOn.resolve();
      await turn;
    },
    async finish() {
      for (let idle = 0; idle < 2; ) idle = (await worker.turn(0)) === 'idle' ? idle + 1 : 0;
    },
  };
}

/** The progress events about the learner form one chain, which ends at the progress in the row. */
async function assertOneVoice(spec: JobSpec): Promise<void> {
  const row = await spec.row(learnerProgress, ['ada', 'algebra']);
  const emitted = await emittedEvents(spec.stores, batchEvents, trackProgress);
  let progress = 0;
  for (const { type, data } of emitted) {
    const { progress: now, previousProgress } = data as { progress: number; previousProgress: number };
    if (type !== 'batch.learner-progressed') continue;
    assert.equal(previousProgress, progress, 'a change begins where the one before it ended');
    progress = now;
  }
  assert.equal(progress, row?.progress, 'the row is where the last change ended');
}

/** Nothing is read yet, and the course still requires five contents. */
async function begun(t: TestContext): Promise<JobSpec> {
  const spec = await jobSpec(t, trackProgress);
  await publish(spec, 'a', 'b', 'c', 'd', 'e');
  await spec.produce(...HISTORY);
  return spec;
}

/** The late owner is ahead of its successor, and writes its row after the successor has emitted. */
async function lateAndAhead(t: TestContext, distort: Distort): Promise<void> {
  const spec = await begun(t);
  const late = await owner(spec, distort, 10);
  await late.turnUpTo('write row');
  await publish(spec, 'a', 'b', 'c');
  const next = await owner(spec, distort, 1);
  await next.turn();
  await next.turn();
  await late.goOn();
  await next.finish();
  await assertOneVoice(spec);
}

/** Two owners claim at once: the one that took its token first fences last. */
async function crossedClaims(t: TestContext, distort: Distort): Promise<void> {
  const spec = await begun(t);
  const slow = await owner(spec, distort, 10);
  await slow.turnUpTo('fence');
  const quick = await owner(spec, distort, 10);
  await quick.turnUpTo('write row');
  await publish(spec, 'a', 'b', 'c');
  await slow.goOnUpTo('write row');
  await quick.goOn();
  await slow.goOn();
  await slow.finish();
  await assertOneVoice(spec);
}

/** The late owner is about to emit when its successor has written its rows but not emitted yet. */
async function lateToSpeak(t: TestContext, distort: Distort): Promise<void> {
  const spec = await begun(t);
  const late = await owner(spec, distort, 10);
  await late.turnUpTo('write row');
  await publish(spec, 'a', 'b', 'c');
  const next = await owner(spec, distort, 10);
  await next.turnUpTo('before commit');
  await late.goOn();
  await next.goOn();
  await next.finish();
  await assertOneVoice(spec);
}

const asItIs: Distort = (stores) => stores;
const schedules = [
  [
    'an owner that wakes up late undoes nothing, though it had come further',
    lateAndAhead,
    'the token before the revision',
  ],
  [
    'of two owners that claim at once, the one that can commit is the one whose rows count',
    crossedClaims,
    'the check of the token after the fence',
  ],
  [
    'an owner that resumes late emits nothing, since its events are committed with its offset or not at all',
    lateToSpeak,
    undefined,
  ],
] as const;

for (const [what, schedule, rule] of schedules) {
  test(what, (t) => schedule(t, asItIs));
  test(`${what}, with stores that do not report that a write came too late`, (t) => schedule(t, tellingNothing));
  if (rule === undefined) continue;
  test(`without ${rule} two owners disagree`, async (t) => {
    await assert.rejects(schedule(t, WITHOUT[rule]?.distort ?? asItIs), { code: 'ERR_ASSERTION' });
  });
}
