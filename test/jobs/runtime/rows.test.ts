import assert from 'node:assert/strict';
import { test } from 'node:test';
import { every, type Job } from '../../../jobs/define.ts';
import { partitionsOf } from '../../../testing/dump.ts';
import { Random } from '../../../testing/random.ts';
import { added, addUp, changed, dropped, emptied, moved, parts, polished, sums } from './add-up.ts';
import { type Bench, bench, type Given, plainOrigin, rest } from './bench.ts';
import type { Hook } from './intercept.ts';

const part = (
  partId: string,
  amount: number,
  more: { thingId?: string; colour?: string; items?: string[] } = {},
): Given => [added, { thingId: 't', partId, amount, ...more }];

/** Crashes at the n-th call of the name, before its effect. */
function crashAt(call: string, nth = 1): Hook {
  let calls = 0;
  return async (name, go) => {
    if (name === call && ++calls === nth) throw new Error('the process is gone');
    return go();
  };
}

async function crashes(b: Bench, call: string, options: { maxRecords?: number; nth?: number } = {}): Promise<void> {
  const settings = { maxRecords: options.maxRecords ?? 1000 };
  await assert.rejects(b.run({ hook: crashAt(call, options.nth), settings }), /the process is gone/);
}

/** Every record that was sent to the topic of sums, including repeats. */
async function sentSums(b: Bench): Promise<string[]> {
  const records = (await partitionsOf(b.stores.transport, sums.name)).flat();
  return records.map(({ headers }) => plainOrigin(headers['ce_origin']));
}

test('entries of an earlier, larger batch wait for their turn, and each is sent once', async (t) => {
  const b = await bench(t);
  await b.produce(part('p', 1), part('q', 2), part('p', 3), part('p', 4));
  await crashes(b, 'claim.commit');
  assert.deepEqual(await b.emittedSums(), []);
  const worker = await b.worker(0, { settings: { maxRecords: 1 } });
  const expected = ['t/p=1', 't/q=2', 't/p=4', 't/p=8'];
  for (let n = 1; n <= 4; n++) {
    assert.equal(await worker.turn(0), 'worked');
    assert.deepEqual(await b.emittedSums(), expected.slice(0, n));
  }
  await rest([worker]);
  assert.deepEqual(
    await sentSums(b),
    [0, 1, 2, 3].map((offset) => `add-up/thing.events/0/${offset}/0`),
  );
});

test('what several rows emit because of one record is numbered in the order of the rows', async (t) => {
  const b = await bench(t);
  await b.produce(part('q', 1), part('p', 1), [moved, { thingId: 't', fromPart: 'q', toPart: 'p' }]);
  await b.produce(part('r', 1));
  await b.produce([moved, { thingId: 't', fromPart: 'x', toPart: 'y' }]);
  await b.run();
  assert.deepEqual(await b.emittedSums(), ['t/q=1', 't/p=1', 't/p=2', 't/q=0', 't/r=1']);
  assert.deepEqual((await sentSums(b)).slice(2, 4), ['add-up/thing.events/0/2/0', 'add-up/thing.events/0/2/1']);
});

for (const call of ['tables.write', 'tables.apply', 'cache.apply', 'search.apply', 'claim.commit']) {
  test(`a record of a view that is to be removed is gone after a crash before ${call}`, async (t) => {
    const b = await bench(t);
    await b.produce(part('p', 1, { colour: 'red', items: ['nut', 'bolt'] }));
    await b.run();
    assert.deepEqual([await b.coloured('red'), await b.items('t')], [['t/p=1'], ['p/bolt@1', 'p/nut@1']]);
    await b.produce(part('p', 1, { colour: 'blue', items: ['nut'] }));
    await crashes(b, call);
    await b.run();
    assert.deepEqual([await b.coloured('red'), await b.coloured('blue')], [[], ['t/p=2']]);
    assert.deepEqual(await b.items('t'), ['p/nut@1']);
  });

  test(`a row that is deleted removes its views, and emits that once, after a crash before ${call}`, async (t) => {
    const b = await bench(t);
    await b.produce(part('p', 1, { colour: 'red', items: ['nut'] }));
    await b.run();
    await b.produce([dropped, { thingId: 't', partId: 'p' }]);
    await crashes(b, call);
    await b.run();
    assert.deepEqual([await b.sums(), await b.coloured('red'), await b.items('t')], [[], [], []]);
    assert.deepEqual(await b.emittedSums(), ['t/p=1', 't/p=-1']);
  });
}

