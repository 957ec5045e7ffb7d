import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Job, wakeAt } from '../../../jobs/define.ts';
import { RecordBudget } from '../../../jobs/runtime/record-budget.ts';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { lookupsFor, runJob } from '../../../jobs/runtime/rows/run.ts';
import type { RunningJob } from '../../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../../jobs/runtime/stores.ts';
import type { TelemetryEvent } from '../../../jobs/runtime/telemetry.ts';
import { Random } from '../../../testing/random.ts';
import { added, addUp, changed, polished, things } from './add-up.ts';
import { type Bench, bench, type Given, START, thingIn, type WorkerOptions } from './bench.ts';
import { type Hook, intercept } from './intercept.ts';

const add = (thingId: string, amount = 1) => [added, { thingId, partId: 'p', amount }] as const;

const DUE = START + 60_000;

/** Resolves after a batch, once the lag of all partitions is 0. */
async function caughtUp(b: Bench, running: RunningJob): Promise<void> {
  for (;;) {
    const lags = await b.stores.transport.lag(addUp.name, things.name);
    if (lags.every(({ lag }) => lag === 0)) return;
    await Promise.race([nextBatch(b), running.finished]);
  }
}

const listeners = new WeakMap<Bench, () => void>();

function nextBatch(b: Bench): Promise<void> {
  return new Promise((resolve) => listeners.set(b, resolve));
}

function start(b: Bench, options: WorkerOptions = {}): Promise<RunningJob> {
  const runtime = b.runtime({ ...options, settings: { waitMs: 60_000, ...options.settings } });
  return runJob(addUp, {
    ...runtime,
    telemetry: {
      tell(event) {
        b.telemetryEvents.push(event);
        if (event.kind === 'batch') listeners.get(b)?.();
      },
    },
  });
}

test('a stop finishes the current batch, commits it, and ends a wait for records at once', async (t) => {
  const b = await bench(t, { partitions: 2 });
  const thing = thingIn(b, 0);
  await b.produce(add(thing), add(thing));
  const { promise: writing, resolve: reached } = Promise.withResolvers<void>();
  const { promise: letGo, resolve: goOn } = Promise.withResolvers<void>();
  const hook: Hook = async (name, go) => {
    if (name === 'tables.write') {
      reached();
      await letGo;
    }
    return go();
  };
  const running = await start(b, { hook, settings: { maxRecords: 1 } });
  await writing;
  const stopped = running.stop();
  goOn();
  await stopped;
  await running.finished;
  assert.deepEqual(await b.sums(), [`${thing}/p=1`]);
  assert.deepEqual(await b.emittedSums(), [`${thing}/p=1`]);
  assert.equal((await b.stores.transport.lag(addUp.name, things.name))[0]?.committed, 1);
  assert.equal(b.reported('released').length, 2);
  assert.equal(b.reported('fenced').length, 0);
});

test('a stop before anything was assigned, and a second one, do no harm', async (t) => {
  const b = await bench(t);
  await b.produce(add('t'));
  const running = await start(b);
  await running.stop();
  await running.finished;
  await running.stop();
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=1']);
});

test('a fatal error ends the job with that error, and a stop still releases the rest', async (t) => {
  const b = await bench(t, { partitions: 2 });
  const mistake = new TypeError('a mistake');
  const hook: Hook = async (name, go, args) => {
    if (name === 'tables.write' && (args[1] as { partition: number }[])[0]?.partition === 0) throw mistake;
    return go();
  };
  const [bad, good] = [thingIn(b, 0), thingIn(b, 1)];
  await b.produce(add(bad), add(good));
  const running = await start(b, { hook });
  await assert.rejects(running.finished, (error) => error === mistake);
  await running.stop();
  await b.run();
  assert.deepEqual((await b.sums()).sort(), [`${bad}/p=1`, `${good}/p=1`].sort());
});

test('an error while joining the group is the result', async (t) => {
  const b = await bench(t);
  const hook: Hook = async (name, go) => {
    if (name === 'transport.join') throw new Error('no such topic');
    return go();
  };
  await assert.rejects(start(b, { hook }), /no such topic/);
});

test('all partitions of a process search for their due timers together', async (t) => {
  const job: Job = changed({
    react: (_before, _after, { type }) => (type === added.type ? [wakeAt('tick', DUE)] : []),
  });
  const b = await bench(t, { jobs: [job], partitions: 4 });
  const names = [0, 1, 2, 3].map((partition) => thingIn(b, partition));
  await b.produce(...names.map((name) => add(name)));
  const searches: number[] = [];
  const hook: Hook = async (name, go, args) => {
    if (name === 'tables.due') searches.push((args[1] as readonly number[]).length);
    // Time passes while they wait for records.
    if (name === 'claim.fetch') b.clock.advance(500);
    return go();
  };
  const { promise: haveFired, resolve } = Promise.withResolvers<void>();
  const runtime = b.runtime({ hook, settings: { timerMs: 1000, waitMs: 1 } });
  const tell = (event: TelemetryEvent) => {
    b.telemetryEvents.push(event);
    if (b.reported('timers-fired').length === 4) resolve();
  };
  const running = await runJob(job, { ...runtime, telemetry: { tell } });
  await Promise.race([haveFired, running.finished]);
  await running.stop();
  assert.ok(searches.includes(4), `searches for ${searches} partitions`);
  await b.run();
  assert.deepEqual((await b.sums()).sort(), names.map((name) => `${name}/p=1001`).sort());
});

