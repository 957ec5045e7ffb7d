import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, TributaryError } from '../../../core/errors.ts';
import { wakeAt } from '../../../jobs/define.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { runJob } from '../../../jobs/runtime/rows/run.ts';
import { added, addUp, changed, dropped, emptied, polished } from './add-up.ts';
import { type Bench, type BenchOptions, bench, START, thingIn, type WorkerOptions } from './bench.ts';
import type { Hook } from './intercept.ts';

/** Adds amounts up, and sets a timer. */
const job = changed({
  react: (before, after, event, found) => [
    ...addUp.react(before, after, event, found),
    ...(event.type === added.type ? [wakeAt('soon', event.time + 60_000)] : []),
  ],
});

async function history(b: Bench): Promise<void> {
  const part = (thingId: string, partId: string, colour: string, items: string[]) =>
    [added, { thingId, partId, amount: 1, colour, items }] as const;
  await b.produce(
    part('a', 'p', 'red', ['nut', 'bolt']),
    part('b', 'p', 'red', ['nut']),
    part('a', 'q', 'blue', []),
    [polished, { partId: 'p', amount: 10 }],
    part('a', 'p', 'blue', ['nut']),
    [emptied, { thingId: 'a' }],
    [added, { thingId: 'a', partId: 'q', amount: -1 }],
    [dropped, { thingId: 'b', partId: 'p' }],
    part('b', 'q', 'red', ['bolt']),
  );
}

/** Runs the worker as in production, until it has had nothing to do for some turns after `done`. */
async function runUntilQuiet(b: Bench, { hook, ...options }: WorkerOptions, done: () => boolean): Promise<void> {
  const stopping = new AbortController();
  let quiet = 0;
  const watching: Hook = async (name, go, args) => {
    const answer = await (hook === undefined ? go() : hook(name, go, args)).catch((error) => {
      quiet = 0;
      throw error;
    });
    if (name === 'claim.fetch') quiet = (answer as { records: [] }).records.length === 0 ? quiet + 1 : 0;
    if (quiet > 2 && done()) stopping.abort();
    return answer;
  };
  const worker = await b.worker(0, { ...options, job, hook: watching });
  await worker.run(stopping.signal);
}

async function life(b: Bench, options: WorkerOptions = {}, done = () => true): Promise<unknown> {
  await history(b);
  await runUntilQuiet(b, { settings: { maxRecords: 4 }, ...options }, () => done());
  b.clock.set(START + 3_600_000);
  await runUntilQuiet(b, options, done);
  return b.everything();
}

const CALLS: readonly (readonly [string, ErrorCode])[] = [
  ['transport.shape', 'LOG_AWAY'],
  ['claim.look', 'LOG_AWAY'],
  ['tables.claim', 'TABLES_AWAY'],
  ['membership.claim', 'LOG_AWAY'],
  ['tables.token', 'TABLES_AWAY'],
  ['tables.due', 'TABLES_AWAY'],
  ['claim.fetch', 'LOG_AWAY'],
  ['codec.learn', 'REGISTRY_AWAY'],
  ['tables.read', 'TABLES_AWAY'],
  ['tables.matching', 'TABLES_AWAY'],
  ['tables.under', 'TABLES_AWAY'],
  ['tables.write', 'TABLES_AWAY'],
  ['tables.apply', 'TABLES_AWAY'],
  ['cache.apply', 'CACHE_AWAY'],
  ['search.apply', 'SEARCH_AWAY'],
  ['transport.produce', 'LOG_AWAY'],
  ['claim.commit', 'LOG_AWAY'],
];

const options: BenchOptions = { jobs: [job] };

for (const [call, code] of CALLS) {
  for (const when of ['before', 'after'] as const) {
    test(`nothing is lost and nothing doubled when ${call} fails ${when} its effect, three times at each occasion`, async (t) => {
      const expected = await life(await bench(t, options));
      const b = await bench(t, options);
      let calls = 0;
      const hook: Hook = async (name, go) => {
        if (name !== call) return go();
        // Three calls fail, and the next six succeed, which is enough for a batch.
        if (calls++ % 9 >= 3) return go();
        if (when === 'after') await go();
        throw new TributaryError(code, `${call} finds nobody`);
      };
      assert.deepEqual(await life(b, { hook }), expected);
      const waiting = b.reported('waiting');
      // If the effect took place, the next turn reads what was produced, so nothing is produced twice.
      assert.ok(waiting.length >= (when === 'after' ? 1 : 3));
      for (const event of waiting) {
        assert.deepEqual(
          [event.code, event.message, event.job, event.partition],
          [code, `${call} finds nobody`, job.name, 0],
        );
      }
      const kinds = b.telemetryEvents.map(({ kind }) => kind);
      assert.ok(kinds.lastIndexOf('resumed') > kinds.lastIndexOf('waiting'), 'the end is reported');
      assert.equal(kinds.filter((kind) => kind === 'resumed').length <= waiting.length, true, 'once each time');
    });
  }
}

