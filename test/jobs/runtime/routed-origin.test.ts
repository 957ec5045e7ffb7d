/** A derived event in a wrong partition, as when its topic was expanded while a job was emitting to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineTable } from '../../../core/target.ts';
import { defineJob } from '../../../jobs/define.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { addUp, summed, sums } from './add-up.ts';
import { bench, START, thingIn } from './bench.ts';

const heard = defineTable({
  name: 'heard',
  doc: 'How often a thing was spoken of.',
  key: ['thingId'],
  record: {
    type: 'record',
    name: 'Heard',
    fields: [
      { name: 'thingId', type: 'string', doc: 'A text.' },
      { name: 'times', type: 'long', doc: 'A number.' },
    ],
  },
});

const listen = defineJob({
  name: 'listen',
  doc: 'Counts the sums of each thing.',
  from: sums,
  on: [summed],
  to: [],
  row: heard,
  key: ({ data }) => ({ thingId: data.thingId }),
  fold: {
    'sum.summed': (row, { data: { thingId } }) => ({ thingId, times: (row?.times ?? 0) + 1 }),
  },
});

test('an event that was emitted twice into a wrong partition is forwarded and applied once', async (t) => {
  const b = await bench(t, { jobs: [addUp, listen], partitions: 2 });
  const { codec, transport, tables } = b.stores;
  const thingId = thingIn(b, 1);
  const data = { thingId, partId: 'p', sum: 1 };
  const records = recordsOf(codec, { topic: sums, def: summed, data, id: 'said', time: START }, 2);
  const origin = 'add-up/thing.events/0/0/0';
  const astray = records.map((record) => ({
    ...record,
    partition: 0,
    headers: { ...record.headers, ce_origin: origin },
  }));
  await transport.produce(astray);
  await b.run();
  await transport.produce(astray);
  await b.run();
  const [row] = await tables.read(heard, [['default', thingId]]);
  assert.equal(row?.data?.['times'], 1);
});
