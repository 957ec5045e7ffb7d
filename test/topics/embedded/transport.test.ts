/** What the embedded transport guarantees beyond the port's contract. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { IN_MEMORY, openDatabase } from '../../../embedded/database.ts';
import { embeddedTransport } from '../../../topics/embedded/transport.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import { claimOf, codeOf, joined, keysOf, record, spread, take } from '../../contracts/transport-members.ts';

const MIB = 1024 * 1024;
const LONG = 60_000;

test('a partition stays with its member when others join and leave', async (t) => {
  const transport = await withOrders(t, 7);
  const first = await joined(transport, 'count', 'orders');
  const second = await joined(transport, 'count', 'orders', { wait: false });
  await spread([first, second], 7);
  assert.deepEqual([...first.held], [0, 1, 2, 3]);
  assert.deepEqual([...second.held], [4, 5, 6]);
  const third = await joined(transport, 'count', 'orders', { wait: false });
  await spread([first, second, third], 7);
  assert.deepEqual([...first.held], [0, 1, 2]);
  assert.deepEqual([...second.held], [4, 5]);
  await second.membership.leave();
  await spread([first, third], 7);
  assert.ok([0, 1, 2].every((partition) => first.held.has(partition)));
  assert.ok([3, 6].every((partition) => third.held.has(partition)));
});

test('partitions are divided at once among members that join together', async (t) => {
  const transport = await withOrders(t, 4);
  const members = await Promise.all([1, 2].map(() => joined(transport, 'count', 'orders', { wait: false })));
  const revoked = members.map((member) => member.revoking());
  await spread(members, 4);
  assert.equal(await Promise.race([...revoked, setImmediate('none')]), 'none');
});

test('a member that is slow to release delays only the partitions that move', async (t) => {
  const transport = await withOrders(t, 4);
  await transport.produce([record('orders', 0)]);
  const slow = await joined(transport, 'count', 'orders');
  const quick = await joined(transport, 'count', 'orders', { wait: false });
  await spread([slow, quick], 4);
  assert.deepEqual([...slow.held], [0, 1]);
  const release = slow.holdRevocations();
  const third = await joined(transport, 'count', 'orders', { wait: false });
  const fourth = await joined(transport, 'count', 'orders', { wait: false });
  assert.deepEqual(await slow.revoking(), [1]);
  while (third.held.size + fourth.held.size === 0) await Promise.race([third.notified(), fourth.notified()]);
  assert.equal(quick.held.size, 1, 'the quick member has let go, and what it had is taken');
  const claim = await slow.membership.claim(0);
  assert.equal((await take(claim, 1)).length, 1);
  await claim.commit({ records: [], offset: 1, metadata: '' });
  release();
  await spread([slow, quick, third, fourth], 4);
});

test('a partition that returns while its member releases it is assigned again', async (t) => {
  const transport = await withOrders(t, 2);
  const first = await joined(transport, 'count', 'orders');
  const release = first.holdRevocations();
  const second = await joined(transport, 'count', 'orders', { wait: false });
  await first.revoking();
  await second.membership.leave();
  release();
  while (first.held.size !== 1) await first.notified();
  await spread([first], 2);
});

test('a member whose revoked callback fails has still released its partition', async (t) => {
  const transport = await withOrders(t, 2);
  const assigned = Promise.withResolvers<void>();
  const failing = await transport.join('count', 'orders', {
    assigned: () => assigned.resolve(),
    revoked: async () => {
      throw new Error('no');
    },
  });
  await assigned.promise;
  await assert.rejects(failing.leave(), { message: 'no' });
  await joined(transport, 'count', 'orders');
});

test('two members that both claim a partition cannot both commit', async (t) => {
  const transport = await withOrders(t, 2);
  const members = await Promise.all([1, 2].map(() => joined(transport, 'count', 'orders', { wait: false })));
  const [old, young] = await Promise.all(members.map(({ membership }) => membership.claim(0)));
  assert.equal(await codeOf(old?.commit({ records: [], offset: 1, metadata: 'old' }) ?? Promise.resolve()), 'FENCED');
  await young?.commit({ records: [], offset: 2, metadata: 'young' });
  assert.equal((await transport.lag('count', 'orders'))[0]?.committed, 2);
});

test('a member that left the group cannot claim, and a closed claim cannot commit', async (t) => {
  const transport = await withOrders(t, 1);
  const { membership } = await joined(transport, 'count', 'orders');
  const claim = await membership.claim(0);
  await claim.close();
  assert.equal(await codeOf(claim.commit({ records: [], offset: 1, metadata: '' })), 'FENCED');
  await membership.leave();
  assert.equal(await codeOf(membership.claim(0)), 'FENCED');
  assert.deepEqual(
    (await transport.lag('count', 'orders')).map(({ committed }) => committed),
    [undefined],
  );
});

test('a batch has about four mebibytes, and at least one record', async (t) => {
  const transport = await withOrders(t, 1);
  const sizes = [1, 1, 1, 3, 5, 1];
  const sized = sizes.map((mib) => ({ ...record('orders', 0), value: Buffer.alloc(mib * MIB - 100) }));
  await transport.produce(sized);
  const claim = await claimOf(transport, 'count', 'orders', 0);
  const batches: number[] = [];
  for (let got = 0; got < sizes.length; ) {
    const { records } = await claim.fetch({ maxRecords: 100, waitMs: 0 });
    batches.push(records.length);
    got += records.length;
    assert.ok(records.length > 0);
  }
  assert.deepEqual(batches, [3, 1, 1, 1]);
  assert.equal((await transport.read('orders', 0, 0, 100)).length, 6, 'browsing answers what was asked for');
});

test('a failing call leaves nothing, and the next one works', async (t) => {
  const transport = await withOrders(t, 2);
  const claim = await claimOf(transport, 'count', 'orders', 0);
  const good = Array.from({ length: 100 }, (_, i) => record('orders', i % 2));
  const records = [...good, record('orders', 1, { timestamp: Number.NaN })];
  assert.equal(await codeOf(transport.produce(records)), 'USAGE');
  assert.equal(await codeOf(claim.commit({ records, offset: 1, metadata: 'm' })), 'USAGE');
  const lag = await transport.lag('count', 'orders');
  assert.deepEqual(
    lag.map(({ end, committed }) => [end, committed]),
    [
      [0, undefined],
      [0, undefined],
    ],
  );
  await claim.commit({ records: good, offset: 1, metadata: 'm' });
  assert.equal((await transport.read('orders', 1, 0, 100)).length, 50);
});

test('a record keeps the time of its producer', async (t) => {
  const transport = await withOrders(t, 1);
  await transport.produce([record('orders', 0, { timestamp: 1_234_567_890_123 })]);
  assert.equal((await transport.read('orders', 0, 0, 1))[0]?.timestamp, 1_234_567_890_123);
});

test('a waiting fetch ends when its claim is closed, and follows a seek', async (t) => {
  const transport = await withOrders(t, 1);
  await transport.produce([record('orders', 0, { key: 'a' })]);
  const claim = await claimOf(transport, 'count', 'orders', 0);
  await take(claim, 1);
  const waiting = async () => {
    const batch = claim.fetch({ maxRecords: 10, waitMs: LONG });
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    return { batch };
  };
  const sought = await waiting();
  claim.seek(0);
  assert.deepEqual(keysOf((await sought.batch).records), ['a']);
  const closed = await waiting();
  await claim.close();
  assert.deepEqual(await closed.batch, { records: [], end: 1 });
});

test('a loop of fetches yields to the rest of the process', async (t) => {
  const transport = await withOrders(t, 1);
  await transport.produce(Array.from({ length: 2000 }, () => record('orders', 0)));
  const claim = await claimOf(transport, 'count', 'orders', 0);
  let turn = false;
  void setImmediate().then(() => {
    turn = true;
  });
  let fetched = 0;
  while (!turn) fetched += (await claim.fetch({ maxRecords: 1, waitMs: 0 })).records.length;
  assert.ok(fetched < 2000);
});

test('closing ends waiting fetches, lets members commit what they have, and refuses everything else', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const transport = embeddedTransport(database);
  await transport.createTopics([{ name: 'orders', partitions: 1, retentionMs: 1000 }]);
  const assigned = Promise.withResolvers<void>();
  const membership = await transport.join('count', 'orders', {
    assigned: () => assigned.resolve(),
    revoked: async () => {
      assert.deepEqual((await waiting).records, []);
      await claim.commit({ records: [record('orders', 0, { key: 'last' })], offset: 3, metadata: 'last' });
    },
  });
  await assigned.promise;
  const claim = await membership.claim(0);
  const waiting = claim.fetch({ maxRecords: 1, waitMs: LONG });
  for (let turn = 0; turn < 3; turn++) await setImmediate();
  await Promise.all([transport.close(), transport.close()]);
  for (const call of [
    () => transport.produce([]),
    () => transport.describe(),
    () => transport.join('count', 'orders', { assigned() {}, async revoked() {} }),
    () => claim.commit({ records: [], offset: 4, metadata: '' }),
  ]) {
    assert.equal(await codeOf(call()), 'USAGE');
  }
  const again = embeddedTransport(database);
  assert.equal((await again.lag('count', 'orders'))[0]?.committed, 3);
  assert.deepEqual(keysOf(await again.read('orders', 0, 0, 10)), ['last']);
  await again.close();
});

test('an invalid offset is refused', async (t) => {
  const transport = await withOrders(t, 1);
  for (const offset of [-1, 1.5, Number.NaN]) {
    assert.equal(await codeOf(transport.seek('count', 'orders', { partition: 0, offset })), 'USAGE');
  }
});

async function withOrders(t: TestContext, partitions: number): Promise<Transport> {
  const database = openDatabase(IN_MEMORY);
  const transport = embeddedTransport(database);
  t.after(async () => {
    await transport.close();
    database.close();
  });
  await transport.createTopics([{ name: 'orders', partitions, retentionMs: 1000 }]);
  return transport;
}
