/** A search server that is away or slow, and a job whose documents may be behind its rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { catchingUp, type Job } from '../../../jobs/define.ts';
import type { PartitionOwner } from '../../../jobs/runtime/owner.ts';
import { Random } from '../../../testing/random.ts';
import { parseProgress } from '../../../topics/log/progress.ts';
import { added, addUp, changed, dropped, emptied, moved, partIndex, parts, polished, things } from './add-up.ts';
import { type Bench, bench, type Given, rest, type WorkerOptions } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';

/** A job whose documents may be behind. Documents of parts without a sum are removed. */
const job: Job = changed({
  views: addUp.views.map((view) => {
    if (view.into !== partIndex) return view;
    const record: typeof view.record = (row, entry, name) =>
      row['sum'] === 0 ? undefined : view.record(row, entry, name);
    return catchingUp({ ...view, record });
  }),
});

const add = (partId: string, amount = 1): Given => [added, { thingId: 't', partId, amount, colour: 'red' }];
const empty: Given = [emptied, { thingId: 't' }];

interface Away {
  is: boolean;
  calls: number;
}

/** A search that fails while `state.is` is true: `after` the effect of the call, or instead of it. */
function away(after = false): { state: Away; hook: Hook } {
  const state = { is: true, calls: 0 };
  const hook: Hook = async (name, go) => {
    if (name !== 'search.apply') return go();
    state.calls += 1;
    if (!state.is) return go();
    if (after) await go();
    throw new TributaryError('SEARCH_AWAY', 'the search finds nobody');
  };
  return { state, hook };
}

async function found(b: Bench): Promise<string[]> {
  const { items } = await b.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 1000 });
  return items.map(({ thingId, partId, sum }) => `${thingId}/${partId}=${sum}`);
}

/** What the documents must be, according to the rows. */
const wanted = async (b: Bench): Promise<string[]> => (await b.sums()).filter((sum) => !sum.endsWith('=0'));

async function isLevel(b: Bench): Promise<void> {
  assert.deepEqual((await found(b)).sort(), (await wanted(b)).sort());
}

/** The committed position from which the view is behind. */
async function behind(b: Bench, partition = 0): Promise<number | undefined> {
  const all = await b.stores.transport.committed(job.name, things.name);
  const { offset = 0, metadata = '' } = all[partition] ?? {};
  return parseProgress(metadata, offset).behind.get(partIndex.name);
}

/** A turn, after a pause that allows the search to be tried again. */
async function turn(b: Bench, worker: PartitionOwner): Promise<string> {
  b.clock.advance(60_000);
  return worker.turn(0);
}

const start = async (b: Bench, hook?: Hook, settings: WorkerOptions['settings'] = {}): Promise<PartitionOwner> =>
  b.worker(0, { job, ...(hook && { hook }), settings });

for (const after of [false, true]) {
  test(`rows, other views and events go on while the search is away, and the documents follow when it is back (the failing calls ${after ? 'had' : 'had no'} effect)`, async (t) => {
    const b = await bench(t, { jobs: [job] });
    const { state, hook } = away(after);
    const worker = await start(b, hook, { maxRecords: 2 });
    await b.produce(add('p'), add('q'), add('p'), add('r'), empty, add('q', 5));
    await rest([worker]);
    assert.deepEqual(await b.sums(), ['t/p=0', 't/q=5', 't/r=0']);
    assert.deepEqual(await b.coloured('red'), ['t/p=0', 't/q=5', 't/r=0']);
    assert.equal((await b.emitted()).length, 8);
    assert.equal(b.reported('waiting').length, 0);
    const [late] = b.reported('view-late');
    assert.deepEqual([late?.view, late?.code], [partIndex.name, 'SEARCH_AWAY']);
    assert.match(late?.message ?? '', /the search finds nobody; the job goes on without it/);
    assert.equal(await behind(b), 0);
    assert.equal(b.reported('view-lag').at(-1)?.records, 6);
    assert.equal(state.calls, 1, 'batches do not wait for it again');
    state.is = false;
    assert.equal(await turn(b, worker), 'worked');
    await rest([worker]);
    assert.deepEqual(await found(b), ['t/q=5']);
    assert.equal(b.reported('view-lag').at(-1)?.records, 0);
    assert.equal(await behind(b), undefined, 'that it has caught up is committed, although nothing more has come');
    await b.produce(add('r'));
    await rest([worker]);
    assert.deepEqual(await found(b), ['t/q=5', 't/r=1'], 'written with the batch');
  });
}

