import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { lookup } from '../../../jobs/define.ts';
import { LookupCache, lookupId } from '../../../jobs/runtime/lookups.ts';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { added, addUp, changed, owners, polished } from './add-up.ts';
import { type Bench, bench, rest, START, thingIn } from './bench.ts';
import type { Hook } from './intercept.ts';

const add = (thingId: string, partId = 'p') => [added, { thingId, partId, amount: 1 }] as const;

/** Counts the reads of owners, and the keys of each. */
function counted() {
  const reads: number[] = [];
  const hook: Hook = async (name, go, args) => {
    if (name === 'tables.read' && args[0] === owners) reads.push((args[1] as unknown[]).length);
    return go();
  };
  return { reads, hook };
}

const ownerOf = async (b: Bench, thing: string, part = 'p') => (await b.row(thing, part))?.owner;

test('a row that is looked up is cached for the configured time, and read again after it', async (t) => {
  const b = await bench(t);
  const { reads, hook } = counted();
  await b.owner('t', 'ada', 1);
  const worker = await b.worker(0, { hook, settings: { lookupMs: 1000 } });
  const applied = async () => {
    await b.produce(add('t'));
    await rest([worker]);
    return ownerOf(b, 't');
  };
  assert.equal(await applied(), 'ada');
  await b.owner('t', 'ben', 2);
  b.clock.advance(999);
  assert.equal(await applied(), 'ada');
  b.clock.advance(1);
  assert.equal(await applied(), 'ben');
  assert.deepEqual(reads, [1, 1]);
});

test('a clock that is set back does not extend the time', async (t) => {
  const b = await bench(t);
  b.clock.setWall(START + 365 * 86_400_000);
  await b.owner('t', 'ada', 1);
  const worker = await b.worker(0, { settings: { lookupMs: 1000 } });
  await b.produce(add('t'));
  await rest([worker]);
  b.clock.setWall(START);
  await b.owner('t', 'ben', 2);
  b.clock.advance(1000);
  await b.produce(add('t'));
  await rest([worker]);
  assert.equal(await ownerOf(b, 't'), 'ben');
});

test('a missing row is undefined, is cached as such, and is seen when it exists', async (t) => {
  const b = await bench(t);
  const { reads, hook } = counted();
  const worker = await b.worker(0, { hook, settings: { lookupMs: 1000 } });
  await b.produce(add('t'), add('t', 'q'));
  await rest([worker]);
  assert.equal(await ownerOf(b, 't'), '');
  await b.owner('t', 'ada');
  b.clock.advance(1000);
  await b.produce(add('t'));
  await rest([worker]);
  assert.equal(await ownerOf(b, 't'), 'ada');
  assert.deepEqual(reads, [1, 1]);
});

test('all rows that a batch looks up are read in one call', async (t) => {
  const b = await bench(t);
  const { reads, hook } = counted();
  await b.produce(...['a', 'b', 'c', 'a', 'b'].map((thing) => add(thing)));
  await b.run({ hook });
  assert.deepEqual(reads, [3]);
});

test('a broadcast makes everything be read again, for its own batch and later ones', async (t) => {
  const b = await bench(t);
  const { reads, hook } = counted();
  const job = changed({
    fold: {
      'thing.polished': (row, _event, { owner }) => row && { ...row, owner: String(owner?.['owner']) },
    },
  });
  await b.owner('a', 'ada', 1);
  await b.owner('b', 'ada', 2);
  const worker = await b.worker(0, { job, hook, settings: { lookupMs: 1_000_000 } });
  await b.produce(add('a'), add('b'));
  await rest([worker]);
  await b.owner('a', 'ben', 3);
  await b.owner('b', 'ben', 4);
  await b.produce([polished, { partId: 'p', amount: 1 }]);
  await rest([worker]);
  assert.deepEqual([await ownerOf(b, 'a'), await ownerOf(b, 'b')], ['ben', 'ben']);
  await b.produce(add('a', 'q'));
  await rest([worker]);
  assert.equal(await ownerOf(b, 'a', 'q'), 'ben');
  assert.deepEqual(reads, [2, 2]);
});

