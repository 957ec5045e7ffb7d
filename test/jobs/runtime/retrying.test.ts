import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, type FailedWrite, TributaryError } from '../../../core/errors.ts';
import { type Job, wakeAt } from '../../../jobs/define.ts';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import type { Runtime } from '../../../jobs/runtime/stores.ts';
import { added, addUp, changed, emptied, polished } from './add-up.ts';
import { type Bench, bench, START } from './bench.ts';
import type { Hook } from './intercept.ts';

/** Adds amounts up, and sets a timer. */
const job: Job = changed({
  react: (before, after, event, found) => [
    ...addUp.react(before, after, event, found),
    ...(event.type === added.type ? [wakeAt('soon', event.time + 60_000)] : []),
  ],
});

const add = (thingId = 't', partId = 'p') =>
  [added, { thingId, partId, amount: 1, colour: 'red', items: ['nut'] }] as const;

const HISTORY = [
  add('a'),
  add('b'),
  add('a', 'q'),
  [polished, { partId: 'p', amount: 10 }],
  [emptied, { thingId: 'a' }],
] as const;

/** Runs a worker as in production, until it has had nothing to do for some turns. */
async function runUntilQuiet(b: Bench, hook: Hook, runtime: Partial<Runtime> = {}): Promise<void> {
  const stopping = new AbortController();
  let quiet = 0;
  const watching: Hook = async (name, go, args) => {
    const answer = await hook(name, go, args);
    if (name === 'claim.fetch') quiet = (answer as { records: [] }).records.length === 0 ? quiet + 1 : 0;
    if (quiet > 2) stopping.abort();
    return answer;
  };
  const hooked: Runtime = { ...b.runtime({ hook: watching, settings: { maxRecords: 3, lookupMs: 0 } }), ...runtime };
  const listener = { assigned: () => {}, revoked: async () => {} };
  const membership = await hooked.stores.transport.join(job.name, job.from.name, listener);
  await ownerOfRows({ job, partition: 0, membership, runtime: hooked, lookups: lookupsFor(hooked) }).run(
    stopping.signal,
  );
}

async function life(t: TestContext, hook: Hook): Promise<Bench> {
  const b = await bench(t, { jobs: [job] });
  await b.produce(...HISTORY);
  b.clock.set(START + 3_600_000);
  await runUntilQuiet(b, hook);
  return b;
}

/** Fails the first `times` calls, and none after them. */
function failing(call: string, code: ErrorCode, outcome: FailedWrite = 'unknown', times = 10): Hook {
  let calls = 0;
  return async (name, go) => {
    if (name !== call) return go();
    calls += 1;
    if (calls <= times) throw new TributaryError(code, `${call} finds nobody`, { outcome });
    return go();
  };
}

const quietly: Hook = (_name, go) => go();

const IN_PLACE: readonly (readonly [call: string, code: ErrorCode])[] = [
  ['transport.shape', 'LOG_AWAY'],
  ['tables.token', 'TABLES_AWAY'],
  ['tables.due', 'TABLES_AWAY'],
  ['claim.fetch', 'LOG_AWAY'],
  ['codec.learn', 'REGISTRY_AWAY'],
  ['tables.read', 'TABLES_AWAY'],
  ['tables.matching', 'TABLES_AWAY'],
  ['tables.under', 'TABLES_AWAY'],
  ['tables.apply', 'TABLES_AWAY'],
  ['cache.apply', 'CACHE_AWAY'],
  ['search.apply', 'SEARCH_AWAY'],
  ['transport.produce', 'LOG_AWAY'],
];

for (const [call, code] of IN_PLACE) {
  test(`${call} that fails ten times is retried within the claim: one claim, and nothing is lost or doubled`, async (t) => {
    const expected = await life(t, quietly);
    const b = await life(t, failing(call, code));
    assert.deepEqual([b.reported('claimed').length, b.reported('waiting').length], [1, 10]);
    assert.ok(b.reported('waiting').every((event) => event.code === code && event.message === `${call} finds nobody`));
    assert.deepEqual(await b.everything(), await expected.everything());
  });
}