test('the search is retried after growing pauses, not in every turn', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { state, hook } = away();
  const worker = await start(b, hook, { backOffMs: [100, 400] });
  await b.produce(add('p'));
  await rest([worker]);
  assert.equal(state.calls, 1);
  for (const [ms, calls] of [
    [74, 1],
    [1, 2],
    [149, 2],
    [1, 3],
    [299, 3],
    [1, 4],
    [299, 4],
    [1, 5],
  ] as const) {
    b.clock.advance(ms);
    await worker.turn(0);
    assert.equal(state.calls, calls, `${ms}`);
  }
  const ages = b.reported('view-lag').map(({ ageMs }) => ageMs as number);
  assert.ok((ages.at(-1) as number) > 800, 'its lag grows although nothing comes');
});

test('a search that does not answer delays nothing else, and its late effects do no harm', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { promise: answers, resolve: answer } = Promise.withResolvers<void>();
  let calls = 0;
  const hook: Hook = async (name, go) => {
    if (name === 'search.apply' && calls++ === 0) await answers;
    return go();
  };
  const worker = await start(b, hook, { maxRecords: 1, viewWaitMs: 0 });
  await b.produce(add('p'), add('p'), add('p', -2), add('q'));
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['t/p=2', 't/q=1']);
  assert.equal(b.reported('view-late')[0]?.code, 'SLOW');
  for (let n = 0; n < 20; n++) await turn(b, worker);
  await isLevel(b);
  answer();
  await rest([worker]);
  await isLevel(b);
});

test('a new owner resumes where the view was, and makes the pending view writes of the previous owner', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const first = away();
  const one = await start(b, first.hook, { maxRecords: 2 });
  await b.produce(add('p'), add('q'), add('p'));
  await rest([one]);
  // The first owner removed it while the search was away. The row has emitted something since.
  await b.produce(empty, add('q'));
  await rest([one]);
  const second = away();
  const other = await start(b, second.hook);
  await b.produce(add('r'));
  await rest([other]);
  assert.equal(await behind(b), 0);
  second.state.is = false;
  await turn(b, other);
  await rest([other]);
  assert.deepEqual(await found(b), ['t/q=1', 't/r=1']);
  first.state.is = false;
  assert.equal(await turn(b, one), 'fenced', 'the first one finds that it is the owner no more');
  await isLevel(b);
});

test('a removal stays in the row until the view has it, whatever the row does meanwhile', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { state, hook } = away();
  state.is = false;
  const worker = await start(b, hook, { maxRecords: 1, rowCacheMb: 0 });
  await b.produce(add('p'), add('q'));
  await rest([worker]);
  assert.deepEqual(await found(b), ['t/p=1', 't/q=1']);
  state.is = true;
  await b.produce(
    empty,
    [dropped, { thingId: 't', partId: 'q' }],
    [moved, { thingId: 't', fromPart: 'x', toPart: 'p' }],
  );
  for (let n = 0; n < 5; n++) await b.produce(empty, [moved, { thingId: 't', fromPart: 'x', toPart: 'p' }]);
  await b.produce(empty);
  await rest([worker]);
  const [row] = await b.stores.tables.read(parts, [[DEFAULT_TENANT, 't', 'p']]);
  assert.ok((row?.outbox.match(/"removal"/g) ?? []).length <= 2, 'once, whatever the number of times');
  state.is = false;
  await turn(b, worker);
  await rest([worker]);
  assert.deepEqual(await found(b), []);
});

test('an unfinished write of an older owner does not hide what a newer one wrote', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { promise: mayGo, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  let isHeld = false;
  const { state, hook } = away();
  const slow: Hook = async (name, go, args) => {
    if (name === 'search.apply' && !state.is && !isHeld) {
      isHeld = true;
      reach();
      await mayGo;
    }
    return hook(name, go, args);
  };
  const one = await start(b, slow);
  await b.produce(add('p'));
  await rest([one]);
  state.is = false;
  const catching = turn(b, one);
  await reached;
  const other = await start(b);
  await b.produce(add('p', 4), empty, add('q'));
  await rest([other]);
  await isLevel(b);
  goOn();
  await catching;
  await isLevel(b);
});

