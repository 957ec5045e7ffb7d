import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { type DueRequest, DueTimers } from '../../../jobs/runtime/rows/timers/due.ts';
import type { Stores } from '../../../jobs/runtime/stores.ts';
import type { DueTimer } from '../../../sinks/tables/port.ts';
import { ManualClock, testRuntime } from '../../../testing/stores.ts';
import { parts } from './add-up.ts';

const now = (before: number, unusable = 0): DueRequest => ({ before, inBacklog: false, unusable });
const log = (before: number): DueRequest => ({ before, inBacklog: true, unusable: 0 });

/** A store with timers that are due at these times, by partition. */
function world(timers: Readonly<Record<number, readonly number[]>>, maxRecords = 100) {
  const searches: { partitions: readonly number[]; before: number; limit: number }[] = [];
  const clock = new ManualClock(0);
  const state: { gate: Promise<unknown>; fault: Error | undefined } = { gate: Promise.resolve(), fault: undefined };
  const tables = {
    async due(_table: unknown, partitions: readonly number[], before: number, limit: number): Promise<DueTimer[]> {
      searches.push({ partitions, before, limit });
      await state.gate;
      if (state.fault !== undefined) throw state.fault;
      const found = partitions.flatMap((partition) =>
        (timers[partition] ?? []).map((due) => ({ partition, key: [], name: 'tick', due })),
      );
      return found
        .filter(({ due }) => due <= before)
        .sort((a, b) => a.due - b.due)
        .slice(0, limit);
    },
  };
  const runtime = testRuntime({ tables } as unknown as Stores, { clock, settings: { timerMs: 1000, maxRecords } });
  const due = new DueTimers(parts, runtime);
  const take = async (partition: number, request: DueRequest) =>
    (await due.take(partition, request))?.timers.map((one) => one.due);
  return { searches, clock, state, due, take };
}

test('one search returns the timers of all partitions, and each takes its own, once', async () => {
  const { searches, clock, take } = world({ 0: [1, 5], 1: [2], 2: [3] });
  for (const partition of [0, 1, 2]) await take(partition, now(0));
  clock.advance(1000);
  assert.deepEqual(await take(1, now(4)), [2]);
  assert.deepEqual(await take(0, now(4)), [1]);
  assert.deepEqual(await take(2, now(2)), [], 'what is not due for it yet is not its own');
  assert.deepEqual(searches.at(-1), { partitions: [0, 1, 2], before: 4, limit: 100 });
  assert.equal(searches.length, 2);
  assert.equal(await take(1, now(9)), undefined);
});

test('at most one search is made in the interval, however many callers ask', async () => {
  const { searches, clock, take } = world({ 0: [0], 1: [0] });
  for (let ms = 0; ms < 10_000; ms += 100) {
    for (const partition of [0, 1]) await take(partition, now(ms));
    clock.advance(100);
  }
  assert.equal(searches.length, 10);
});

test('a partition that switches from the time of the log to that of the clock is not searched twice', async () => {
  const { searches, clock, take } = world({ 0: [0] });
  assert.deepEqual(await take(0, log(0)), [0]);
  assert.equal(await take(0, now(0)), undefined);
  clock.advance(1000);
  assert.deepEqual(await take(0, now(0)), [0]);
  assert.deepEqual(
    searches.map(({ partitions }) => partitions),
    [[0], [0]],
  );
});

test('partitions with a backlog are searched separately, so that their later timers fill no search of others', async () => {
  const { searches, take } = world({ 0: [1, 2, 3, 4, 5, 6, 7, 8], 1: [9] }, 4);
  assert.deepEqual(await take(0, log(2)), [1, 2]);
  assert.deepEqual(await take(1, now(10)), [9]);
  assert.deepEqual(
    searches.map(({ partitions, before }) => [partitions, before]),
    [
      [[0], 2],
      [[1], 10],
    ],
  );
});

test('a flood in one partition delays no other: where a search may be incomplete, each partition searches for itself', async () => {
  const { clock, take } = world({ 0: Array.from({ length: 50 }, (_, n) => n), 1: [60, 61] }, 10);
  for (const partition of [0, 1]) await take(partition, now(-1));
  clock.advance(1000);
  assert.deepEqual(await take(1, now(100)), [60, 61]);
  assert.equal((await take(0, now(100)))?.length, 10);
});

test('a search asks for as many more timers as could not be used', async () => {
  const { searches, clock, take } = world({});
  await take(0, now(0, 3));
  await take(1, now(0, 4));
  clock.advance(1000);
  await take(0, now(0, 3));
  assert.equal(searches.at(-1)?.limit, 107);
});

test('a caller that asks during a search waits for it; no other search is begun meanwhile', async () => {
  const { searches, clock, state, take } = world({ 0: [1], 1: [1] });
  for (const partition of [0, 1]) await take(partition, now(0));
  clock.advance(1000);
  const { promise, resolve } = Promise.withResolvers<void>();
  state.gate = promise;
  const first = take(0, now(1));
  clock.advance(5000);
  const second = take(1, now(1));
  const third = take(0, now(1));
  resolve();
  assert.deepEqual(await Promise.all([first, second, third]), [[1], [1], undefined]);
  assert.equal(searches.length, 2);
});

test('a search that failed is repeated for the next caller', async () => {
  const { clock, state, take } = world({ 0: [1], 1: [1] });
  for (const partition of [0, 1]) await take(partition, now(0));
  clock.advance(1000);
  state.fault = new TributaryError('TABLES_AWAY', 'nobody there');
  await assert.rejects(take(0, now(1)), { code: 'TABLES_AWAY' });
  state.fault = undefined;
  assert.deepEqual(await take(0, now(1)), [1]);
  assert.deepEqual(await take(1, now(1)), [1]);
});

test('a partition that was given away is not searched', async () => {
  const { searches, clock, due, take } = world({});
  for (const partition of [0, 1]) await take(partition, now(0));
  due.leave(1);
  clock.advance(1000);
  await take(0, now(0));
  assert.deepEqual(searches.at(-1)?.partitions, [0]);
});

test('what happens during a search is left to a later one', async () => {
  const { clock, state, due } = world({ 0: [1] });
  const { promise, resolve } = Promise.withResolvers<void>();
  state.gate = promise;
  const taking = due.take(0, now(1));
  const begun = due.begun();
  resolve();
  assert.equal((await taking)?.search, begun);
  clock.advance(1000);
  assert.ok(((await due.take(0, now(1)))?.search ?? 0) > begun);
});
