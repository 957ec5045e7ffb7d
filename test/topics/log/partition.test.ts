import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur2, partitionOf, partitionOfText } from '../../../topics/log/partition.ts';

/** From UtilsTest.testMurmur2 of Apache Kafka. */
const VECTORS: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

test('murmur2 gives the hashes that Kafka publishes', () => {
  for (const [key, hash] of VECTORS) assert.equal(murmur2(Buffer.from(key)), hash, key);
});

test('a key is in the partition that the Java client would choose', () => {
  // toPositive(hash) % partitions: clears the sign bit instead of negating.
  for (const [key, hash] of VECTORS) {
    for (const partitions of [1, 6, 7, 64]) {
      const expected = Number(BigInt.asUintN(31, BigInt(hash)) % BigInt(partitions));
      assert.equal(partitionOf(Buffer.from(key), partitions), expected, `${key} of ${partitions}`);
    }
  }
});

test('keys of every length spread over all partitions', () => {
  const counts = Array(6).fill(0);
  for (let i = 0; i < 6000; i++) counts[partitionOf(Buffer.from('x'.repeat(i % 9) + i), 6)] += 1;
  for (const count of counts) assert.ok(count > 800 && count < 1200, `${counts}`);
});

test('a text is in the partition of its bytes in UTF-8, whatever it contains', () => {
  for (const key of ['', 'ada', 'ä', 'a\u{1F30A}', '\ud800', 'x'.repeat(512), 'x'.repeat(513), `${'x'.repeat(511)}é`]) {
    assert.equal(partitionOfText(key, 64), partitionOf(new TextEncoder().encode(key), 64), JSON.stringify(key));
  }
  for (let i = 0; i < 1000; i++)
    assert.equal(partitionOfText(`learner-${i}`, 7), partitionOf(Buffer.from(`learner-${i}`), 7));
});