test('broadcasts, events for all rows under a prefix and pages of rows are caught up with as well', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { state, hook } = away();
  state.is = false;
  const settings = { maxKeys: 2 };
  const worker = await start(b, hook, settings);
  const of = (thingId: string, partId = 'p'): Given => [added, { thingId, partId, amount: 1 }];
  await b.produce(of('a'), of('b'), of('c'), of('d'), of('e'), of('e', 'q'));
  await rest([worker]);
  state.is = true;
  await b.produce([polished, { partId: 'p', amount: 10 }], [emptied, { thingId: 'e' }]);
  await rest([worker]);
  assert.deepEqual(await b.sums(), ['a/p=11', 'b/p=11', 'c/p=11', 'd/p=11', 'e/p=0', 'e/q=0']);
  // A new owner knows only the position.
  const other = await start(b, undefined, settings);
  await rest([other]);
  await isLevel(b);
});

test('a broadcast resumes catching up at the page where the search was away again', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const things = Array.from({ length: 12 }, (_, n) => `t${n}`);
  const written: string[] = [];
  let awayAfter = Number.POSITIVE_INFINITY;
  const hook: Hook = async (name, go, args) => {
    if (name !== 'search.apply') return go();
    awayAfter -= 1;
    if (awayAfter < 0) throw new TributaryError('SEARCH_AWAY', 'the search finds nobody');
    written.push(...(args[1] as { key: string[] }[]).map(({ key }) => String(key[1])));
    return go();
  };
  const worker = await start(b, hook, { maxKeys: 3 });
  await b.produce(...things.map((thingId): Given => [added, { thingId, partId: 'p', amount: 1, colour: 'red' }]));
  await rest([worker]);
  awayAfter = 0;
  await b.produce([polished, { partId: 'p', amount: 10 }]);
  await rest([worker]);
  written.length = 0;
  awayAfter = 2;
  await turn(b, worker);
  assert.equal(written.length, 6);
  awayAfter = Number.POSITIVE_INFINITY;
  await turn(b, worker);
  await rest([worker]);
  assert.deepEqual(written.sort(), things.sort(), 'each row once');
  await isLevel(b);
});

test('a page of a broadcast that was committed without the view is not forgotten when the owner dies before the next page', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { state, hook } = away();
  state.is = false;
  const settings = { maxKeys: 2 };
  const worker = await start(b, hook, settings);
  await b.produce(...['a', 'b', 'c', 'd', 'e'].map((thingId): Given => [added, { thingId, partId: 'p', amount: 1 }]));
  await rest([worker]);
  state.is = true;
  await b.produce([polished, { partId: 'p', amount: 10 }]);
  await worker.turn(0);
  assert.equal((await b.sums()).filter((sum) => sum.endsWith('=11')).length, 2, 'one page');
  const other = await start(b, undefined, settings);
  await rest([other]);
  assert.deepEqual(await wanted(b), ['a/p=11', 'b/p=11', 'c/p=11', 'd/p=11', 'e/p=11']);
  await isLevel(b);
});

test('an owner that was replaced between reading rows and writing their views does not write them', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { state, hook } = away();
  const { promise: mayGo, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const one = await start(b, async (name, go, args) => {
    if (name === 'tables.token' && !state.is) {
      reach();
      await mayGo;
    }
    return hook(name, go, args);
  });
  await b.produce(add('p'));
  await rest([one]);
  state.is = false;
  const { calls } = state;
  const catching = turn(b, one);
  await reached;
  await rest([await start(b)]);
  goOn();
  assert.equal(await catching, 'fenced');
  assert.equal(state.calls, calls);
  assert.match(b.reported('fenced').at(-1)?.message ?? '', /has an owner with token 2/);
});

test('a document that is never accepted is reported, and the others are written', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { state, hook } = away();
  const refusing = refusingKeys('q', 'search.apply');
  const worker = await start(b, (name, go, args) =>
    refusing(name, () => hook(name, go, args) as Promise<unknown>, args),
  );
  await b.produce(add('p'), add('q'), add('r'));
  await rest([worker]);
  state.is = false;
  await turn(b, worker);
  await rest([worker]);
  assert.deepEqual(await found(b), ['t/p=1', 't/r=1']);
  assert.match(b.reported('view-refused')[0]?.message ?? '', /^part_search has no default\/t\/q: it is too large$/);
  assert.equal(await behind(b), undefined);
});

