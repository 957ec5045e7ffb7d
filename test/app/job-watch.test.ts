import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobWatch } from '../../app/groups/job-watch.ts';
import { TributaryError } from '../../core/errors.ts';
import { trackProgress } from '../../jobs/index.ts';
import { learningPlatform } from '../../modules/learning.ts';
import type { Committed, GroupLag, LogRecord } from '../../topics/log/transport.ts';

/** One partition: the committed offset of the group, and the end of the log. */
type Place = readonly [committed: number | undefined, end: number];

const BEGIN = 3;
const LOGGED = 40_000;

/** A watch over a log with the given offsets. The test may change the offsets and the time. */
function watchOf(first: readonly Place[]) {
  const state = { places: first, now: 100_000, looks: 0, error: undefined as TributaryError | undefined };
  const transport = {
    async lag(): Promise<GroupLag[]> {
      state.looks += 1;
      if (state.error !== undefined) throw state.error;
      return state.places.map(([committed, end], partition) => {
        return { partition, begin: BEGIN, end, committed, lag: end - (committed ?? BEGIN) };
      });
    },
    async committed(): Promise<Committed[]> {
      return state.places.map(([offset]) => ({ offset, metadata: '', foreign: false }));
    },
    async read(_topic: string, partition: number, offset: number) {
      return [{ partition, offset, timestamp: LOGGED } as LogRecord];
    },
  };
  const watch = new JobWatch({
    stores: { transport, tables: { generations: async () => undefined } } as never,
    platform: learningPlatform,
    failed: new Map(),
    works: [trackProgress],
    clock: { now: () => state.now, elapsed: () => state.now },
  });
  const job = async () => (await watch.current()).jobs[0] ?? assert.fail('there is none');
  return { state, job };
}

test('the rate is how far the committed offsets came since the look before, in all partitions together', async () => {
  const { state, job } = watchOf([
    [10, 50],
    [20, 20],
  ]);
  const { lag, lagMs, rate, partitions } = await job();
  assert.deepEqual([lag, lagMs, rate], [40, state.now - LOGGED, null]);
  assert.deepEqual([partitions[1]?.lagMs, partitions[1]?.committed], [null, 20]);
  state.now += 4_000;
  state.places = [
    [30, 50],
    [40, 40],
  ];
  const later = await job();
  assert.deepEqual([later.lag, later.rate, later.partitions.map((each) => each.rate)], [20, 10, [5, 5]]);
});

test('nothing is said of a group that went back, nor after a long time', async () => {
  const { state, job } = watchOf([[10, 50]]);
  await job();
  state.now += 4_000;
  state.places = [[5, 50]];
  assert.equal((await job()).rate, null);
  state.now += 600_000;
  state.places = [[50, 50]];
  assert.equal((await job()).rate, null);
});

test('a group that never committed begins with the first record there is', async () => {
  const { state, job } = watchOf([[undefined, 50]]);
  assert.equal((await job()).partitions[0]?.committed, null);
  state.now += 2_000;
  state.places = [[13, 50]];
  assert.equal((await job()).rate, 5);
});

test('all who ask within two seconds share one look, and after a failure the next one looks again', async () => {
  const { state, job } = watchOf([[10, 50]]);
  await Promise.all([job(), job(), job()]);
  state.now += 1_999;
  await job();
  assert.equal(state.looks, 1);
  state.now += 1;
  state.error = new TributaryError('LOG_AWAY', 'it is away');
  await assert.rejects(Promise.all([job(), job()]), { code: 'LOG_AWAY' });
  assert.equal(state.looks, 2);
  state.error = undefined;
  assert.equal((await job()).lag, 40);
});
