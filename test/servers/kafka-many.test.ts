/** A thousand partitions in one process. Only the requests that each partition needs grow with their number. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Connection from 'kafkajs/src/network/connection.js';
import { startKafka } from '../../servers/kafka.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import type { Claim, Membership } from '../../topics/log/transport.ts';
import { claimOf, record, take } from '../contracts/transport-members.ts';
import { FOR_EVER } from '../harness/retention.ts';
import { withTopic } from './kafka-topic.ts';

const PARTITIONS = 1000;

const folder = mkdtempSync(join(tmpdir(), 'tributary-kafka-'));
const server = await startKafka({ folder });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** The number of requests, by name. */
const asked = new Map<string, number>();
const { send } = Connection.prototype;
Connection.prototype.send = function counting(message) {
  const { apiName } = message.request;
  asked.set(apiName, (asked.get(apiName) ?? 0) + 1);
  return send.call(this, message);
};
/** The requests whose number is meaningful; those for heartbeats and fetches depend on time. */
function requests(): Record<string, number> {
  const found = Object.fromEntries(asked);
  asked.clear();
  for (const name of ['Heartbeat', 'Fetch', 'ApiVersions', 'JoinGroup', 'SyncGroup', 'DescribeTransactions'])
    delete found[name];
  return found;
}

test('a thousand partitions are claimed and committed by one process, which asks once for what they share', async (t) => {
  const transport = kafkaTransport({ url: server.url, patienceMs: 60_000 });
  t.after(() => transport.close());
  const topics = ['orders', 'payments'];
  const retentionMs = FOR_EVER;
  await transport.createTopics(topics.map((name) => ({ name, partitions: PARTITIONS / 2, retentionMs })));
  for (const topic of topics) {
    await transport.produce(Array.from({ length: PARTITIONS / 2 }, (_, partition) => record(topic, partition)));
  }
  const begun = performance.now();
  asked.clear();
  const groups = await Promise.all(topics.map((topic) => memberOf(topic)));
  t.diagnostic(`joined after ${seconds()}`);
  for (const round of ['first', 'second']) {
    const claims = (await Promise.all(groups.map(claimsOf))).flat();
    t.diagnostic(`${round}: claimed after ${seconds()}`);
    const ofClaims = requests();
    t.diagnostic(JSON.stringify(ofClaims));
    assert.equal(claims.length, PARTITIONS);
    const { InitProducerId = 0, ...shared } = ofClaims;
    assert.ok(InitProducerId >= PARTITIONS);
    // Shared with other requests made at the same time, or sent once for all partitions.
    const most = {
      FindCoordinator: 20,
      GroupCoordinator: 0,
      Metadata: 20,
      ListOffsets: PARTITIONS,
      OffsetFetch: PARTITIONS,
    };
    for (const [name, count] of Object.entries(shared)) {
      assert.ok(count <= (most[name as keyof typeof most] ?? 0), `${name}: ${count}`);
    }
    await Promise.all(claims.map((claim) => (round === 'first' ? take(claim, 1) : undefined)));
    t.diagnostic(`${round}: fetched after ${seconds()}`);
    const offset = round === 'first' ? 1 : 2;
    await Promise.all(
      claims.map((claim) => claim.look().then(() => claim.commit({ records: [], offset, metadata: round }))),
    );
    t.diagnostic(`${round}: committed after ${seconds()}`);
    const ofCommits = requests();
    t.diagnostic(JSON.stringify(ofCommits));
    for (const name of ['AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'])
      assert.ok((ofCommits[name] ?? 0) >= PARTITIONS);
    for (const topic of topics) {
      const committed = await transport.committed('count', topic);
      assert.deepEqual(new Set(committed.map(({ metadata }) => metadata)), new Set([round]));
    }
    asked.clear();
  }

  function seconds(): string {
    return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  }

  async function memberOf(topic: string): Promise<{ topic: string; membership: Membership; held: readonly number[] }> {
    const assigned = Promise.withResolvers<readonly number[]>();
    const listener = { assigned: assigned.resolve, revoked: async () => {} };
    const membership = await transport.join('count', topic, listener);
    return { topic, membership, held: await assigned.promise };
  }

  function claimsOf({ membership, held }: { membership: Membership; held: readonly number[] }): Promise<Claim[]> {
    return Promise.all(held.map((partition) => membership.claim(partition)));
  }
});

test('a look begins the transaction: the commit asks for nothing more, and a second look begins again', async (t) => {
  const transport = kafkaTransport({ url: server.url });
  t.after(() => transport.close());
  const claim = await claimOf(transport, 'look', await withTopic(transport), 0);
  asked.clear();
  await claim.look();
  await claim.commit({ records: [], offset: 1, metadata: '' });
  assert.deepEqual(requests(), { AddOffsetsToTxn: 1, TxnOffsetCommit: 1, EndTxn: 1 });
  // The broker acknowledges a part of a transaction without writing it, so that proves nothing.
  await claim.look();
  asked.clear();
  await claim.look();
  const { AddOffsetsToTxn = 0, ...others } = requests();
  assert.ok(AddOffsetsToTxn >= 1);
  assert.deepEqual(others, { EndTxn: 1 });
});
