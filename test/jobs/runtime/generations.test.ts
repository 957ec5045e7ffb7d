/** Another generation of a job's rows, built beside the job and made current: `jobs/runtime/rows/generations/`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import type { TableDef } from '../../../core/target.ts';
import { emit, type Job, wakeAt } from '../../../jobs/define.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import type { PartitionOwner } from '../../../jobs/runtime/owner.ts';
import { type Comparison, compareGenerations } from '../../../jobs/runtime/rows/generations/compare.ts';
import { currentTables } from '../../../jobs/runtime/rows/generations/current-tables.ts';
import { dropGeneration } from '../../../jobs/runtime/rows/generations/drop.ts';
import { openGeneration, positionsOf, rebuildGeneration } from '../../../jobs/runtime/rows/generations/rebuild.ts';
import { runCurrent } from '../../../jobs/runtime/rows/generations/run-current.ts';
import { judgedBy } from '../../../jobs/runtime/rows/generations/silent.ts';
import { atGeneration, generationsOf, tableOf } from '../../../jobs/runtime/rows/generations/state.ts';
import { type SwapOptions, swapGeneration } from '../../../jobs/runtime/rows/generations/swap.ts';
import type { Runtime } from '../../../jobs/runtime/stores.ts';
import { rememberingChannel, type TestStores, testRuntime } from '../../../testing/stores.ts';
import { added, addUp, changed, dropped, parts, summed, sums, things } from './add-up.ts';
import { Bench, bench, rest, START, thingIn } from './bench.ts';
import { halt, intercept } from './intercept.ts';

const NEVER = new AbortController().signal;
const add = (thingId: string, amount: number, more: object = {}) =>
  [added, { thingId, partId: 'p', amount, ...more }] as const;

/** A bench whose tables use the current generations. */
async function generational(t: TestContext, jobs: readonly Job[] = [addUp], partitions = 2): Promise<Bench> {
  const plain = await bench(t, { jobs, partitions });
  return seenBy(plain, jobs);
}

/** The same stores, as used by processes that declare these jobs. */
function seenBy(b: Bench, jobs: readonly Job[]): Bench {
  const { tables } = b.stores;
  return new Bench({ ...b.stores, tables: currentTables(tables, jobs) }, jobs, b.partitions);
}

/** The runtime of an operator's command, with a real clock. */
function operator(b: Bench, stores: Pick<TestStores, 'transport' | 'tables'> = b.stores): Runtime {
  return testRuntime({ ...b.stores, ...stores }, { clock: systemClock, settings: { waitMs: 1, backOffMs: [1, 2] } });
}

async function owners(b: Bench, job = b.jobs[0] as Job): Promise<PartitionOwner[]> {
  const { current } = await generationsOf(b.stores.tables, job.name);
  const all: PartitionOwner[] = [];
  for (let p = 0; p < b.partitions; p++) all.push(await b.worker(p, { job: atGeneration(job, current) }));
  return all;
}

async function run(b: Bench): Promise<void> {
  await rest(await owners(b));
}

async function make(b: Bench, job = b.jobs[0] as Job): Promise<number> {
  const runtime = operator(b);
  const generation = await openGeneration(job, runtime);
  await rebuildGeneration(job, generation, runtime, { signal: NEVER, lookMs: 1 });
  return generation;
}

function swap(b: Bench, to: number, options: Partial<SwapOptions> = {}, runtime = operator(b)): Promise<void> {
  const failed = (...what: string[]): void => assert.fail(what.join(' '));
  return swapGeneration(b.jobs[0] as Job, to, runtime, {
    signal: NEVER,
    step: () => {},
    failed,
    waiting: () => {},
    ...options,
  });
}

const compare = (b: Bench, other: number): Promise<Comparison> =>
  compareGenerations(b.jobs[0] as Job, other, operator(b), { signal: NEVER, waiting: () => {}, progress: () => {} });

async function endOf(b: Bench, topic: string): Promise<number> {
  const [info] = await b.stores.transport.describe([topic]);
  return info?.partitions.reduce((sum, { end }) => sum + end, 0) ?? 0;
}

/** The job after a bug fix: it counts every amount twice from now on. */
const doubling = changed({
  fold: {
    'thing.added': (row, event, found) => {
      const { data } = event;
      return addUp.fold['thing.added']?.(
        row,
        { ...event, data: { ...data, amount: 2 * (data['amount'] as number) } },
        found,
      );
    },
  },
});

