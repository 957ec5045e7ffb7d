import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../../../core/finding.ts';
import {
  copiesFound,
  metadataFound,
  requestsFound,
  rightsFinding,
  versionFound,
} from '../../../../topics/kafka/admin/diagnose.ts';

const brief = ({ state, message }: Finding) => `${state}: ${message}`;

test('the release of a broker is derived from the versions that it offers', () => {
  const release = (lowest: number, highest: number) =>
    brief(
      versionFound(
        [
          { key: 3, lowest: 0, highest: 99 },
          { key: 1, lowest, highest },
        ],
        3,
      ),
    );
  assert.equal(release(4, 18), 'ok: Kafka 4.1 or newer, 3 brokers');
  assert.equal(release(4, 17), 'ok: Kafka 4.0, 3 brokers');
  assert.equal(release(0, 17), 'ok: Kafka 3.8, 3.9 or 4.0, 3 brokers');
  assert.equal(release(0, 16), 'ok: Kafka 3.7, 3 brokers');
  assert.equal(release(0, 15), 'ok: Kafka 3.5 or 3.6, 3 brokers');
  assert.equal(release(0, 13), 'problem: Kafka, older than 3.5, 3 brokers');
  assert.equal(brief(versionFound([], 1)), 'problem: Kafka, older than 3.5, 1 broker');
});

test('brokers that accept smaller requests than ours are a problem', () => {
  const mib = 1024 * 1024;
  assert.deepEqual(requestsFound(undefined), []);
  assert.deepEqual(requestsFound(100 * mib), []);
  assert.deepEqual(requestsFound(20 * mib).map(brief), [
    `problem: brokers accept requests of up to ${20 * mib} bytes, and a write may have ${25 * mib}`,
  ]);
});

test('a single replica of anything is a warning', () => {
  const [offsets, transactions] = ['offsets.topic.replication.factor', 'transaction.state.log.replication.factor'];
  const settings = (a: number, b: number) =>
    new Map([
      [offsets, a],
      [transactions, b],
    ] as [string, number][]);
  assert.deepEqual(copiesFound(settings(3, 3), 3, 3).map(brief), ['ok: every topic has 3 or more']);
  assert.deepEqual(copiesFound(settings(3, 3), 3, Number.POSITIVE_INFINITY), [], 'there are no topics yet');
  assert.deepEqual(copiesFound(new Map(), 3, 2).map(brief), ['ok: every topic has 2 or more'], 'settings unknown');
  assert.deepEqual(copiesFound(settings(3, 1), 3, 3).map(brief), [`warning: ${transactions} is 1`]);
  assert.deepEqual(copiesFound(settings(3, 3), 1, 1).map(brief), [
    'warning: the topics have 1 copy, there is 1 broker',
  ]);
});

test('metadata near the limit of the brokers are a warning, unless there is a topic for longer ones', () => {
  assert.equal(metadataFound(2457, 4096, false).state, 'ok');
  assert.equal(metadataFound(2458, 4096, false).state, 'warning');
  assert.equal(metadataFound(2458, 4096, true).state, 'ok');
  assert.equal(metadataFound(2458, 32_768, false).state, 'ok');
  assert.equal(metadataFound(0, 100, true).state, 'problem');
});

test('the missing rights are listed', () => {
  const none = { read: [], write: [], join: [], transact: [] };
  assert.equal(rightsFinding(none).state, 'ok');
  const { state, message } = rightsFinding({ read: ['a'], write: ['a', 'b'], join: ['g'], transact: ['t'] });
  assert.equal(state, 'problem');
  assert.equal(
    message,
    'missing: Read on the topics a; Write on the topics a, b; Read on the groups g; Write on transactional ids with the prefix tributary',
  );
});
