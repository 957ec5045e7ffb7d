import { test } from 'node:test';
import { progress } from '../../../reports/datasources/progress.ts';
import { learnerJoined, learnerLeft, learnerProgressed } from '../../../schemas/batch.ts';
import { datasourceSpec } from '../../../testing/datasource-spec.ts';
import { minute, type SpecEvent } from '../../../testing/job-spec.ts';

const at = (percent: number, batchId = 'spring') => ({
  batchId,
  courseId: 'algebra',
  userId: 'ada',
  progress: percent,
  state: 'in_progress',
});
const joins = (percent: number): SpecEvent => [learnerJoined, { ...at(percent), first: true }];
const leaves = (percent: number): SpecEvent => [learnerLeft, at(percent)];
const moves = (from: number, to: number, batchId?: string): SpecEvent => [
  learnerProgressed,
  { ...at(to, batchId), previousProgress: from, previousState: 'in_progress' },
];

const NOBODY = Object.fromEntries([0, 10, 20, 30, 40, 50, 60, 70, 80, 90].map((n) => [`at_${n}`, 0]));

test('learners enter one tenth and leave another', async (t) => {
  const spec = await datasourceSpec(t, progress);
  spec.when(joins(0), joins(5), moves(0, 9), moves(9, 10), moves(5, 100), joins(99), leaves(99));
  const of = { bucket: minute(0), course_id: 'algebra', batch_id: 'spring' };
  spec.thenRows({ ...of, ...NOBODY, learners: 2, at_10: 1, at_90: 1, gained: 105, reached: [9, 10, 100] });
});

test('the running sum of every tenth is the number of its learners', async (t) => {
  const spec = await datasourceSpec(t, progress);
  const later = ([def, data]: SpecEvent, n: number): SpecEvent => [def, data, { time: minute(n) }];
  spec.when(later(joins(42), 0), later(moves(42, 57), 20), later(moves(57, 49), 40), later(leaves(49), 60));
  spec.thenRows(
    { bucket: minute(0), learners: 1, at_40: 1, at_50: 0, gained: 0, reached: [] },
    { bucket: minute(15), learners: 0, at_40: -1, at_50: 1, gained: 15, reached: [57] },
    { bucket: minute(30), learners: 0, at_40: 1, at_50: -1, gained: -8, reached: [49] },
    { bucket: minute(60), learners: -1, at_40: -1, at_50: 0, gained: 0, reached: [] },
  );
});

test('batches are counted separately', async (t) => {
  const spec = await datasourceSpec(t, progress);
  spec.when(moves(0, 50, 'autumn'), moves(0, 50));
  spec.thenRows({ batch_id: 'autumn', at_50: 1 }, { batch_id: 'spring', at_50: 1 });
});