test('the pauses grow up to the longest, and start over after a turn that succeeds', async (t) => {
  const b = await bench(t, options);
  await history(b);
  const failures = [6, 2];
  let failed = 0;
  const hook: Hook = async (name, go) => {
    if (name !== 'claim.commit' || failed === failures[0]) {
      if (name === 'claim.commit') {
        failures.shift();
        failed = 0;
      }
      return go();
    }
    if (failures.length === 0) return go();
    failed += 1;
    throw new TributaryError('LOG_AWAY', 'nobody there');
  };
  await runUntilQuiet(b, { hook, settings: { maxRecords: 4, backOffMs: [100, 1000] } }, () => failures.length === 0);
  assert.deepEqual(
    b.reported('waiting').map(({ delayMs }) => delayMs),
    [75, 150, 300, 600, 750, 750, 75, 150],
  );
});

test('a partition that waits does not delay the others', async (t) => {
  const b = await bench(t, { jobs: [job], partitions: 2 });
  const [stuck, free] = [thingIn(b, 0), thingIn(b, 1)];
  for (let n = 0; n < 5; n++) {
    await b.produce(
      [added, { thingId: stuck, partId: 'p', amount: 1 }],
      [added, { thingId: free, partId: 'p', amount: 1 }],
    );
  }
  const isFree = Promise.withResolvers<void>();
  const hook: Hook = async (name, go, args) => {
    if (name !== 'tables.write') return go();
    const [row] = args[1] as { partition: number }[];
    if (row?.partition === 0) throw new TributaryError('TABLES_AWAY', 'nobody there');
    return go();
  };
  const runtime = b.runtime({ hook, settings: { maxRecords: 1 } });
  const running = await runJob(job, {
    ...runtime,
    telemetry: {
      tell(event) {
        b.telemetryEvents.push(event);
        if (b.reported('waiting').length > 3 && b.reported('batch').length === 5) isFree.resolve();
      },
    },
  });
  await Promise.race([isFree.promise, running.finished]);
  await running.stop();
  assert.deepEqual(await b.sums(), [`${free}/p=5`]);
  assert.ok(b.reported('waiting').every(({ partition }) => partition === 0));
  await b.run();
  assert.deepEqual((await b.sums()).sort(), [`${free}/p=5`, `${stuck}/p=5`].sort());
});

test('a stop during the pause ends it', async (t) => {
  const b = await bench(t, options);
  await history(b);
  const stopping = new AbortController();
  const worker = await b.worker(0, {
    job,
    hook: async (name, go) => {
      if (name !== 'tables.claim') return go();
      throw new TributaryError('TABLES_AWAY', 'nobody there');
    },
  });
  // Only a stop can end this pause.
  b.clock.sleep = async (_ms?: number, signal?: AbortSignal) => {
    queueMicrotask(() => stopping.abort());
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
  };
  await worker.run(stopping.signal);
  assert.deepEqual(
    b.telemetryEvents.map(({ kind }) => kind),
    ['waiting', 'released'],
  );
});

test('the clocks of the machine advance, and a sleep lasts as long as asked, or until its signal is aborted', async () => {
  const before = systemClock.elapsed();
  await systemClock.sleep(2, new AbortController().signal);
  assert.ok(systemClock.elapsed() > before);
  assert.ok(systemClock.now() >= START);
  const stopping = new AbortController();
  const asleep = systemClock.sleep(1_000_000, stopping.signal);
  stopping.abort();
  await asleep;
  await systemClock.sleep(1_000_000, stopping.signal);
});

test('an error that is neither away nor fenced ends the worker with its message', async (t) => {
  const b = await bench(t, options);
  await history(b);
  const mistake = new TypeError('a mistake');
  const worker = await b.worker(0, {
    job,
    hook: async (name, go) => {
      if (name !== 'tables.write') return go();
      throw mistake;
    },
  });
  await assert.rejects(worker.run(new AbortController().signal), (error) => error === mistake);
  await b.run();
  assert.deepEqual(await b.deadLetters(), ['FACT_IMPOSSIBLE@0:6']);
});
