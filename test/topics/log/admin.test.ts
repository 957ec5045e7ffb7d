import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, type FoundTopic, type WantedTopic } from '../../../topics/log/admin.ts';
import { LARGEST_RECORD, MOST_AHEAD_MS } from '../../../topics/log/limits.ts';

const wanted: WantedTopic = { name: 'orders', partitions: 6, retentionMs: 1000, groups: ['count', 'sum'] };
const found: FoundTopic = { name: 'orders', partitions: 6, replication: 3, retentionMs: 1000, groups: [] };
const planned = (there: Partial<FoundTopic>, replication = -1) =>
  differences([wanted], [{ ...found, ...there }], replication).map(({ kind, action }) => [kind, action]);

test('a topic that matches its declaration has no differences', () => {
  assert.deepEqual(planned({}), []);
  assert.deepEqual(planned({}, 3), []);
});

test('a missing topic is created', () => {
  const [missing, ...others] = differences([wanted], [{ ...found, name: 'others' }], -1);
  assert.deepEqual([missing?.kind, missing?.action, others.length], ['missing', 'create', 0]);
});

test('a topic never gets fewer partitions', () => {
  assert.deepEqual(planned({ partitions: 8 }), [['partitions', 'reported']]);
});

test('a topic gets more partitions only when no group exists and none has anything left to read', () => {
  const idle = { name: 'count', members: 0, lag: 0 };
  assert.deepEqual(planned({ partitions: 4, groups: [idle] }), [['partitions', 'expand']]);
  for (const busy of [
    { name: 'sum', members: 1, lag: 0 },
    { name: 'sum', members: 0, lag: 1 },
  ]) {
    assert.deepEqual(planned({ partitions: 4, groups: [idle, busy] }), [['partitions', 'reported']]);
    const [difference] = differences([wanted], [{ ...found, partitions: 4, groups: [idle, busy] }], -1);
    assert.match(difference?.message ?? '', /the group sum has/);
  }
});

test('a topic that accepts less than is declared is reported, and so are dead letters that may be smaller than their records', () => {
  const [declared, larger] = [LARGEST_RECORD, LARGEST_RECORD + 1];
  assert.deepEqual(planned({ largestRecord: declared }), []);
  assert.deepEqual(planned({ largestRecord: larger }), []);
  assert.deepEqual(planned({ largestRecord: 1_048_588 }), [['limit', 'reported']]);
  const both = (records: number, deadLetters: number) =>
    differences(
      [wanted, { ...wanted, name: 'orders.dead-letter' }],
      [
        { ...found, largestRecord: records },
        { ...found, name: 'orders.dead-letter', largestRecord: deadLetters },
      ],
      -1,
    ).map(({ topic, message }) => [topic, /should take (\d+)/.exec(message)?.[1]]);
  assert.deepEqual(both(larger, larger), []);
  assert.deepEqual(both(declared, larger), []);
  assert.deepEqual(both(larger, declared), [['orders.dead-letter', String(larger)]]);
  assert.deepEqual(both(1000, 1000), [
    ['orders', String(declared)],
    ['orders.dead-letter', String(declared)],
  ]);
});

test('a topic that accepts records from the far future is reported; one with a stricter limit, or one that sets their time, is not', () => {
  const ANY_TIME = Number('9223372036854775807');
  assert.deepEqual(planned({ mostAheadMs: ANY_TIME }), [['ahead', 'reported']]);
  assert.deepEqual(planned({ mostAheadMs: MOST_AHEAD_MS + 1 }), [['ahead', 'reported']]);
  for (const mostAheadMs of [MOST_AHEAD_MS, 60_000, undefined]) assert.deepEqual(planned({ mostAheadMs }), []);
});

test('another retention and another replication are reported, and nothing else is done', () => {
  assert.deepEqual(planned({ retentionMs: -1 }), [['retention', 'reported']]);
  assert.deepEqual(planned({ replication: 1 }, 3), [['replication', 'reported']]);
  assert.deepEqual(planned({ replication: 1 }), [], "the brokers' default is whatever it is");
  assert.deepEqual(planned({ partitions: 7, retentionMs: 1, replication: 1 }, 3), [
    ['partitions', 'reported'],
    ['retention', 'reported'],
    ['replication', 'reported'],
  ]);
});