test('all partitions of a job share the cache; a new claim starts without it', async (t) => {
  const b = await bench(t, { partitions: 2 });
  const { reads, hook } = counted();
  const job = changed({ lookups: () => ({ owner: lookup(owners, { thingId: 'shared' }) }) });
  await b.owner('shared', 'ada');
  const runtime = b.runtime({ hook, settings: { lookupMs: 1_000_000 } });
  const kept = new LookupCache(runtime.stores.tables, 1_000_000, () => b.clock.elapsed());
  const listener = { assigned: () => {}, revoked: async () => {} };
  const membership = await runtime.stores.transport.join(job.name, job.from.name, listener);
  const workers = [0, 1].map((partition) => ownerOfRows({ job, partition, membership, runtime, lookups: kept }));
  await rest(workers);
  const things = [thingIn(b, 0), thingIn(b, 1)];
  await b.produce(...things.map((thing) => add(thing)));
  await rest(workers);
  assert.deepEqual(await Promise.all(things.map((thing) => ownerOf(b, thing))), ['ada', 'ada']);
  assert.deepEqual(reads, [1]);
  await b.owner('shared', 'ben', 2);
  await b.stores.transport.seek(job.name, job.from.name, { partition: 0, offset: 0 });
  await rest(workers);
  await b.produce(...things.map((thing) => add(thing)));
  await rest(workers);
  assert.deepEqual(await Promise.all(things.map((thing) => ownerOf(b, thing))), ['ben', 'ben']);
});

test('two tenants look up rows of their own', async (t) => {
  const b = await bench(t);
  await b.owner('t', 'ada');
  await b.produce(add('t'), [added, { thingId: 't', partId: 'p', amount: 1 }, { tenant: 'other' }]);
  await b.run();
  const [row] = await b.stores.tables.read(addUp.row, [['other', 't', 'p']]);
  assert.deepEqual([await ownerOf(b, 't'), row?.data?.['owner']], ['ada', '']);
});

test('no two lookups have the same id, whatever a job asks for', () => {
  const keys = [
    ['a', 'b\0c'],
    ['a\0b', 'c'],
    ['a:1', 'b'],
    ['a', '1:b'],
    ['', 'a'],
    ['a', ''],
  ] as const;
  const ids = keys.map(([thingId, partId]) => lookupId('default', lookup(addUp.row, { thingId, partId })));
  assert.equal(new Set(ids).size, keys.length);
});

// ---- the cache itself ----

async function cache(t: TestContext, owned: number) {
  const b = await bench(t);
  const { reads, hook } = counted();
  for (let n = 0; n < owned; n++) await b.owner(`t-${n}`, `owner-${n}`);
  const kept = new LookupCache(b.runtime({ hook }).stores.tables, 1000, () => START);
  const load = async (...names: number[]) => {
    const wanted = names.map((n) => lookup(owners, { thingId: `t-${n}` }));
    const found = await kept.load(new Map(wanted.map((each) => [lookupId('default', each), ['default', each]])));
    return wanted.map((each) => found.get(lookupId('default', each))?.['owner']);
  };
  return { kept, load, reads };
}

test('a batch has everything it loaded, even if that is more than is cached', async (t) => {
  const { load, reads } = await cache(t, 3);
  const many = Array.from({ length: 2500 }, (_, n) => n);
  const found = await load(...many);
  assert.deepEqual(found.slice(0, 4), ['owner-0', 'owner-1', 'owner-2', undefined]);
  assert.equal(found.length, 2500);
  await load(2499, 500);
  assert.deepEqual(reads, [2500], 'the newest are kept');
  await load(0, 499);
  assert.deepEqual(reads, [2500, 2], 'the oldest are not');
});

test('a read that was under way when the cache was cleared is not cached', async (t) => {
  const { kept, load, reads } = await cache(t, 1);
  const loading = load(0);
  kept.forget();
  assert.deepEqual(await loading, ['owner-0']);
  await load(0);
  assert.deepEqual(reads, [1, 1]);
});