test('members that join and leave hand their partitions over without losing or doubling anything', async (t) => {
  const random = new Random(7);
  const names = Array.from({ length: 12 }, (_, n) => `thing-${n}`);
  const produced: Given[] = [];
  const b = await bench(t, { partitions: 5 });
  const members: RunningJob[] = [await start(b)];
  const produce = async () => {
    const some = Array.from(
      { length: 40 },
      (): Given =>
        random.chance(0.05)
          ? ([polished, { partId: 'p', amount: 5 }] as const)
          : add(random.pick(names), random.below(4) - 1),
    );
    produced.push(...some);
    await b.produce(...some);
  };
  for (let change = 0; change < 20; change++) {
    await produce();
    if (members.length > 1 && random.chance(0.5)) {
      const [leaving] = members.splice(random.below(members.length), 1);
      await Promise.all([leaving?.stop(), produce()]);
      await leaving?.finished;
    } else {
      members.push(await start(b, { settings: { maxRecords: 1 + random.below(20) } }));
      await Promise.race([nextBatch(b), produce()]);
    }
  }
  await caughtUp(b, members[0] as RunningJob);
  for (const member of members) await member.stop();
  assert.ok(b.reported('claimed').length > 20, 'partitions changed hands');
  assert.equal(b.reported('fenced').length, 0, 'nobody was taken for dead');

  const calm = await bench(t, { partitions: 5 });
  await calm.produce(...produced);
  await calm.run();
  // Whether produced at once or gradually, the order within a partition is the same.
  assert.deepEqual(await b.everything(), await calm.everything());
});

test('a few new records do not wait for partitions that catch up; a large batch, and the first of an owner, do', async (t) => {
  const b = await bench(t);
  const taken: number[] = [];
  const budget = new RecordBudget(32);
  const full = { isFull: false };
  const runtime: Runtime = {
    ...b.runtime({ settings: { maxRecords: 16 } }),
    recordBudget: {
      isWanted: false,
      take: (records) => {
        taken.push(records);
        return full.isFull ? new Promise(() => {}) : budget.take(records);
      },
    },
  };
  const membership = await runtime.stores.transport.join(addUp.name, things.name, {
    assigned: () => {},
    revoked: async () => {},
  });
  const worker = ownerOfRows({ job: addUp, partition: 0, membership, runtime, lookups: lookupsFor(runtime) });
  await b.produce(add('a'));
  assert.equal(await worker.turn(0), 'worked');
  assert.deepEqual(taken, [16], 'a new owner does not know yet how much there is');
  full.isFull = true;
  await b.produce(add('a'), add('b'));
  assert.equal(await worker.turn(0), 'worked');
  assert.equal((await b.row('a', 'p'))?.sum, 2);
  full.isFull = false;
  await b.produce(add('a'), add('a'), add('a'));
  assert.equal(await worker.turn(0), 'worked');
  assert.deepEqual(taken, [16, 3], 'three of sixteen are more than an eighth');
});

test('the first records of many partitions are applied at once, and a broadcast separately', async (t) => {
  const b = await bench(t, { partitions: 8 });
  const atOnce = async () => {
    let [now, most] = [0, 0];
    const stores = intercept(b.stores, async (name, go) => {
      if (name !== 'tables.write') return go();
      now += 1;
      most = Math.max(most, now);
      // If there were a second owner, it would have written by then.
      for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
      now -= 1;
      return go();
    });
    const runtime = { ...b.runtime({ settings: { maxRecords: 16 } }), stores, recordBudget: new RecordBudget(32) };
    const workers = Array.from({ length: b.partitions }, async (_, partition) => {
      const listener = { assigned: () => {}, revoked: async () => {} };
      const membership = await stores.transport.join(addUp.name, things.name, listener);
      const worker = ownerOfRows({ job: addUp, partition, membership, runtime, lookups: lookupsFor(runtime) });
      while ((await worker.turn(0)) !== 'idle');
    });
    await Promise.all(workers);
    return most;
  };
  const names = Array.from({ length: b.partitions }, (_, partition) => thingIn(b, partition));
  await b.produce(...names.map((name) => add(name)));
  assert.ok((await atOnce()) > 2);
  await b.produce([polished, { partId: 'p', amount: 1 }]);
  assert.ok((await atOnce()) <= 2, 'it may find as many rows as a batch may have');
  assert.deepEqual(new Set((await b.sums()).map((sum) => sum.split('=')[1])), new Set(['2']));
});
