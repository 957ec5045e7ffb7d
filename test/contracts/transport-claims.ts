/** The contract of the transport port for claims, commits and members of a group. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { Claim, LogRecord } from '../../topics/log/transport.ts';
import { claimOf, codeOf, joined, keysOf, record, spread, type TransportCases, take } from './transport-members.ts';

export function claimsContract(cases: TransportCases): void {
  cases('a claim can read again from another offset, without committing', async (transport, topic, group) => {
    const offsets = await transport.produce(['a', 'b', 'c'].map((key) => record(topic, 0, { key })));
    const claim = await claimOf(transport, group, topic, 0);
    await take(claim, 3);
    claim.seek(offsets[1] as number);
    assert.deepEqual(keysOf(await take(claim, 2)), ['b', 'c']);
    assert.equal((await transport.lag(group, topic))[0]?.committed, undefined);
  });

  cases('a commit carries records, offset and metadata together', async (transport, topic, group) => {
    await transport.produce(['a', 'b', 'c'].map((key) => record(topic, 0, { key })));
    const member = await joined(transport, group, topic);
    const claim = await member.membership.claim(0);
    assert.deepEqual(claim.committed, { offset: undefined, metadata: '', foreign: false });
    const [first, second] = (await take(claim, 2)) as [LogRecord, LogRecord];

    const impossible = {
      records: [record(topic, 1), record(`${topic}.missing`, 0)],
      offset: second.offset,
      metadata: 'm0',
    };
    assert.equal(await codeOf(claim.commit(impossible)), 'TOPIC_MISSING');
    assert.deepEqual(await transport.read(topic, 1, 0, 10), []);
    assert.equal((await transport.lag(group, topic))[0]?.committed, undefined);

    const again = await member.membership.claim(0);
    assert.deepEqual(again.committed, { offset: undefined, metadata: '', foreign: false });
    const derived = [record(topic, 1, { key: 'x' }), record(topic, 2, { key: 'y' }), record(topic, 1, { key: 'z' })];
    await again.commit({ records: derived, offset: first.offset + 1, metadata: '{"from":"ä"}' });
    assert.deepEqual(keysOf(await transport.read(topic, 1, 0, 10)), ['x', 'z']);
    assert.deepEqual(keysOf(await transport.read(topic, 2, 0, 10)), ['y']);
    const next = await member.membership.claim(0);
    assert.deepEqual(next.committed, { offset: first.offset + 1, metadata: '{"from":"ä"}', foreign: false });
    assert.deepEqual(keysOf(await take(next, 2)), ['b', 'c'], 'a new claim reads from the committed offset');
  });

  cases(
    'a claim refuses the commits of every earlier claim, and they append nothing',
    async (transport, topic, group) => {
      await transport.produce([record(topic, 0), record(topic, 0)]);
      const { membership } = await joined(transport, group, topic);
      const first = await membership.claim(0);
      await first.commit({ records: [], offset: 1, metadata: 'first' });
      const second = await membership.claim(0);
      assert.deepEqual(second.committed, { offset: 1, metadata: 'first', foreign: false });
      const third = await membership.claim(0);
      for (const old of [first, second]) {
        const attempt = old.commit({ records: [record(topic, 1)], offset: 2, metadata: 'old' });
        assert.equal(await codeOf(attempt), 'FENCED');
      }
      assert.deepEqual(await transport.read(topic, 1, 0, 10), []);
      await third.commit({ records: [record(topic, 1, { key: 'ours' })], offset: 2, metadata: 'third' });
      assert.deepEqual(keysOf(await transport.read(topic, 1, 0, 10)), ['ours']);
      assert.deepEqual((await membership.claim(0)).committed, { offset: 2, metadata: 'third', foreign: false });
    },
  );

  cases('partitions and groups have their own claims and offsets', async (transport, topic, group) => {
    const { membership } = await joined(transport, group, topic);
    const claim = await membership.claim(0);
    const beside = await membership.claim(1);
    const other = await claimOf(transport, `${group}-other`, topic, 0);
    await other.commit({ records: [], offset: 7, metadata: 'other' });
    await beside.commit({ records: [], offset: 5, metadata: 'beside' });
    await claim.commit({ records: [], offset: 3, metadata: 'claim' });
    const committed = async (name: string) => (await transport.lag(name, topic)).map((lag) => lag.committed);
    assert.deepEqual(await committed(group), [3, 5, undefined, undefined]);
    assert.deepEqual(await committed(`${group}-other`), [7, undefined, undefined, undefined]);
    assert.deepEqual((await membership.claim(0)).committed, { offset: 3, metadata: 'claim', foreign: false });
  });

  cases('moving a group fences its claims and keeps its metadata', async (transport, topic, group) => {
    const offsets = await transport.produce(['a', 'b', 'c'].map((key) => record(topic, 0, { key })));
    const { membership } = await joined(transport, group, topic);
    const claim = await membership.claim(0);
    await take(claim, 3);
    await claim.commit({ records: [], offset: (offsets[2] as number) + 1, metadata: 'kept' });
    await transport.seek(group, topic, { partition: 0, offset: offsets[1] as number });
    const attempt = claim.commit({ records: [record(topic, 1)], offset: (offsets[2] as number) + 1, metadata: 'lost' });
    assert.equal(await codeOf(attempt), 'FENCED');
    assert.deepEqual(await transport.read(topic, 1, 0, 10), []);
    const next = await membership.claim(0);
    assert.deepEqual(next.committed, { offset: offsets[1], metadata: 'kept', foreign: false });
    assert.deepEqual(keysOf(await take(next, 2)), ['b', 'c']);
  });

  cases('a group can be moved before its first claim', async (transport, topic, group) => {
    const offsets = await transport.produce(['a', 'b'].map((key) => record(topic, 0, { key })));
    await transport.seek(group, topic, { partition: 0, offset: offsets[1] as number });
    const claim = await claimOf(transport, group, topic, 0);
    assert.deepEqual(claim.committed, { offset: offsets[1], metadata: '', foreign: false });
    assert.deepEqual(keysOf(await take(claim, 1)), ['b']);
  });

  cases('lag counts from the committed offset, or from the beginning', async (transport, topic, group) => {
    const offsets = await transport.produce([record(topic, 0), record(topic, 0), record(topic, 0)]);
    const described = (await transport.describe([topic]))[0]?.partitions ?? [];
    assert.deepEqual(
      await transport.lag(group, topic),
      described.map((info) => ({ ...info, committed: undefined, lag: info.end - info.begin })),
    );
    assert.ok(((await transport.lag(group, topic))[0]?.lag ?? 0) >= offsets.length);
    const claim = await claimOf(transport, group, topic, 0);
    await claim.commit({ records: [], offset: offsets[1] as number, metadata: '' });
    const [behind] = await transport.lag(group, topic);
    assert.deepEqual([behind?.committed, behind?.lag], [offsets[1], (behind?.end ?? 0) - (offsets[1] as number)]);
    await claim.commit({ records: [], offset: behind?.end as number, metadata: '' });
    assert.equal((await transport.lag(group, topic))[0]?.lag, 0);
  });

  cases('partitions are divided evenly among one to four members', async (transport, topic, group) => {
    const members = [];
    for (let count = 1; count <= 4; count++) {
      members.push(await joined(transport, group, topic, { wait: false }));
      await spread(members, 4);
    }
    while (members.length > 1) {
      await members.shift()?.membership.leave();
      await spread(members, 4);
    }
  });

  cases('a partition is given away only when its member has let go of it', async (transport, topic, group) => {
    const slow = await joined(transport, group, topic);
    const release = slow.holdRevocations();
    const quick = await joined(transport, group, topic, { wait: false });
    const going = await slow.revoking();
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    for (const partition of going) assert.ok(!quick.held.has(partition), `${partition} is not let go of yet`);
    release();
    await spread([slow, quick], 4);

    const holdAgain = slow.holdRevocations();
    const left = slow.membership.leave();
    const leaving = await slow.revoking();
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    for (const partition of leaving) assert.ok(!quick.held.has(partition), `${partition} is not let go of yet`);
    holdAgain();
    await left;
    await spread([quick], 4);
    assert.deepEqual([...slow.membership.partitions], []);
  });

  cases('a member that believes it still has a partition cannot commit it', async (transport, topic, group) => {
    await transport.produce([0, 1, 2, 3].map((partition) => record(topic, partition)));
    const old = await joined(transport, group, topic);
    const claims = new Map<number, Claim>();
    for (const partition of old.held) claims.set(partition, await old.membership.claim(partition));
    for (const [partition, claim] of claims) await claim.commit({ records: [], offset: 0, metadata: `${partition}` });
    const successor = await joined(transport, group, topic, { wait: false });
    await spread([old, successor], 4);
    for (const partition of successor.held) {
      const claim = await successor.membership.claim(partition);
      assert.deepEqual(claim.committed, { offset: 0, metadata: `${partition}`, foreign: false });
      const zombie = claims.get(partition)?.commit({ records: [record(topic, partition)], offset: 1, metadata: 'old' });
      assert.equal(await codeOf(zombie ?? Promise.resolve()), 'FENCED');
      assert.equal((await take(claim, 1)).length, 1);
      await claim.commit({ records: [], offset: 1, metadata: 'new' });
    }
  });
}