test('rows are made anew beside the job, without events, calls, views or timers', async (t) => {
  const waking = changed({
    react: (before, after, ...others) => [...addUp.react(before, after, ...others), wakeAt('later', START + 3_600_000)],
  });
  const b = await generational(t, [waking]);
  await b.produce(add('one', 1), add('two', 2, { colour: 'red' }), add('one', -1), add('one', 3));
  await run(b);
  const before = [await b.everything(), await endOf(b, things.name), await endOf(b, sums.name)];
  await b.produce(add('one', 4));
  assert.equal(await make(b), 2);
  assert.equal(await endOf(b, things.name), (before[1] as number) + 1);
  assert.deepEqual([await b.everything(), await endOf(b, sums.name)], [before[0], before[2]]);
  assert.deepEqual((await compare(b, 2)).differing, {});
  const [row] = await b.stores.tables.read(tableOf(parts, 2), [[DEFAULT_TENANT, 'one', 'p']]);
  assert.equal(row?.data?.['sum'], 4, 'it reads no further than the job has');
  assert.equal(row?.outbox, '');
});

test('a job continues with the rows that were made for it, and emits nothing twice', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1), add('two', 2));
  const old = await owners(b);
  await rest(old);
  await make(b);
  await b.produce(add('one', 10));
  await swap(b, 2);
  for (const each of old) {
    await assert.rejects(rest([each]), { code: 'GENERATION_MOVED' }, 'an owner of before does not go on');
  }
  await b.produce(add('two', 20));
  await run(b);
  assert.deepEqual(await b.sums(), ['one/p=11', 'two/p=22']);
  assert.deepEqual((await b.emittedSums()).sort(), ['one/p=1', 'one/p=11', 'two/p=2', 'two/p=22']);
  assert.equal(await endOf(b, sums.name), 4, 'and not by a record that readers skip, either');
  assert.equal(await b.row('one', 'p').then((row) => row?.sum), 11, 'readers follow');
});

test('rows of another fold are compared, and shown once they are current', async (t) => {
  const before = await generational(t);
  await before.produce(add('one', 1, { colour: 'red', items: ['x', 'y'] }), add('two', 2, { colour: 'blue' }));
  await run(before);
  const b = seenBy(before, [
    changed({ fold: { ...doubling.fold, 'thing.dropped': addUp.fold['thing.dropped'] as never } }),
  ]);
  await make(b);
  const { differing, same, onlyCurrent, onlyOther } = await compare(b, 2);
  assert.deepEqual([same, onlyCurrent.count, onlyOther.count], [0, 0, 0]);
  assert.equal(differing['sum']?.count, 2);
  assert.deepEqual(differing['sum']?.examples[0], { key: [DEFAULT_TENANT, 'one', 'p'], current: 1, other: 2 });
  assert.deepEqual(await b.coloured('red'), ['one/p=1'], 'the job shows what it did');
  await swap(b, 2);
  assert.deepEqual(await b.coloured('red'), ['one/p=2']);
  assert.deepEqual(await b.items('one'), ['p/x@2', 'p/y@2']);
});

test('records that only earlier rows showed are removed from the views', async (t) => {
  const before = await generational(t);
  await before.produce(add('one', 1, { colour: 'red', items: ['x', 'y'] }), add('two', 2, { colour: 'red' }));
  await run(before);
  const keep = addUp.fold['thing.added'] as Job['fold'][string];
  const choosy = changed({
    fold: {
      'thing.added': (row, event, found) =>
        event.data['thingId'] === 'two'
          ? undefined
          : keep(row, { ...event, data: { ...event.data, items: ['x'], colour: 'green' } }, found),
    },
  });
  const b = seenBy(before, [choosy]);
  await make(b);
  const { onlyCurrent, differing } = await compare(b, 2);
  assert.deepEqual(onlyCurrent, { count: 1, examples: [[DEFAULT_TENANT, 'two', 'p']] });
  assert.deepEqual(Object.keys(differing).sort(), ['colour', 'items']);
  await swap(b, 2);
  assert.deepEqual(
    [await b.coloured('red'), await b.coloured('green'), await b.items('one')],
    [[], ['one/p=1'], ['p/x@1']],
  );
  await swap(b, 1);
  assert.deepEqual((await b.coloured('red')).sort(), ['one/p=1', 'two/p=2']);
  assert.deepEqual([await b.coloured('green'), await b.items('one')], [[], ['p/x@1', 'p/y@1']]);
});