test('records that the log deleted before the view caught up are reported', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { hook } = away();
  const worker = await start(b, hook);
  await b.produce(add('p'), add('q'));
  await rest([worker]);
  await b.stores.transport.expire(b.clock.now() + 10 * 365 * 24 * 3_600_000);
  await b.produce(add('r'));
  const other = await start(b);
  await rest([other]);
  const [missed] = b.reported('view-missed');
  assert.deepEqual([missed?.view, missed?.from, missed?.to], [partIndex.name, 0, 2]);
  assert.deepEqual(await found(b), ['t/r=1']);
  assert.equal(await behind(b), undefined);
});

test('a view that is no longer declared has no pending writes; one that is strict again catches up first', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { hook } = away();
  await b.produce(add('p'), add('q'));
  await rest([await start(b, hook)]);
  assert.equal(await behind(b), 0);
  const strict = { ...job, views: job.views.map((view) => ({ ...view, policy: 'strict' as const })) };
  const { state, hook: again } = away();
  const one = await b.worker(0, { job: strict, hook: again });
  await b.produce(add('r'));
  await rest([one]);
  assert.equal(await behind(b), 0);
  state.is = false;
  await turn(b, one);
  await rest([one]);
  await isLevel(b);
  state.is = true;
  await b.produce(add('s'));
  await assert.rejects(one.turn(0), { code: 'SEARCH_AWAY' });
});

test('a strict view beside it delays the batch as before', async (t) => {
  const b = await bench(t, { jobs: [job] });
  const { hook } = away();
  const worker = await start(b, async (name, go, args) => {
    if (name === 'cache.apply') throw new TributaryError('CACHE_AWAY', 'no cache');
    return hook(name, go, args);
  });
  await b.produce([added, { thingId: 't', partId: 'p', amount: 1, items: ['i'] }]);
  await assert.rejects(worker.turn(0), { code: 'CACHE_AWAY' });
  await rest([await start(b)]);
  await isLevel(b);
});

test('whichever store is away, and wherever the process dies, the documents finally match the rows', async (t) => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const b = await bench(t, { jobs: [job] });
    const produced: Given[] = [];
    const settings = () => ({
      maxRecords: 1 + random.below(6),
      maxKeys: 1 + random.below(4),
      rowCacheMb: random.below(3) * 0.004,
    });
    let worker: PartitionOwner | undefined;
    let isAway = false;
    let dies = false;
    const hook: Hook = async (name, go) => {
      if (dies && random.chance(0.1)) throw new Error('the process is gone');
      if (name !== 'search.apply' || !isAway) return go();
      if (random.chance(0.3)) await go();
      throw new TributaryError('SEARCH_AWAY', 'the search finds nobody');
    };
    for (let step = 0; step < 40; step++) {
      const partId = random.pick(['p', 'q', 'r']);
      const thingId = random.pick(['t', 'u']);
      const given = random.pick<Given>([
        [added, { thingId, partId, amount: 1 + random.below(3) }],
        [emptied, { thingId }],
        [dropped, { thingId, partId }],
        [moved, { thingId, fromPart: partId, toPart: 'q' }],
        [polished, { partId, amount: 1 }],
      ]);
      produced.push(given);
      await b.produce(given);
      if (random.chance(0.2)) isAway = !isAway;
      if (random.chance(0.5)) continue;
      dies = random.chance(0.3);
      try {
        worker = worker === undefined || random.chance(0.1) ? await start(b, hook, settings()) : worker;
        for (let n = random.below(4); n > 0; n--) await turn(b, worker);
      } catch (error) {
        assert.equal((error as Error).message, 'the process is gone', `seed ${seed}`);
        worker = undefined;
      }
    }
    [isAway, dies] = [false, false];
    const last = await start(b, hook, settings());
    await rest([last]);
    assert.deepEqual((await found(b)).sort(), (await wanted(b)).sort(), `seed ${seed}`);
    assert.equal(await behind(b), undefined, `seed ${seed}`);
    const calm = await bench(t, { jobs: [job] });
    await calm.produce(...produced);
    await calm.run();
    assert.deepEqual(await b.everything(), await calm.everything(), `seed ${seed}`);
  }
});
