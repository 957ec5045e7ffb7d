import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { GroupProgress } from '../../../jobs/runtime/offsets/group-progress.ts';
import { runJob } from '../../../jobs/runtime/rows/run.ts';
import { formatProgress, nothing } from '../../../topics/log/progress.ts';
import type { Committed, Transport } from '../../../topics/log/transport.ts';
import { added, addUp, things } from './add-up.ts';
import { bench, thingIn } from './bench.ts';
import { intercept } from './intercept.ts';

/** A group whose committed offsets are answered by the test. */
function group() {
  const readings: PromiseWithResolvers<Committed[]>[] = [];
  const committed = () => {
    const reading = Promise.withResolvers<Committed[]>();
    readings.push(reading);
    return reading.promise;
  };
  const transport = { committed } as unknown as Transport;
  return { progress: new GroupProgress('job', 'topic', transport), readings };
}

const committedWith = (base: number): Committed[] => [
  { offset: 3, metadata: formatProgress({ ...nothing(), base }, 3), foreign: false },
  { offset: undefined, metadata: '', foreign: false },
];
const turn = () => new Promise(setImmediate);

test('a request during a reading of the group gets the next reading, shared by all such requests', async () => {
  const { progress, readings } = group();
  const first = progress.read();
  await turn();
  const second = progress.read();
  const third = progress.read();
  await turn();
  assert.equal(readings.length, 1, 'one at a time');
  readings[0]?.resolve(committedWith(6));
  assert.deepEqual(
    (await first).map(({ offset, progress }) => [offset, progress.base]),
    [
      [3, 6],
      [undefined, 0],
    ],
  );
  await turn();
  // This was committed after the first reading and before the other requests.
  readings[1]?.resolve(committedWith(4));
  assert.equal((await second)[0]?.progress.base, 4);
  assert.equal(await second, await third);
  const fourth = progress.read();
  await turn();
  assert.equal(readings.length, 3, 'an answer is not kept');
  readings[2]?.resolve(committedWith(4));
  await fourth;
});

test('a reading that fails fails its own requests, and no others', async () => {
  const { progress, readings } = group();
  const first = progress.read();
  await turn();
  const second = progress.read();
  readings[0]?.reject(new TributaryError('LOG_AWAY', 'nobody there'));
  await assert.rejects(first, { code: 'LOG_AWAY' });
  await turn();
  readings[1]?.resolve(committedWith(2));
  assert.equal((await second)[0]?.progress.base, 2);
});

test('partitions that are first claimed at the same time read the group a few times, not once each', async (t) => {
  const partitions = 50;
  const b = await bench(t, { partitions });
  const names = Array.from({ length: partitions }, (_, partition) => thingIn(b, partition));
  await b.produce(...names.map((thingId) => [added, { thingId, partId: 'p', amount: 1 }] as const));
  let readings = 0;
  const stores = intercept(b.stores, async (name, go) => {
    if (name === 'transport.committed') readings += 1;
    return go();
  });
  const claimed = Promise.withResolvers<void>();
  let left = partitions;
  const telemetry = {
    tell: ({ kind }: { kind: string }) => {
      if (kind === 'batch' && --left === 0) claimed.resolve();
    },
  };
  const running = await runJob(addUp, { ...b.runtime(), stores, telemetry });
  await claimed.promise;
  await running.stop();
  assert.ok(readings > 0 && readings < partitions / 5, `${readings} readings`);
  const committed = await b.stores.transport.committed(addUp.name, things.name);
  assert.ok(committed.every(({ offset }) => offset === 1));
});
