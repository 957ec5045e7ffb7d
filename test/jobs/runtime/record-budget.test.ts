/** The limit on the records that a process holds in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { RecordBudget } from '../../../jobs/runtime/record-budget.ts';

test('the number of records never exceeds the budget, and all callers have a turn in the order of asking', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ asked: fc.nat(15), kept: fc.nat(15) }), { maxLength: 30 }),
      fc.scheduler(),
      async (batches, scheduler) => {
        const budget = new RecordBudget(10);
        const entered: number[] = [];
        let held = 0;
        const all = batches.map(async ({ asked, kept }, i) => {
          const mine = await budget.take(asked);
          let share = Math.min(asked, 10);
          held += share;
          entered.push(i);
          assert.ok(held <= 10, `${held} are held`);
          await scheduler.schedule(Promise.resolve(), `fetched ${i}`);
          mine.shrinkTo(kept);
          held -= share - Math.min(share, kept);
          share = Math.min(share, kept);
          await scheduler.schedule(Promise.resolve(), `done ${i}`);
          mine.release();
          held -= share;
        });
        await scheduler.waitFor(Promise.all(all));
        assert.deepEqual(entered, [...batches.keys()]);
        assert.equal(held, 0);
      },
    ),
  );
});

test('released records admit all callers that then fit', async () => {
  const budget = new RecordBudget(10);
  const first = await budget.take(10);
  const entered: string[] = [];
  const others = [3, 4, 5].map((records, i) => budget.take(records).then(() => entered.push(`${i}`)));
  await setImmediate();
  assert.deepEqual(entered, []);
  first.shrinkTo(2);
  await Promise.all(others.slice(0, 2));
  await setImmediate();
  assert.deepEqual(entered, ['0', '1'], 'two and three and four are nine, and five more are too many');
  first.release();
  await setImmediate();
  assert.deepEqual(entered, ['0', '1'], 'three and four and five are twelve');
});
