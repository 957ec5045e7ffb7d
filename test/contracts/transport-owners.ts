/** The contract of the transport port for the owners of a partition, changes of its topic, and metadata. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { WantedTopic } from '../../topics/log/admin.ts';
import type { Claim, Transport } from '../../topics/log/transport.ts';
import { claimOf, codeOf, DAY, joined, keysOf, record, type TransportCases, take } from './transport-members.ts';

export function ownersContract(
  cases: TransportCases,
  { apply }: { apply(transport: Transport, wanted: WantedTopic): Promise<unknown> },
): void {
  cases('a look shows whether there is a newer claim, or the group was moved', async (transport, topic, group) => {
    const { membership } = await joined(transport, group, topic);
    const first = await membership.claim(0);
    const beside = await membership.claim(1);
    const second = await membership.claim(0);
    assert.equal(await codeOf(first.look()), 'FENCED');
    assert.equal(await codeOf(first.commit({ records: [record(topic, 2)], offset: 1, metadata: '' })), 'FENCED');
    await second.look();
    await beside.look();
    await transport.seek(group, topic, { partition: 0, offset: 3 });
    assert.equal(await codeOf(second.commit({ records: [record(topic, 2)], offset: 1, metadata: '' })), 'FENCED');
    const third = await membership.claim(0);
    await transport.seek(group, topic, { partition: 0, offset: 4 });
    assert.equal(await codeOf(third.look()), 'FENCED');
    assert.deepEqual(await transport.read(topic, 2, 0, 10), []);
    await beside.commit({ records: [], offset: 5, metadata: 'beside' });
    assert.deepEqual(
      (await transport.committed(group, topic)).map(({ offset }) => offset),
      [4, 5, undefined, undefined],
    );
  });

  cases('a claim can look and commit repeatedly', async (transport, topic, group) => {
    await transport.produce(['a', 'b', 'c'].map((key) => record(topic, 0, { key })));
    const { membership } = await joined(transport, group, topic);
    const claim = await membership.claim(0);
    for (let offset = 1; offset <= 3; offset++) {
      await claim.look();
      await claim.commit({ records: [record(topic, 1, { key: `k${offset}` })], offset, metadata: `${offset}` });
    }
    await claim.look();
    await claim.look();
    await claim.commit({ records: [], offset: 7, metadata: 'twice' });
    assert.deepEqual(keysOf(await transport.read(topic, 1, 0, 10)), ['k1', 'k2', 'k3']);
    assert.deepEqual((await membership.claim(0)).committed, { offset: 7, metadata: 'twice', foreign: false });
  });

  cases('a claim that ends after its look delays neither the next one nor readers', async (transport, topic, group) => {
    const { membership } = await joined(transport, group, topic);
    for (const [i, key] of ['a', 'b', 'c'].entries()) {
      const left = await membership.claim(0);
      await left.look();
      // One claim is closed. The other stays open, like that of an owner that died.
      if (i !== 1) await left.close();
      await transport.produce([record(topic, 0, { key })]);
      const next = await membership.claim(0);
      assert.deepEqual(next.committed.offset, i === 0 ? undefined : i);
      assert.equal((await take(next, 1)).length, 1);
      await next.commit({ records: [record(topic, 1, { key })], offset: i + 1, metadata: key });
      assert.equal(keysOf(await transport.read(topic, 1, 0, 10)).at(-1), key);
      assert.equal((await transport.committed(group, topic))[0]?.metadata, key);
    }
  });

  cases('a closed claim neither looks nor commits', async (transport, topic, group) => {
    const claim = await claimOf(transport, group, topic, 0);
    await claim.close();
    assert.equal(await codeOf(claim.look()), 'FENCED');
    assert.equal(await codeOf(claim.commit({ records: [], offset: 1, metadata: '' })), 'FENCED');
  });

  cases('a claim ends when its topic is expanded', async (transport, topic, group) => {
    const { membership } = await joined(transport, group, topic);
    const claims = [await membership.claim(0), await membership.claim(1), await membership.claim(2)] as const;
    const [shape] = await transport.shape([topic, `${topic}.missing`]);
    assert.equal(shape?.partitions, 4);
    for (const claim of claims) assert.deepEqual(claim.shape, shape);
    await membership.leave();
    await apply(transport, { name: topic, partitions: 6, retentionMs: DAY, groups: [group] });
    assert.equal(await ending(claims[0]), 'FENCED');
    assert.equal(await codeOf(claims[1].look()), 'FENCED');
    assert.equal(await codeOf(claims[2].commit({ records: [record(topic, 3)], offset: 1, metadata: '' })), 'FENCED');
    assert.deepEqual(await transport.read(topic, 3, 0, 10), []);
    const again = await joined(transport, group, topic);
    const claim = await again.membership.claim(5);
    assert.deepEqual(claim.shape, { ...shape, partitions: 6 });
    await claim.look();
    await claim.commit({ records: [], offset: 0, metadata: '' });
  });

  cases('the newest one of a name fences the others, and reads what they produced', async (transport, topic, group) => {
    const dead = await transport.exclusive(group, [topic]);
    const first = await transport.exclusive(group, [topic]);
    const beside = await transport.exclusive(`${group}-beside`, [topic]);
    assert.deepEqual(await first.produce([]), []);
    await first.produce([record(topic, 0, { key: 'a' }), record(topic, 1, { key: 'b' })]);
    await first.produce([record(topic, 0, { key: 'c' })]);
    const second = await transport.exclusive(group, [topic, `${topic}.missing`]);
    assert.deepEqual(keysOf(await transport.read(topic, 0, 0, 10)), ['a', 'c']);
    assert.equal(await codeOf(first.produce([record(topic, 0, { key: 'late' })])), 'FENCED');
    assert.equal(await codeOf(dead.produce([record(topic, 1, { key: 'late' })])), 'FENCED');
    await second.produce([record(topic, 0, { key: 'd' })]);
    await beside.produce([record(topic, 1, { key: 'e' })]);
    await transport.produce([record(topic, 2, { key: 'f' })]);
    const keys = await Promise.all([0, 1, 2].map(async (at) => keysOf(await transport.read(topic, at, 0, 10))));
    assert.deepEqual(keys, [['a', 'c', 'd'], ['b', 'e'], ['f']]);
  });

  cases('metadata of any length are returned with their offset', async (transport, topic, group) => {
    const { membership } = await joined(transport, group, topic);
    const metadataOf = [100_000, 10, 3000, 20_000].map((length) => randomBytes(length).toString('base64'));
    for (const [offset, metadata] of metadataOf.entries()) {
      const claim = await membership.claim(0);
      // The second commit repeats the first.
      for (let twice = 0; twice < 2; twice++) {
        await claim.commit({ records: [record(topic, 1), record(topic, 1)], offset, metadata });
        assert.deepEqual((await transport.committed(group, topic))[0], { offset, metadata, foreign: false });
      }
      assert.deepEqual((await membership.claim(0)).committed, { offset, metadata, foreign: false });
    }
    assert.equal((await transport.read(topic, 1, 0, 100)).length, 16);
  });

  cases('moving a group keeps long metadata, or takes the given ones', async (transport, topic, group) => {
    const long = randomBytes(50_000).toString('base64');
    const { membership } = await joined(transport, group, topic);
    await (await membership.claim(0)).commit({ records: [], offset: 5, metadata: long });
    await transport.seek(group, topic, { partition: 0, offset: 2 });
    assert.deepEqual((await transport.committed(group, topic))[0], { offset: 2, metadata: long, foreign: false });
    await transport.seek(group, topic, { partition: 0, offset: 3, metadata: 'given' });
    assert.deepEqual((await membership.claim(0)).committed, { offset: 3, metadata: 'given', foreign: false });
    await transport.seek(group, topic, { partition: 0, offset: 4, metadata: `${long}${long}` });
    assert.deepEqual((await membership.claim(0)).committed, { offset: 4, metadata: `${long}${long}`, foreign: false });
  });
}

/** The error code with which fetching from the claim ends. */
async function ending(claim: Claim): Promise<string | undefined> {
  for (;;) {
    const code = await codeOf(claim.fetch({ maxRecords: 10, waitMs: 50 }));
    if (code !== undefined) return code;
  }
}
