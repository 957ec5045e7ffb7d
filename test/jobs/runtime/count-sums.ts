/** A job downstream of `addUp`. It counts an event twice if it is applied twice. */
import { defineTable } from '../../../core/target.ts';
import { defineJob } from '../../../jobs/define.ts';
import { summed, sums } from './add-up.ts';

export const sumCounts = defineTable({
  name: 'sum_counts',
  doc: 'How many sums of a thing were emitted.',
  key: ['thingId'],
  record: {
    type: 'record',
    name: 'SumCount',
    fields: [
      { name: 'thingId', type: 'string', doc: 'The thing.' },
      { name: 'times', type: 'long', doc: 'How many.' },
    ],
  },
});

export const countSums = defineJob({
  name: 'count-sums',
  doc: 'Counts the sums of each thing.',
  from: sums,
  on: [summed],
  to: [],
  row: sumCounts,
  key: ({ data }) => ({ thingId: data.thingId }),
  fold: {
    'sum.summed': (row, { data: { thingId } }) => ({ thingId, times: (row?.times ?? 0) + 1 }),
  },
});