test('a record that a later event shows again stays, though a smaller batch was about to remove it', async (t) => {
  const b = await bench(t);
  await b.produce(part('p', 1, { colour: 'red' }), part('p', 1, { colour: 'blue' }), part('p', 1, { colour: 'red' }));
  await crashes(b, 'claim.commit', { maxRecords: 1, nth: 2 });
  await b.run({ settings: { maxRecords: 2 } });
  assert.deepEqual([await b.coloured('red'), await b.coloured('blue')], [['t/p=3'], []]);
});

test('a removal from a view that the job no longer has is ignored', async (t) => {
  const b = await bench(t);
  await b.produce(part('p', 1, { colour: 'red' }), part('p', 1, { colour: 'blue' }));
  const worker = await b.worker(0, { hook: crashAt('claim.commit', 2), settings: { maxRecords: 1 } });
  await worker.turn(0);
  await assert.rejects(worker.turn(0), /the process is gone/);
  await b.run({ job: changed({ views: [] }) });
  assert.deepEqual(await b.emittedSums(), ['t/p=1', 't/p=2']);
});

test('a row that was deleted begins anew', async (t) => {
  for (const maxRecords of [1, 1000]) {
    const b = await bench(t);
    await b.produce(
      part('p', 5, { colour: 'red', items: ['nut'] }),
      [dropped, { thingId: 't', partId: 'p' }],
      part('p', 2, { items: ['bolt'] }),
    );
    await b.run({ settings: { maxRecords } });
    assert.deepEqual(await b.sums(), ['t/p=2']);
    assert.deepEqual([await b.coloured('red'), await b.items('t')], [[], ['p/bolt@2']]);
    assert.deepEqual([...((await b.row('t', 'p'))?.items ?? [])], [['bolt', 2]]);
  }
});

test('an event for all rows under a prefix reaches those and no others, those of its own batch too', async (t) => {
  for (const maxRecords of [1, 1000]) {
    const b = await bench(t);
    await b.produce(part('old', 1), part('gone', 1), part('old', 1, { thingId: 'tt' }));
    await b.run();
    await b.produce(
      part('new', 2),
      [dropped, { thingId: 't', partId: 'gone' }],
      part('never', -1),
      [emptied, { thingId: 't' }],
      part('later', 3),
    );
    await b.run({ settings: { maxRecords } });
    assert.deepEqual(await b.sums(), ['t/later=3', 't/new=0', 't/old=0', 'tt/old=1']);
  }
});

test('an event for all rows does not create missing ones', async (t) => {
  for (const maxRecords of [1, 1000]) {
    const b = await bench(t);
    const job = changed({
      fold: { 'thing.emptied': (row) => ({ ...(row ?? { thingId: '?', partId: '?' }), sum: 0 }) },
    });
    await b.produce(
      part('p', 1),
      part('q', 1),
      [dropped, { thingId: 't', partId: 'q' }],
      part('never', -1),
      [emptied, { thingId: 't' }],
      [polished, { partId: 'q', amount: 1 }],
      [polished, { partId: 'never', amount: 1 }],
    );
    await b.run({ job, settings: { maxRecords } });
    assert.deepEqual(await b.sums(), ['t/p=0']);
    assert.deepEqual(await b.deadLetters(), ['FACT_IMPOSSIBLE@0:3']);
  }
});

test('an event that deletes all rows under a prefix emits that once for each, after a crash, too', async (t) => {
  const job: Job = changed({ fold: { 'thing.emptied': () => undefined } });
  const b = await bench(t);
  await b.produce(part('p', 1), part('q', 1), [emptied, { thingId: 't' }], part('r', 1));
  await assert.rejects(b.run({ job, hook: crashAt('claim.commit') }), /the process is gone/);
  await b.run({ job, settings: { maxRecords: 1 } });
  assert.deepEqual(await b.sums(), ['t/r=1']);
  assert.deepEqual(await b.emittedSums(), ['t/p=1', 't/q=1', 't/p=-1', 't/q=-1', 't/r=1']);
});