test('the previous generation catches up on its own, becomes current again, and emits nothing', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1), add('two', 2));
  await run(b);
  await make(b);
  await swap(b, 2);
  await b.produce(add('one', 10), add('three', 3));
  await run(b);
  const before = await b.everything();
  const emittedEnd = await endOf(b, sums.name);
  await swap(b, 1);
  assert.deepEqual(await b.everything(), before);
  await b.produce(add('one', 100));
  await run(b);
  assert.deepEqual((await b.sums()).sort(), ['one/p=111', 'three/p=3', 'two/p=2']);
  assert.equal(await endOf(b, sums.name), emittedEnd + 1);
  assert.deepEqual((await generationsOf(b.stores.tables, addUp.name)).kept, [1, 2]);
});

test('what an owner wrote ahead of its commit is still emitted when its rows become current again', async (t) => {
  const b = await generational(t, [addUp], 1);
  await b.produce(add('one', 1));
  await run(b);
  await make(b);
  await b.produce(add('one', 10), add('one', 100), add('one', 1000));
  const { hook, reached, goOn } = halt('claim.commit');
  const ahead = await b.worker(0, { hook });
  const late = ahead.turn(0);
  await reached;
  await swap(b, 2);
  goOn();
  assert.equal(await late, 'fenced');
  const job = atGeneration(addUp, 2);
  const slow = await b.worker(0, { job, settings: { maxRecords: 1 } });
  assert.equal(await slow.turn(0), 'worked');
  assert.deepEqual(await b.emittedSums(), ['one/p=1', 'one/p=11']);
  await swap(b, 1);
  await run(b);
  assert.deepEqual(await b.sums(), ['one/p=1111']);
  assert.deepEqual(await b.emittedSums(), ['one/p=1', 'one/p=11', 'one/p=111', 'one/p=1111']);
});

test('a generation that is not current can be dropped, twice, and its number is not used again', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1));
  await run(b);
  await make(b);
  const runtime = operator(b);
  await assert.rejects(dropGeneration(addUp, 1, runtime), { code: 'USAGE' });
  await assert.rejects(dropGeneration(addUp, 3, runtime), { code: 'USAGE' });
  await dropGeneration(addUp, 2, runtime);
  await dropGeneration(addUp, 2, runtime);
  assert.equal(await b.stores.tables.drifted(tableOf(parts, 2)), undefined, 'the table is gone');
  await assert.rejects(swap(b, 2), { code: 'USAGE' });
  assert.equal(await make(b), 3);
  await swap(b, 3);
  assert.deepEqual(await b.sums(), ['one/p=1']);
});

/** The table after a change: one field has another type, and one is new and has no default. */
const heavier: TableDef = {
  ...parts,
  record: {
    ...parts.record,
    fields: [
      ...parts.record.fields.filter(({ name }) => name !== 'owner'),
      { name: 'owner', type: { type: 'array', items: 'string' }, doc: 'Whose it is.' },
      { name: 'weight', type: 'long', doc: 'What it weighs.' },
    ],
  },
};

test('rows of a type that their table refuses are made beside it', async (t) => {
  const before = await generational(t);
  await before.produce(add('one', 1, { colour: 'red' }), add('two', 2));
  await run(before);
  const weigh = addUp.fold['thing.added'] as Job['fold'][string];
  const job = changed({
    row: heavier,
    views: addUp.views.slice(0, 2),
    fold: {
      'thing.added': (row, event, found) => {
        const part = weigh(row, event, found) as Readonly<Record<string, unknown>>;
        return { ...part, owner: ['nobody'], weight: 7 };
      },
    },
  });
  const b = seenBy(before, [job]);
  await assert.rejects(b.stores.tables.prepare([heavier]), {
    code: 'TABLE_DRIFTED',
    message: /tributary rebuild <job>/,
  });
  await make(b);
  const { notCompared, differing, same } = await compare(b, 2);
  assert.deepEqual([notCompared.toSorted(), differing, same], [['owner', 'weight'], {}, 2]);
  await swap(b, 2);
  await b.stores.tables.prepare([heavier]);
  await b.produce(add('one', 10));
  await run(b);
  const [row] = await b.stores.tables.read(heavier, [[DEFAULT_TENANT, 'one', 'p']]);
  assert.partialDeepStrictEqual(row?.data, { sum: 11, owner: ['nobody'], weight: 7 });
  assert.deepEqual(await b.coloured('red'), ['one/p=11']);
  await assert.rejects(swap(b, 1), { code: 'TABLE_DRIFTED' }, 'what made the old rows has to go back to them');
  await run(b);
});

