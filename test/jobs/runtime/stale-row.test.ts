import assert from 'node:assert/strict';
import { test } from 'node:test';
import { added, things } from './add-up.ts';
import { bench } from './bench.ts';

test('an owner whose row is stale is fenced: it emits nothing and commits nothing', async (t) => {
  const b = await bench(t);
  await b.produce([added, { thingId: 't', partId: 'p', amount: 1 }]);
  const worker = await b.worker(0, {
    hook: async (name, go) => (name === 'tables.write' ? ['stale'] : go()),
  });
  assert.equal(await worker.turn(0), 'fenced');
  assert.deepEqual(await b.emitted(), []);
  const [partition] = await b.stores.transport.lag('add-up', things.name);
  assert.equal(partition?.committed, undefined);
});
