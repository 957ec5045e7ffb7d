/** A derived event in a wrong partition, which happens if a topic is expanded while a job emits to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordsOf } from '../../../testing/produce.ts';
import { addUp, summed, sums } from './add-up.ts';
import { bench, START, thingIn } from './bench.ts';
import { countSums, sumCounts } from './count-sums.ts';

test('an event that was emitted twice into a wrong partition is forwarded and applied once', async (t) => {
  const b = await bench(t, { jobs: [addUp, countSums], partitions: 2 });
  const { codec, transport, tables } = b.stores;
  const thingId = thingIn(b, 1);
  const data = { thingId, partId: 'p', sum: 1 };
  const records = recordsOf(codec, { topic: sums, def: summed, data, id: 'repeated', time: START }, 2);
  const origin = 'add-up/thing.events/0/0/0';
  const misplaced = records.map((record) => ({
    ...record,
    partition: 0,
    headers: { ...record.headers, ce_origin: origin },
  }));
  await transport.produce(misplaced);
  await b.run();
  await transport.produce(misplaced);
  await b.run();
  const [row] = await tables.read(sumCounts, [['default', thingId]]);
  assert.equal(row?.data?.['times'], 1);
});