test('a claim during a swap waits, and then works on the rows that became current', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1), add('two', 2));
  await run(b);
  await make(b);
  const before = await owners(b);
  const held = halt('tables.claim');
  const runtime = operator(b, intercept(b.stores, held.hook));
  const { promise: isHeld, resolve } = Promise.withResolvers<void>();
  const swapping = swap(b, 2, { step: (what) => what === 'held' && resolve() }, runtime);
  await isHeld;
  await held.reached;
  await assert.rejects((before[0] as PartitionOwner).turn(0), { code: 'GENERATION_HELD', message: /--swap --yes/ });
  held.goOn();
  await swapping;
  await assert.rejects((before[0] as PartitionOwner).turn(0), { code: 'GENERATION_MOVED' });
});

test('an owner that takes its token in the middle of a swap writes views above those of the swap', async (t) => {
  const b = await generational(t);
  const thing = thingIn(b, 0);
  await b.produce(add(thing, 1, { colour: 'red' }));
  await run(b);
  await make(b);
  const { hook, reached, goOn } = halt('membership.claim');
  const owner = await b.worker(0, { job: atGeneration(addUp, 2), hook });
  let turn: Promise<unknown> | undefined;
  const stores = intercept(b.stores, async (name, go, [job, , partition]) => {
    if (name === 'tables.claim' && job === addUp.name && partition === 1) {
      turn ??= owner.turn(0);
      await reached;
    }
    return go();
  });
  await swap(b, 2, {}, operator(b, stores));
  goOn();
  await turn;
  await b.produce(add(thing, 10, { colour: 'red' }));
  await rest([owner]);
  assert.deepEqual([await b.sums(), await b.coloured('red')], [[`${thing}/p=11`], [`${thing}/p=11`]]);
});

test('a swap that fails lets the job continue as before, and is completed by the next attempt', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1), add('two', 2));
  await run(b);
  await make(b);
  let calls = 0;
  for (const fatal of ['transport.seek', 'tables.claim', 'tables.setGenerations', 'cache.apply', 'tables.scan']) {
    const failing = intercept(b.stores, async (name, go) => {
      if (name === fatal && ++calls % 2 === 1) throw new Error('the process is gone');
      return go();
    });
    const runtime = { ...operator(b), stores: failing };
    const { current } = await generationsOf(b.stores.tables, addUp.name);
    await swap(b, current === 1 ? 2 : 1, {}, runtime).catch(() => {});
    await b.produce(add('one', 10));
    const { swap: left } = await generationsOf(b.stores.tables, addUp.name);
    if (left?.stage === 'held') assert.fail(`${fatal}: nobody lets the job go on`);
    await run(b);
  }
  const { swap: left, current } = await generationsOf(b.stores.tables, addUp.name);
  await swap(b, left?.to ?? (current === 1 ? 2 : 1));
  assert.deepEqual(await b.sums(), ['one/p=51', 'two/p=2']);
  assert.equal(await endOf(b, sums.name), 7);
});

test('a running job follows a swap without a restart', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1), add('two', 2));
  const running = await runCurrent(addUp, operator(b));
  t.after(() => running.stop());
  const isDone = async (): Promise<void> => {
    for (;;) {
      const lags = await b.stores.transport.lag(addUp.name, things.name);
      if (lags.every(({ lag }) => lag === 0)) return;
      await Promise.race([systemClock.sleep(1, NEVER), running.finished]);
    }
  };
  await isDone();
  await make(b);
  await b.produce(...Array.from({ length: 50 }, () => add('one', 1)));
  await swap(b, 2);
  await b.produce(...Array.from({ length: 50 }, () => add('two', 1)));
  await isDone();
  assert.deepEqual(await b.sums(), ['one/p=51', 'two/p=52']);
  await swap(b, 1);
  await b.produce(add('one', 9));
  await isDone();
  assert.deepEqual(await b.sums(), ['one/p=60', 'two/p=52']);
  assert.equal(await endOf(b, sums.name), 103);
});

test('a rebuild that follows the job ends when its generation becomes the current one', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1));
  await run(b);
  const runtime = operator(b);
  const generation = await openGeneration(addUp, runtime);
  const following = rebuildGeneration(addUp, generation, runtime, { signal: NEVER, follow: true, lookMs: 1 });
  const ended = assert.rejects(following, { code: 'GENERATION_MOVED' });
  await b.produce(add('one', 10), add('two', 2));
  await run(b);
  const ends = await judgedBy(b.stores.transport, addUp);
  for (;;) {
    const positions = await positionsOf(addUp, generation, b.stores.transport, { ends });
    if (positions.every(({ lag }) => lag === 0)) break;
    await systemClock.sleep(1, NEVER);
  }
  await swap(b, generation);
  await ended;
  assert.deepEqual(await b.sums(), ['one/p=11', 'two/p=2']);
});

