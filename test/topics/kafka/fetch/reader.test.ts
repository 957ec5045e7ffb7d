import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader } from '../../../../topics/kafka/fetch/reader.ts';
import { encodeBatch } from '../../../../topics/kafka/wire/batch-writer.ts';
import type { Fetched } from '../../../../topics/kafka/wire/calls/fetch.ts';

/** A response with one batch of `count` records of this many bytes. */
function fetched(count: number, bytes: number): Fetched {
  const one = { topic: 'orders', partition: 0, key: null, value: Buffer.alloc(bytes), headers: {}, timestamp: 0 };
  const records = encodeBatch(Array(count).fill(one), { id: '1', epoch: 0, sequence: 0, transactional: false }, 'none');
  return { topic: 'orders', partition: 0, error: 0, highWatermark: 9, lastStable: 9, begin: 0, aborted: [], records };
}

test('a batch counts in the size until its last record was taken, without another take', () => {
  for (const [count, bytes, takes] of [
    [1, 6_000_000, [1]],
    [4, 1000, [2, 2]],
  ] as const) {
    const reader = new Reader({ topic: 'orders', partition: 0, offset: 0 });
    reader.accept(fetched(count, bytes));
    for (const [i, most] of takes.entries()) {
      assert.ok(reader.bytes >= bytes, `before take ${i}`);
      assert.equal(reader.take(most).length, most);
    }
    assert.equal(reader.bytes, 0);
    assert.equal(reader.past(count), count);
    assert.deepEqual(reader.take(1), []);
  }
});
