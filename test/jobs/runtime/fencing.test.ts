import assert from 'node:assert/strict';
import { test } from 'node:test';
import { added, dropped, emptied } from './add-up.ts';
import { type Bench, bench, rest } from './bench.ts';
import { halt } from './intercept.ts';

const part = (partId: string, amount: number, colour = '') =>
  [added, { thingId: 't', partId, amount, colour, items: [partId] }] as const;

async function history(b: Bench): Promise<void> {
  await b.produce(
    part('p', 1, 'red'),
    part('q', 2, 'red'),
    part('p', 3, 'blue'),
    [emptied, { thingId: 't' }],
    [dropped, { thingId: 't', partId: 'q' }],
    part('p', 5),
  );
}

async function calmly(b: Bench): Promise<unknown> {
  await history(b);
  await b.run();
  return b.everything();
}

for (const call of [
  'codec.learn',
  'tables.read',
  'tables.write',
  'tables.apply',
  'cache.apply',
  'search.apply',
  'claim.commit',
]) {
  test(`an owner that resumes at ${call} after its successor has advanced can neither commit nor undo`, async (t) => {
    const expected = await calmly(await bench(t));
    const b = await bench(t);
    await history(b);
    const { hook, reached, goOn } = halt(call);
    const late = await b.worker(0, { hook, settings: { maxRecords: 3 } });
    const lateTurn = late.turn(0);
    await reached;
    await b.run({ settings: { maxRecords: 2 } });
    goOn();
    assert.equal(await lateTurn, 'fenced');
    assert.deepEqual(b.reported('fenced').length, 1);
    assert.deepEqual(await b.everything(), expected);
    await rest([late]);
    assert.deepEqual(await b.everything(), expected);
  });

  test(`an owner that resumes at ${call} before its successor has written anything cannot commit`, async (t) => {
    const expected = await calmly(await bench(t));
    const b = await bench(t);
    await history(b);
    const { hook, reached, goOn } = halt(call);
    const late = await b.worker(0, { hook, settings: { maxRecords: 3 } });
    const lateTurn = late.turn(0);
    await reached;
    const { hook: hookOfNext, reached: nextReached, goOn: nextGoOn } = halt('tables.read', 'after');
    const next = await b.worker(0, { hook: hookOfNext, settings: { maxRecords: 2 } });
    const nextTurn = next.turn(0);
    await nextReached;
    goOn();
    assert.equal(await lateTurn, 'fenced');
    nextGoOn();
    assert.equal(await nextTurn, 'worked');
    await rest([next]);
    assert.deepEqual(await b.everything(), expected);
  });
}

test('an owner that meets a newer token after its fence claims again, with a token newer still', async (t) => {
  const expected = await calmly(await bench(t));
  const b = await bench(t);
  await history(b);
  const { hook, reached, goOn } = halt('membership.claim');
  const slow = await b.worker(0, { hook, settings: { maxRecords: 2 } });
  const slowTurn = slow.turn(0);
  await reached;
  const quick = await b.worker(0, { settings: { maxRecords: 2 } });
  assert.equal(await quick.turn(0), 'worked');
  goOn();
  assert.equal(await slowTurn, 'worked');
  assert.deepEqual(
    b.reported('claimed').map(({ token, offset }) => [token, offset]),
    [
      [2, 0],
      [3, 2],
    ],
  );
  assert.equal(await quick.turn(0), 'fenced');
  await rest([slow]);
  assert.deepEqual(await b.everything(), expected);
});

test('a worker whose offset is moved by an operator continues from there, and applies nothing twice', async (t) => {
  const b = await bench(t);
  const expected = await calmly(b);
  const stopping = new AbortController();
  let moved = false;
  const worker = await b.worker(0, {
    hook: async (name, go) => {
      const answer = await go();
      if (name !== 'claim.fetch' || (answer as { records: [] }).records.length > 0) return answer;
      if (moved) stopping.abort();
      else await b.stores.transport.seek('add-up', 'thing.events', { partition: 0, offset: 0 });
      moved = true;
      return answer;
    },
  });
  await worker.run(stopping.signal);
  assert.deepEqual(
    b.telemetryEvents.slice(-4).map(({ kind }) => kind),
    ['fenced', 'claimed', 'batch', 'released'],
  );
  assert.equal(b.reported('batch').at(-1)?.skipped.repeated, 6);
  assert.deepEqual(await b.everything(), expected);
});