test('a pending timer fires once the rows that wait for it are current', async (t) => {
  const waking = changed({
    react: (before, after, event, found) =>
      event.type === added.type ? [wakeAt('later', START + 60_000)] : addUp.react(before, after, event, found),
  });
  const b = await generational(t, [waking], 1);
  await b.produce(add('one', 1));
  await run(b);
  await make(b);
  b.clock.set(START + 60_000);
  assert.equal(await endOf(b, things.name), 1);
  await swap(b, 2);
  await run(b);
  assert.deepEqual(await b.sums(), ['one/p=1001']);
  assert.equal(await endOf(b, things.name), 2);
});

test('a channel is not called for what was decided before', async (t) => {
  const { channel, calls } = rememberingChannel(() => ({ outcome: 'sent', detail: '' }));
  const calling = changed({
    react: (_before, _after, event) =>
      event.type === added.type
        ? [
            {
              kind: 'call',
              channel: 'mail',
              attempt: 1,
              messageId: 'm',
              address: 'a',
              title: '',
              body: '',
              link: null,
              unsubscribe: null,
            },
          ]
        : [emit(summed, { thingId: 'x', partId: 'p', sum: 0 })],
  });
  const b = await generational(t, [calling], 1);
  const stores = { ...b.stores, channels: { mail: channel } };
  const seen = new Bench(stores, [calling], 1);
  await seen.produce(add('one', 1), add('two', 2));
  await run(seen);
  assert.equal(calls.length, 2);
  await make(seen);
  await swap(seen, 2);
  await run(seen);
  assert.equal(calls.length, 2);
});

test('a channel that was called, with the answer still unknown, is not called again by other rows', async (t) => {
  const { channel, calls } = rememberingChannel(() => ({ outcome: 'sent', detail: '' }), 'at-most-once');
  const message = { address: 'a', title: '', body: '', link: null, unsubscribe: null };
  const calling = changed({
    react: (_before, _after, event) =>
      event.type === added.type ? [{ kind: 'call', channel: 'mail', attempt: 1, messageId: 'm', ...message }] : [],
  });
  const b = await generational(t, [calling], 1);
  const seen = new Bench({ ...b.stores, channels: { mail: channel } }, [calling], 1);
  await seen.produce(add('one', 1));
  await run(seen);
  await make(seen);
  await seen.produce(add('two', 2));
  const hook = intercept(seen.stores, async (name, go) => {
    if (name === 'claim.commit') throw new TributaryError('LOG_AWAY', 'the process is gone');
    return go();
  });
  await assert.rejects(run(new Bench({ ...seen.stores, ...hook }, [calling], 1)), { code: 'LOG_AWAY' });
  assert.equal(calls.length, 2);
  const impatient = { ...operator(seen), clock: { ...systemClock, sleep: () => systemClock.sleep(1, NEVER) } };
  await assert.rejects(swap(seen, 2, {}, impatient), { code: 'USAGE', message: /is calling a channel; is it running/ });
  await run(seen);
  await swap(seen, 2, {}, impatient);
  await run(seen);
  assert.equal(calls.length, 2);
});

test('a job that was moved back has its rows made anew from the beginning', async (t) => {
  const b = await generational(t, [addUp], 1);
  await b.produce(add('one', 1), add('one', 2), add('one', 3));
  await run(b);
  await make(b);
  const [committed] = await b.stores.transport.committed(addUp.name, things.name);
  const text = (committed?.metadata ?? '').replace(/^(\d+\|[^|]*\|)3\|/, '$11|');
  await b.stores.transport.seek(addUp.name, things.name, { partition: 0, offset: 1, metadata: text });
  await assert.rejects(swap(b, 2), { code: 'USAGE', message: /since been moved back to 1; drop/ });
  await run(b);
  await swap(b, 2);
});

test('deleted rows stay deleted', async (t) => {
  const b = await generational(t);
  await b.produce(add('one', 1), add('two', 2), [dropped, { thingId: 'one', partId: 'p' }]);
  await run(b);
  await make(b);
  const { same, onlyCurrent, onlyOther } = await compare(b, 2);
  assert.deepEqual([same, onlyCurrent.count, onlyOther.count], [1, 0, 0]);
  await swap(b, 2);
  assert.deepEqual(await b.sums(), ['two/p=2']);
});