test('a broadcast reaches every row with the value in every partition, those of its own batch too', async (t) => {
  for (const maxRecords of [1, 1000]) {
    const b = await bench(t, { partitions: 3 });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await b.produce(...names.map((thingId) => part('p', 1, { thingId })));
    await b.run();
    await b.produce(
      part('p', 1, { thingId: 'g' }),
      part('q', 1, { thingId: 'a' }),
      [dropped, { thingId: 'b', partId: 'p' }],
      [polished, { partId: 'p', amount: 10 }],
      part('p', 1, { thingId: 'h' }),
    );
    await b.run({ settings: { maxRecords } });
    assert.deepEqual(await b.sums(), [
      ...['a/p=11', 'a/q=1', 'c/p=11', 'd/p=11', 'e/p=11', 'f/p=11', 'g/p=11', 'h/p=1'],
    ]);
    const emitted = await b.emittedSums();
    assert.equal(emitted.filter((sum) => sum.endsWith('=11')).length, 6);
    for (const topic of await partitionsOf(b.stores.transport, 'thing.events')) {
      assert.equal(topic.filter(({ headers }) => headers['ce_type'] === 'thing.polished').length, 1);
    }
  }
});

test('a broadcast of one tenant leaves the rows of another alone', async (t) => {
  const b = await bench(t);
  await b.produce(part('p', 1), [added, { thingId: 't', partId: 'p', amount: 1 }, { tenant: 'other' }]);
  await b.produce(
    [polished, { partId: 'p', amount: 10 }, { tenant: 'other' }],
    [emptied, { thingId: 'x' }, { tenant: 'other' }],
  );
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=1']);
  const [row] = await b.stores.tables.read(parts, [['other', 't', 'p']]);
  assert.equal(row?.data?.['sum'], 11);
});

test('a prefix may be a whole key', async (t) => {
  const b = await bench(t);
  const job = changed({
    key: (event) => (event.type === emptied.type ? every({ thingId: 't', partId: 'p' }) : addUp.key(event)),
  });
  await b.produce(part('p', 1), part('q', 1), [emptied, { thingId: 't' }]);
  await b.run({ job });
  assert.deepEqual(await b.sums(), ['t/p=0', 't/q=1']);
});

test('whatever the size of batches and caches, and wherever the process dies, rows, views and emitted events are the same', async (t) => {
  const CALLS = ['tables.read', 'tables.write', 'tables.apply', 'cache.apply', 'search.apply', 'claim.commit'];
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const events = Array.from({ length: 25 }, (): Given => anything(random));
    const calm = await bench(t);
    await calm.produce(...events);
    await calm.run({ settings: { maxRecords: 1, rowCacheMb: 0 } });
    const expected = await calm.everything();
    const rough = await bench(t);
    await rough.produce(...events);
    for (let crashes = 0; crashes < 12; crashes++) {
      const settings = { maxRecords: 1 + random.below(12), rowCacheMb: random.below(3) * 0.004 };
      const hook = crashAt(random.pick(CALLS), 1 + random.below(4));
      await rough.run({ hook, settings }).catch((error) => assert.match(String(error), /the process is gone/));
    }
    await rough.run();
    assert.deepEqual(await rough.everything(), expected, `seed ${seed}`);
  }
});

function anything(random: Random): Given {
  const thingId = random.pick(['s', 't']);
  const partId = random.pick(['p', 'q', 'r']);
  const dice = random.below(10);
  if (dice < 5) {
    const items = random.shuffled(['nut', 'bolt', 'screw']).slice(random.below(4));
    return part(partId, random.below(5) - 1, { thingId, colour: random.pick(['', 'red', 'blue']), items });
  }
  if (dice === 5) return [moved, { thingId, fromPart: partId, toPart: random.pick(['p', 'q', 'r']) }];
  if (dice === 6) return [emptied, { thingId }];
  if (dice === 7) return [dropped, { thingId, partId }];
  return [polished, { partId, amount: 7 }];
}