test('rows that were surely not written are written again within the claim; where that is unknown a new claim continues', async (t) => {
  const expected = await life(t, quietly);
  for (const [outcome, claims] of [
    ['none', 1],
    ['unknown', 11],
  ] as const) {
    const b = await life(t, failing('tables.write', 'TABLES_AWAY', outcome));
    assert.deepEqual([b.reported('claimed').length, b.reported('waiting').length], [claims, 10]);
    assert.deepEqual(await b.everything(), await expected.everything());
  }
});

test('a commit of unknown outcome is not repeated: a new claim continues', async (t) => {
  const b = await life(t, failing('claim.commit', 'LOG_AWAY', 'unknown', 1));
  assert.equal(b.reported('claimed').length, 2);
});

test('the pauses within the claim grow up to the longest', async (t) => {
  const b = await life(t, failing('search.apply', 'SEARCH_AWAY'));
  assert.deepEqual(
    b.reported('waiting').map(({ delayMs }) => delayMs),
    [75, 150, 300, 600, 1200, 2400, 4800, 7500, 7500, 7500],
  );
});

test('a stop during a wait within the claim ends the wait at once, and is reported only as a stop', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(add());
  const stopping = new AbortController();
  let reads = 0;
  const away = failing('tables.read', 'TABLES_AWAY');
  const hook: Hook = (name, go, args) => {
    if (name === 'tables.read') reads += 1;
    return away(name, go, args);
  };
  const worker = await b.worker(0, { hook });
  // Only a stop can end this pause.
  b.clock.sleep = async (_ms?: number, signal?: AbortSignal) => {
    queueMicrotask(() => stopping.abort());
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
  };
  await worker.run(stopping.signal);
  assert.deepEqual(
    b.telemetryEvents.map(({ kind }) => kind),
    ['claimed', 'waiting', 'released'],
  );
  assert.equal(reads, 1);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=1']);
});

test('an owner that waited to write a view checks its token first, and writes nothing if there is a newer owner', async (t) => {
  for (const [call, code] of [
    ['tables.apply', 'TABLES_AWAY'],
    ['tables.write', 'TABLES_AWAY'],
  ] as const) {
    const b = await bench(t, { jobs: [job] });
    await b.produce(add());
    let calls = 0;
    let later = 0;
    await runUntilQuiet(b, async (name, go) => {
      if (name === call && b.reported('fenced').length === 0) {
        calls += 1;
        if (calls > 1) later += 1;
        if (calls === 1) {
          await b.run();
          throw new TributaryError(code, 'nobody there', { outcome: 'none' });
        }
      }
      return go();
    });
    assert.deepEqual([later, b.reported('fenced').length], [0, 1]);
  }
});

test('an error is thrown at once if turns are taken by hand', async (t) => {
  const b = await bench(t, { jobs: [job] });
  await b.produce(add());
  const worker = await b.worker(0, { hook: failing('tables.read', 'TABLES_AWAY', 'unknown', 1) });
  await assert.rejects(worker.turn(0), { code: 'TABLES_AWAY' });
  assert.equal(await worker.turn(0), 'worked');
});

test('memory that others need is released after ten seconds; whatever a claim is stuck in, after five minutes', async (t) => {
  for (const [isWanted, claims] of [
    [true, 3],
    [false, 1],
  ] as const) {
    const b = await bench(t, { jobs: [job] });
    await b.produce(add());
    b.clock.sleep = async (ms?: number) => b.clock.advance(ms as number);
    const { recordBudget } = b.runtime();
    const wanted = { isWanted, take: (records: number) => recordBudget.take(records) };
    await runUntilQuiet(b, failing('cache.apply', 'CACHE_AWAY', 'unknown', 18), { recordBudget: wanted });
    assert.equal(b.reported('claimed').length, claims);
  }
  const b = await bench(t, { jobs: [job] });
  await b.produce(add());
  b.clock.sleep = async (ms?: number) => b.clock.advance(ms as number);
  await runUntilQuiet(b, failing('claim.fetch', 'LOG_AWAY', 'unknown', 60));
  assert.equal(b.reported('claimed').length, 2);
});
