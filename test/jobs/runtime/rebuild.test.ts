/** Views rebuilt from the rows: after a loss, and beside running workers. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import type { Target } from '../../../core/target.ts';
import type { Job } from '../../../jobs/define.ts';
import { type RebuildOptions, type Rebuilt, rebuildViews } from '../../../jobs/runtime/rows/views/rebuild.ts';
import { Random } from '../../../testing/random.ts';
import { added, addUp, changed, dropped, partIndex, partsByColour } from './add-up.ts';
import { type Bench, bench, type Given, rest } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';

const EVERYTHING: ReadonlySet<Target['kind']> = new Set(['table', 'index', 'cache']);

interface Told {
  readonly so: Rebuilt;
  readonly failures: string[];
  readonly waits: string[];
}

async function rebuild(
  on: Bench,
  { hook, job = addUp, ...over }: Partial<RebuildOptions> & { hook?: Hook; job?: Job } = {},
): Promise<Told> {
  const failures: string[] = [];
  const waits: string[] = [];
  const so = await rebuildViews(job, on.runtime(hook === undefined ? {} : { hook }), {
    only: EVERYTHING,
    signal: new AbortController().signal,
    progress: () => {},
    failed: (view, key, why) => failures.push(`${view} ${key}: ${why}`),
    waiting: ({ code }) => waits.push(code),
    ...over,
  });
  return { so, failures, waits };
}

/** Loses the records of the stores. They forget which records they removed, too. */
async function lose({ stores }: Bench): Promise<void> {
  stores.database.exec('DELETE FROM cache_fields; DELETE FROM parts_by_colour');
  await stores.search.renew(partIndex);
}

const add = (thingId: string, partId: string, amount: number, colour = '', items: string[] = []): Given => [
  added,
  { thingId, partId, amount, colour, items },
];

async function filled(t: TestContext, partitions = 1): Promise<Bench> {
  const on = await bench(t, { partitions });
  for (let i = 0; i < 30; i++) {
    await on.produce(add(`t${i % 7}`, `p${i % 11}`, i, ['red', 'blue', 'none'][i % 3], [`nut-${i}`, 'bolt']));
  }
  await on.produce([dropped, { thingId: 't1', partId: 'p1' }], add('t2', 'p2', 1, 'green', ['bolt']));
  await on.run();
  return on;
}

test('after the loss of everything except the rows, everything is restored', async (t) => {
  const on = await filled(t, 2);
  const before = await on.everything();
  await lose(on);
  assert.notDeepEqual(await on.everything(), before);
  const { so, failures } = await rebuild(on, { rowsAtOnce: 4, recordsAtOnce: 7 });
  assert.deepEqual(await on.everything(), before);
  assert.deepEqual([so.rows > 20, so.newer, so.removed, so.failed, failures], [true, 0, 0, 0, []]);
  await rebuild(on);
  assert.deepEqual(await on.everything(), before, 'once more changes nothing');
});

test('only the kinds that are asked for are written, and the others are left alone', async (t) => {
  const on = await filled(t);
  const before = await on.everything();
  await lose(on);
  const found = async () =>
    (await on.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 1 })).total;
  await rebuild(on, { only: new Set(['table']) });
  assert.deepEqual([await found(), (await on.items('t2')).length, (await on.coloured('red')).length > 0], [0, 0, true]);
  await rebuild(on, { only: new Set(['index']) });
  assert.deepEqual([(await found()) > 0, (await on.items('t2')).length], [true, 0]);
  await rebuild(on, { only: new Set(['cache']) });
  assert.deepEqual(await on.everything(), before);
});

test('what a worker has written of a newer row stays', async (t) => {
  const on = await filled(t);
  await lose(on);
  let reads = 0;
  const { so } = await rebuild(on, {
    async hook(name, go) {
      const page = await go();
      if (name !== 'tables.scan' || reads++ > 0) return page;
      await on.produce(add('t2', 'p2', 1000, 'white', ['screw']), add('t3', 'p3', 500, 'none'));
      await on.run();
      return page;
    },
  });
  assert.ok(so.newer > 0, 'it came with something older');
  const now = await on.everything();
  assert.deepEqual(await on.coloured('white'), ['t2/p2=1003']);
  await lose(on);
  await rebuild(on);
  assert.deepEqual(await on.everything(), now, 'as if nothing had been written meanwhile');
});

