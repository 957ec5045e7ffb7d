/** The contract of the port behind `topics verify` and `topics apply`: see `topics/log/admin.ts`. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { TopicsAdmin, WantedTopic } from '../../topics/log/admin.ts';
import { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import { formatProgress, nothing, parseProgress } from '../../topics/log/progress.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { FOR_EVER } from '../harness/retention.ts';
import { joined, record, take } from './transport-members.ts';

const retentionMs = FOR_EVER;
const wanted = (about: Partial<WantedTopic> = {}): WantedTopic => ({
  name: `orders-${randomUUID()}`,
  partitions: 2,
  retentionMs,
  groups: ['count'],
  ...about,
});
/** The metadata that an owner commits for a topic with two partitions, with these dedupe positions by upstream line. */
function progressWith(seen: Readonly<Record<string, number>>): string {
  const dedupe = DedupePositions.none();
  for (const [line, offset] of Object.entries(seen)) dedupe.pass({ line, offset, index: 0 });
  return formatProgress({ ...nothing(), token: 1, partitions: 2, base: 2, dedupe }, 0);
}
const kinds = (found: readonly { kind: string; action: string }[]) =>
  found.map(({ kind, action }) => `${kind} ${action}`);

export function topicsContract(
  name: string,
  make: (t: TestContext) => Promise<{ topics: TopicsAdmin; transport: Transport }>,
): void {
  const topicsTest = (
    title: string,
    body: (under: { topics: TopicsAdmin; transport: Transport }) => Promise<void>,
  ): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };

  topicsTest('missing topics are created, and then nothing differs', async ({ topics, transport }) => {
    const topic = wanted();
    assert.deepEqual(kinds(await topics.verify([topic])), ['missing create']);
    assert.deepEqual(await transport.describe([topic.name]), [], 'verifying creates nothing');
    assert.deepEqual(kinds(await topics.apply([topic])), ['missing create']);
    assert.equal((await transport.describe([topic.name]))[0]?.partitions.length, 2);
    assert.deepEqual(await topics.apply([topic]), []);
    assert.deepEqual(await topics.verify([]), []);
  });

  topicsTest(
    'a topic is expanded when nobody reads it and nothing is left, and never made smaller',
    async ({ topics, transport }) => {
      const topic = wanted();
      await topics.apply([topic]);
      const [offset] = await transport.produce([record(topic.name, 0)]);
      const larger = { ...topic, partitions: 4 };
      assert.deepEqual(kinds(await topics.apply([larger])), ['partitions reported'], 'something is left to read');

      const member = await joined(transport, 'count', topic.name);
      const claim = await member.membership.claim(0);
      await take(claim, 1);
      await claim.commit({ records: [], offset: (offset as number) + 1, metadata: '' });
      const [busy] = await topics.apply([larger]);
      assert.match(busy?.message ?? '', /the group count has 1 members and a lag of 0/);

      await member.membership.leave();
      assert.deepEqual(kinds(await topics.verify([larger])), ['partitions expand']);
      assert.equal((await transport.describe([topic.name]))[0]?.partitions.length, 2, 'verifying expands nothing');
      assert.deepEqual(kinds(await topics.apply([larger])), ['partitions expand']);
      assert.equal((await transport.describe([topic.name]))[0]?.partitions.length, 4);
      assert.deepEqual(kinds(await topics.apply([topic])), ['partitions reported']);
      assert.equal((await transport.describe([topic.name]))[0]?.partitions.length, 4);

      await transport.produce([record(topic.name, 3)]);
      const after = await joined(transport, 'count', topic.name);
      const added = await after.membership.claim(3);
      assert.equal((await take(added, 1)).length, 1, 'what lies in an added partition is read');
      await after.membership.leave();
    },
  );

  topicsTest(
    'each partition of an expanded topic continues at its offset with the largest metadata of all',
    async ({ topics, transport }) => {
      const topic = wanted();
      await topics.apply([topic]);
      const member = await joined(transport, 'count', topic.name);
      const lines = [
        { 'job/other/0': 5, 'job/other/1': 7 },
        { 'job/other/1': 3, 'job/other/2': 4 },
      ];
      for (const [partition, seen] of lines.entries()) {
        const claim = await member.membership.claim(partition);
        await claim.commit({ records: [], offset: 0, metadata: progressWith(seen) });
      }
      await member.membership.leave();
      await topics.apply([{ ...topic, partitions: 4 }]);
      const committed = await transport.committed('count', topic.name);
      const found = committed.map(({ offset, metadata }) => ({ offset, ...parseProgress(metadata, offset as number) }));
      for (const { offset, partitions, base, dedupe } of found) {
        assert.deepEqual([offset, partitions, base], [0, 4, 2]);
        assert.deepEqual(
          dedupe.toString(),
          parseProgress(progressWith({ 'job/other/0': 5, 'job/other/1': 7, 'job/other/2': 4 }), 0).dedupe.toString(),
        );
      }
      await topics.apply([{ ...topic, partitions: 4 }]);
      assert.deepEqual(await transport.committed('count', topic.name), committed, 'once');
    },
  );

  topicsTest('another retention is reported and left unchanged', async ({ topics }) => {
    const topic = wanted();
    await topics.apply([topic]);
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(kinds(await topics.apply([{ ...topic, retentionMs: 5000 }])), ['retention reported']);
    }
    assert.deepEqual(await topics.verify([topic]), []);
  });
}
