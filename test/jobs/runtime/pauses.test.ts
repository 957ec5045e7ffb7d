/** Owners of a job that an operator has paused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PauseWatch } from '../../../app/telemetry/pause-watch.ts';
import { pauseJob, pauseOf, resumeJob } from '../../../jobs/runtime/rows/generations/pause.ts';
import { changeGenerations, generationsOf } from '../../../jobs/runtime/rows/generations/state.ts';
import { runJob } from '../../../jobs/runtime/rows/run.ts';
import type { RunningJob } from '../../../jobs/runtime/run-group.ts';
import type { TelemetryEvent } from '../../../jobs/runtime/telemetry.ts';
import { added, addUp, things } from './add-up.ts';
import { type Bench, bench, START } from './bench.ts';

const add = (thingId: string, amount = 1) => [added, { thingId, partId: 'p', amount }] as const;
const ADA = { by: 'ada', why: 'the mail server moves', at: START };

/** A worker in a process of its own, and its reports. It looks for pauses only when the test calls `look`. */
async function worker(b: Bench) {
  const events: TelemetryEvent[] = [];
  const waiting = new Set<() => void>();
  const telemetry = {
    tell(event: TelemetryEvent) {
      events.push(event);
      for (const look of waiting) look();
    },
  };
  const clock = { sleep: async () => assert.fail('the look is made by hand') };
  const pauses = new PauseWatch({ jobs: [addUp], tables: b.stores.tables, telemetry, clock });
  await pauses.look();
  const running: RunningJob = await runJob(addUp, { ...b.runtime({ settings: { waitMs: 1 } }), telemetry, pauses });
  /** Resolves once this many events of the kind were reported. */
  const reported = (kind: TelemetryEvent['kind'], count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (events.filter((event) => event.kind === kind).length >= count) resolve();
      };
      waiting.add(look);
      look();
    });
  return { pauses, running, reported, kinds: () => events.map(({ kind }) => kind) };
}

const lag = async (b: Bench): Promise<number> =>
  (await b.stores.transport.lag(addUp.name, things.name)).reduce((sum, each) => sum + each.lag, 0);

test('all workers of a paused job stop reading, keep their partitions, and go on where they were', async (t) => {
  const b = await bench(t, { partitions: 4 });
  const [one, other] = [await worker(b), await worker(b)];
  await b.produce(add('a'), add('b'), add('c'), add('d'));
  await Promise.all([one.reported('claimed', 2), other.reported('claimed', 2)]);
  await pauseJob(b.stores.tables, addUp.name, ADA);
  for (const each of [one, other]) {
    await each.pauses.look();
    await each.reported('paused', 2);
    assert.ok(each.kinds().includes('job-paused'));
    assert.ok(!each.kinds().includes('released'), 'it keeps its partitions');
  }
  const behind = await lag(b);
  await b.produce(add('a'), add('b'), add('c'), add('d'));
  assert.equal(await lag(b), behind + 4);

  await resumeJob(b.stores.tables, addUp.name, { ...ADA, by: 'grace' });
  for (const each of [one, other]) {
    await each.pauses.look();
    await each.reported('claimed', 4);
  }
  while ((await lag(b)) > 0) await Promise.race([one.reported('batch', 100), new Promise(setImmediate)]);
  for (const { running } of [one, other]) await running.stop();
  assert.deepEqual((await b.sums()).sort(), ['a/p=2', 'b/p=2', 'c/p=2', 'd/p=2']);
});

test('a worker that starts while the job is paused does not begin, and can be stopped', async (t) => {
  const b = await bench(t, { partitions: 2 });
  await pauseJob(b.stores.tables, addUp.name, ADA);
  await b.produce(add('a'));
  const { running, reported, kinds } = await worker(b);
  await reported('paused', 2);
  await running.stop();
  assert.deepEqual(
    kinds().filter((kind) => kind === 'claimed'),
    [],
  );
  assert.deepEqual([await lag(b), await b.sums()], [1, []]);
});

test('while the tables are away, what was known last holds', async (t) => {
  const b = await bench(t, { partitions: 1 });
  await pauseJob(b.stores.tables, addUp.name, ADA);
  let away = false;
  const stop = new AbortController();
  let looks = 0;
  const tables = {
    async generations(job: string) {
      looks += 1;
      if (looks === 4) stop.abort();
      if (away) throw new Error('away');
      return b.stores.tables.generations(job);
    },
  };
  const pauses = new PauseWatch({ jobs: [addUp], tables, telemetry: { tell() {} }, clock: { sleep: async () => {} } });
  await pauses.look();
  away = true;
  await resumeJob(b.stores.tables, addUp.name, ADA);
  await pauses.watch(stop.signal);
  assert.deepEqual([looks, pauses.of(addUp.name)], [4, ADA]);
  away = false;
  await pauses.look();
  assert.equal(pauses.of(addUp.name), undefined);
});

test('a pause is kept with who made it, a second one changes nothing, and the turns before are kept', async (t) => {
  const { stores } = await bench(t);
  const { tables } = stores;
  assert.equal(await pauseOf(tables, addUp.name), undefined);
  assert.deepEqual(await pauseJob(tables, addUp.name, ADA), { pause: ADA, changed: true });
  const grace = { by: 'grace', why: '', at: START + 1 };
  assert.deepEqual(await pauseJob(tables, addUp.name, grace), { pause: ADA, changed: false });
  assert.deepEqual(await resumeJob(tables, addUp.name, grace), { pause: undefined, changed: true });
  assert.deepEqual(await resumeJob(tables, addUp.name, grace), { pause: undefined, changed: false });
  assert.deepEqual((await generationsOf(tables, addUp.name)).turns, [
    { ...ADA, to: 'paused' },
    { ...grace, to: 'running' },
  ]);
});

test('a pause outlives another generation of the rows', async (t) => {
  const { stores } = await bench(t);
  await pauseJob(stores.tables, addUp.name, ADA);
  await changeGenerations(stores.tables, addUp.name, (now) => ({ ...now, current: 2, last: 2, kept: [1, 2] }));
  assert.deepEqual(await pauseOf(stores.tables, addUp.name), ADA);
});