test('records of a row do not stay where their removal was forgotten', async (t) => {
  const on = await filled(t);
  let reads = 0;
  const { so } = await rebuild(on, {
    async hook(name, go) {
      const page = await go();
      if (name !== 'tables.scan' || reads++ > 0) return page;
      await on.produce(add('t2', 'p2', 1, 'white', ['screw']), [dropped, { thingId: 't3', partId: 'p3' }]);
      await on.run();
      await lose(on);
      return page;
    },
  });
  assert.ok(so.removed >= 3, `${so.removed} were removed`);
  assert.deepEqual([await on.coloured('green'), await on.coloured('white')], [[], ['t2/p2=4']]);
  const now = await on.everything();
  await lose(on);
  await rebuild(on);
  assert.deepEqual(await on.everything(), now);
});

test('beside working workers, everything ends as if nothing had been lost', async (t) => {
  for (let seed = 1; seed <= 15; seed++) {
    const random = new Random(seed);
    const history = Array.from({ length: 40 }, (): Given => {
      const [thing, part] = [`t${random.below(3)}`, `p${random.below(3)}`];
      if (random.chance(0.15)) return [dropped, { thingId: thing, partId: part }];
      const items = ['nut', 'bolt', 'screw'].filter(() => random.chance(0.5));
      return add(thing, part, random.below(9), random.pick(['red', 'blue', 'none']), items);
    });
    const undisturbed = await bench(t);
    for (const event of history) {
      await undisturbed.produce(event);
      await undisturbed.run();
    }
    const on = await bench(t);
    const atAnyTime: Hook = async (_name, go) => {
      for (let i = random.below(6); i > 0; i--) await setImmediate();
      return go();
    };
    const worker = await on.worker(0, { hook: atAnyTime, settings: { maxRecords: 2 } });
    await on.produce(...history.slice(0, 15));
    await rest([worker]);
    await lose(on);
    const work = async (): Promise<void> => {
      for (const event of history.slice(15)) {
        await on.produce(event);
        await worker.turn(0);
      }
      await rest([worker]);
    };
    await Promise.all([work(), rebuild(on, { hook: atAnyTime, rowsAtOnce: 2, recordsAtOnce: 3 })]);
    const plainly = (value: unknown) => ({ ...(value as object), said: undefined });
    assert.deepEqual(plainly(await on.everything()), plainly(await undisturbed.everything()), `seed ${seed}`);
  }
});

test('a store that is away is waited for', async (t) => {
  const on = await filled(t);
  const before = await on.everything();
  await lose(on);
  let calls = 0;
  const { waits, so } = await rebuild(on, {
    hook: async (name, go) => {
      if (/^(cache|search)\.apply|^tables\.(scan|read)$/.test(name) && calls++ % 3 < 2)
        throw new TributaryError('CACHE_AWAY', 'it is away');
      return go();
    },
  });
  assert.ok(waits.length > 5);
  assert.equal(so.failed, 0);
  assert.deepEqual(await on.everything(), before);
});

test('a fatal error ends it, and so does the signal', async (t) => {
  const on = await filled(t);
  const broken: Hook = async (name, go) => {
    if (name === 'search.apply') throw new TributaryError('TABLE_DRIFTED', 'it is another one');
    return go();
  };
  await assert.rejects(rebuild(on, { hook: broken }), { code: 'TABLE_DRIFTED' });
  const controller = new AbortController();
  const away: Hook = async (name, go) => {
    if (name !== 'cache.apply') return go();
    controller.abort(new Error('enough'));
    throw new TributaryError('CACHE_AWAY', 'it is away');
  };
  await assert.rejects(rebuild(on, { hook: away, signal: controller.signal }), { message: 'enough' });
});

test('a record that a store never accepts is reported, and the others are written', async (t) => {
  const on = await filled(t);
  await lose(on);
  const { so, failures } = await rebuild(on, { hook: refusingKeys('p5', 'search.apply') });
  assert.deepEqual(new Set(failures.map((each) => each.split(':')[1])), new Set([' it is too large']));
  assert.equal(so.failed, failures.length);
  const { items } = await on.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 100 });
  assert.ok(items.length > 10 && items.every(({ partId }) => partId !== 'p5'));
  assert.ok(
    (await on.coloured('red')).some((part) => part.includes('/p5=')),
    'its other views are written',
  );
});

test('a view that fails for one row is reported, and the other rows are written', async (t) => {
  const on = await filled(t);
  const views = addUp.views.map((view) => ({
    ...view,
    record: (row: Readonly<Record<string, unknown>>, ...rest: [never, string]) => {
      if (view.into === partsByColour && row['partId'] === 'p5') throw new Error('no such colour');
      return view.record(row, ...rest);
    },
  }));
  await lose(on);
  const { failures } = await rebuild(on, { job: changed({ views }) });
  assert.ok(failures.length > 0);
  for (const failure of failures) assert.match(failure, /^parts_by_colour default\/t\d\/p5: no such colour$/);
  assert.ok((await on.coloured('red')).length > 5);
});
