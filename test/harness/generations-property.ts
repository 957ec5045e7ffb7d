/**
 * The property: rows rebuilt from the topic equal the existing rows, while owners crash and come late, and the rebuild crashes, too.
 * If a swap, or a swap back, happens in the middle of that, everything ends up as if nothing had happened.
 */
import assert from 'node:assert/strict';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import { jobs } from '../../jobs/index.ts';
import { type Comparison, compareGenerations } from '../../jobs/runtime/rows/generations/compare.ts';
import { currentTables } from '../../jobs/runtime/rows/generations/current-tables.ts';
import { openGeneration, rebuildGeneration } from '../../jobs/runtime/rows/generations/rebuild.ts';
import { atGeneration, generationsOf } from '../../jobs/runtime/rows/generations/state.ts';
import { swapGeneration } from '../../jobs/runtime/rows/generations/swap.ts';
import type { Runtime, Stores } from '../../jobs/runtime/stores.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { type Dump, dump } from '../../testing/dump.ts';
import { withPoints } from '../../testing/points.ts';
import { recordsOf } from '../../testing/produce.ts';
import { Random } from '../../testing/random.ts';
import { ManualClock, memoryStores, rememberingChannel, type TestStores, testRuntime } from '../../testing/stores.ts';
import { topics } from '../../topics/index.ts';
import { assertConsistent, comparable } from './consistency.ts';
import { assertHistoriesMakeRows } from './histories.ts';
import { type History, randomHistory } from './history.ts';
import { assertViewsShowRows } from './views-show-rows.ts';
import { World } from './world.ts';

const PARTITIONS = 2;
const EVENTS = 40;
const DAY = 24 * 3_600_000;
const NEVER = new AbortController().signal;
const IGNORED = { signal: NEVER, waiting: () => {}, progress: () => {} };

class Crash extends Error {}

/** How often a swap may be refused because the job is in the middle of something. */
const REFUSALS = 20;

const isUnderWay = (error: unknown): boolean =>
  error instanceof TributaryError && error.code === 'USAGE' && error.message.includes('is it running?');

export async function assertSwapsSurvive(seed: number): Promise<void> {
  const history = randomHistory(new Random(seed), EVENTS, 'still');
  const calm = await life(history, new Random(seed + 1), false);
  const rough = await life(history, new Random(seed + 2), true);
  assertConsistent(rough);
  assertViewsShowRows(rough, jobs);
  assert.deepEqual(comparable(rough), comparable(calm));
}

async function life(history: History, random: Random, isRough: boolean): Promise<Dump> {
  const mail = rememberingChannel(() => ({ outcome: 'sent', detail: 'accepted' }));
  const inner = await memoryStores(jobs, { topics, partitions: PARTITIONS, channels: { mail: mail.channel } });
  const stores = { ...inner, tables: currentTables(inner.tables, jobs) };
  try {
    const working = async (job: Job): Promise<Job> =>
      atGeneration(job, (await generationsOf(stores.tables, job.name)).current);
    const now = history.first[0]?.time ?? 0;
    const world = await World.start(stores, jobs, { random, partitions: PARTITIONS, now, working });
    const produce = async (event: History['rest'][number]): Promise<void> => {
      const records = recordsOf(stores.codec, event, PARTITIONS);
      await stores.transport.produce(records);
      if (isRough && random.chance(0.1)) await stores.transport.produce(records);
    };
    for (const event of history.first) await produce(event);
    await world.settle(now);
    for (const event of history.rest) {
      await produce(event);
      if (!isRough) continue;
      for (let steps = random.below(25); steps > 0; steps--) await world.step();
      if (random.chance(0.2)) await world.replaceOne(random.chance(0.6));
      if (random.chance(0.05)) await world.rewindOne();
      if (random.chance(0.12)) await change(stores, world, random);
      world.loseLateOnes(0.05);
    }
    await world.settle(Math.max(...history.rest.map(({ time }) => time), now));
    await world.settle(history.end + 100 * DAY);
    if (isRough) {
      for (const job of jobs) {
        await assertMadeAlike(job, stores);
        await assertHistoriesMakeRows(job, operator(stores));
      }
    }
    return await dump(stores, jobs);
  } finally {
    await stores.close();
  }
}

/** An operator builds a generation, perhaps swaps it in while owners work, and repeats the command after crashes. */
async function change(stores: TestStores, world: World, random: Random): Promise<void> {
  const job = random.pick(jobs);
  const isSwap = random.chance(0.7);
  const isBack = random.chance(0.4);
  let turn = Promise.resolve();
  let crashes = 3;
  const reach = async (): Promise<void> => {
    const before = turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    turn = promise;
    await before;
    try {
      for (let steps = random.below(3); steps > 0; steps--) await world.step();
      if (random.chance(0.02)) await world.replaceOne(random.chance(0.5));
      if (crashes > 0 && random.chance(0.04)) {
        crashes -= 1;
        throw new Crash();
      }
    } finally {
      resolve();
    }
  };
  const runtime = operator(withPoints(stores, reach), reach);
  const until = async (work: () => Promise<unknown>): Promise<void> => {
    for (let refusals = 0; ; ) {
      try {
        await work();
        return;
      } catch (error) {
        if (error instanceof Crash) continue;
        // The job is in the middle of a call or a record. As the message advises, the operator waits until no late owner interferes.
        // Each wait is longer than the one before, since each attempt ends the claims.
        if (!isUnderWay(error) || refusals === REFUSALS) throw error;
        refusals += 1;
        world.loseLateOnes(1);
        for (let steps = 200 * refusals; steps > 0; steps--) await world.step();
      }
    }
  };
  let made = 0;
  await until(async () => {
    made = await openGeneration(job, runtime);
    await rebuildGeneration(job, made, runtime, { signal: NEVER, lookMs: 1 });
  });
  if (!isSwap) return;
  const before = (await generationsOf(stores.tables, job.name)).current;
  const failed = (view: string, key: string, why: string): void => assert.fail(`${view} ${key}: ${why}`);
  const swap = async (to: number): Promise<void> =>
    until(async () => {
      const { current, swap } = await generationsOf(stores.tables, job.name);
      if (current === to && swap === undefined) return;
      await swapGeneration(job, to, runtime, { ...IGNORED, step: () => {}, failed });
    });
  await swap(made);
  if (isBack) await swap(before);
}

/** An operator's runtime. It never waits for real time, so a seed gives the same schedule everywhere. */
export function operator(stores: Stores, reach = async (): Promise<void> => {}): Runtime {
  const clock = new ManualClock(0);
  clock.sleep = async () => {
    await reach();
    await othersTurn();
  };
  return testRuntime(stores, {
    clock,
    upstreams: upstreamsOf(jobs),
    settings: { backOffMs: [1, 2], maxRecords: 3, lookupMs: 0 },
  });
}

async function assertMadeAlike(job: Job, stores: TestStores): Promise<void> {
  const runtime = operator(stores);
  const made = await openGeneration(job, runtime);
  await rebuildGeneration(job, made, runtime, { signal: NEVER, lookMs: 1 });
  assertAlike(await compareGenerations(job, made, runtime, IGNORED));
}

/** Fails unless both generations have the same rows. */
export function assertAlike({ job, differing, onlyCurrent, onlyOther, behind }: Comparison): void {
  assert.deepEqual(
    { differing, onlyCurrent, onlyOther, behind },
    {
      differing: {},
      onlyCurrent: { count: 0, examples: [] },
      onlyOther: { count: 0, examples: [] },
      behind: 0,
    },
    job,
  );
}
