import { test } from 'node:test';
import { progress } from '../../../reports/datasources/progress.ts';
import { progressDistribution } from '../../../reports/definitions/progress-distribution.ts';
import { learnerJoined, learnerLeft, learnerProgressed } from '../../../schemas/batch.ts';
import type { SpecEvent } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';

const of = (userId: string, percent: number, batchId = 'spring') => ({
  batchId,
  courseId: batchId === 'spring' ? 'algebra' : 'latin',
  userId,
  progress: percent,
  state: percent === 0 ? 'not_started' : 'in_progress',
});
const at = (time: string) => ({ time: Date.parse(time) });
const joins = (userId: string, time: string, batchId?: string): SpecEvent => [
  learnerJoined,
  { ...of(userId, 0, batchId), first: true },
  at(time),
];
const moves = (userId: string, from: number, to: number, time: string): SpecEvent => [
  learnerProgressed,
  { ...of(userId, to), previousProgress: from, previousState: 'in_progress' },
  at(time),
];
const leaves = (userId: string, percent: number, time: string): SpecEvent => [
  learnerLeft,
  of(userId, percent),
  at(time),
];

/** The learners of each tenth, lowest first. */
const tenths = (...learners: number[]) => learners.map((count) => ({ learners: count }));

test('learners are where all changes until the day have brought them', async (t) => {
  const spec = await reportSpec(t, progressDistribution);
  await spec.events(
    progress,
    ...['a', 'b', 'c', 'd'].map((each) => joins(each, '2026-03-01T09:00:00Z')),
    moves('a', 0, 55, '2026-03-02T09:00:00Z'),
    moves('b', 0, 100, '2026-03-02T09:00:00Z'),
  );
  await spec.events(progress, moves('b', 100, 90, '2026-03-03T09:00:00Z'), leaves('a', 55, '2026-03-03T20:00:00Z'));
  await spec.thenRows({}, ...tenths(2, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  await spec.thenRows(
    { day: '2026-03-02' },
    { from_percent: 0, to_percent: 9, learners: 2, or_further: 4, share: 50 },
    { from_percent: 10, to_percent: 19, learners: 0, or_further: 2, share: 0 },
    ...tenths(0, 0, 0),
    { from_percent: 50, to_percent: 59, learners: 1, or_further: 2, share: 25 },
    ...tenths(0, 0, 0),
    { from_percent: 90, to_percent: 100, learners: 1, or_further: 1, share: 25 },
  );
  await spec.thenRows({ day: '2026-03-03', zone: 'Asia/Kolkata' }, ...tenths(2, 0, 0, 0, 0, 1, 0, 0, 0, 1));
  await spec.thenRows({ day: '2026-02-28' });
});

test('when everybody has left, nobody is anywhere and there are no shares', async (t) => {
  const spec = await reportSpec(t, progressDistribution);
  await spec.events(progress, joins('a', '2026-03-01T09:00:00Z'), leaves('a', 0, '2026-03-02T09:00:00Z'));
  await spec.thenRows({}, ...tenths(0, 0, 0, 0, 0, 0, 0, 0, 0, 0).map((row) => ({ ...row, share: null })));
});

test('one course or one batch is chosen, and without events there are no rows', async (t) => {
  const spec = await reportSpec(t, progressDistribution);
  await spec.thenRows({});
  const time = '2026-03-01T09:00:00Z';
  await spec.events(progress, joins('a', time), joins('a', time, 'autumn'), joins('b', time, 'autumn'));
  await spec.thenRows({}, ...tenths(3, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  await spec.thenRows({ courseId: 'latin' }, ...tenths(2, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  await spec.thenRows({ batchId: 'spring' }, ...tenths(1, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  await spec.thenRows({ batchId: "' or true --" });
});
