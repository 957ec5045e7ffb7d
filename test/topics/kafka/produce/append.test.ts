import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionsOf, requests, split } from '../../../../topics/kafka/produce/append.ts';
import type { NewRecord } from '../../../../topics/log/transport.ts';

const made = (value: Buffer, partition = 0): NewRecord => ({
  topic: 'orders',
  partition,
  key: null,
  value,
  headers: {},
  timestamp: 0,
});

test('records are divided into batches of at most 900 kB and 5,000 records, in order', () => {
  const small = Array.from({ length: 12_000 }, (_, i) => made(Buffer.from(String(i))));
  assert.deepEqual(
    split(small).map(({ length }) => length),
    [5000, 5000, 2000],
  );
  assert.deepEqual(split(small).flat(), small);
  const large = [400_000, 400_000, 400_000, 2_000_000, 10].map((size) => made(Buffer.alloc(size)));
  assert.deepEqual(
    split(large).map(({ length }) => length),
    [2, 1, 1, 1],
  );
});

test('no request has more than 16 MiB, and one with a larger batch has nothing else', () => {
  const sends = [4, 4, 4, 20, 8, 8, 1].map((mib, partition) => ({
    batch: [made(Buffer.alloc(mib * 1024 * 1000), partition)],
  }));
  assert.deepEqual(
    requests(sends).map((each) => each.length),
    [3, 1, 2, 1],
  );
  assert.deepEqual(requests(sends).flat(), sends);
  assert.deepEqual(requests([]), []);
});

test('each partition is named once', () => {
  const records = [made(Buffer.alloc(0)), made(Buffer.alloc(0), 1), made(Buffer.alloc(0))];
  assert.deepEqual(partitionsOf(records), [
    { topic: 'orders', partition: 0 },
    { topic: 'orders', partition: 1 },
  ]);
});
