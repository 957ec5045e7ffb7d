import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semaphore } from '../../../../topics/kafka/produce/semaphore.ts';

test('the number of concurrent calls is limited, in the order of arrival, and a failing call releases its permit too', async () => {
  const semaphore = new Semaphore(2);
  const begun: number[] = [];
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const all = ends.map(({ promise }, i) =>
    semaphore.run(async () => {
      begun.push(i);
      await promise;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.reject(new Error('failed'));
  await assert.rejects(all[1] as Promise<void>, /failed/);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { resolve } of ends) resolve();
  await Promise.all([all[0], all[2], all[3]]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});
