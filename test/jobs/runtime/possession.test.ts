/**
 * What a late owner can still do to rows, views and calls, and how its successor prevents that: the first touch of a row takes
 * possession of it, and an owner checks that it still is the owner before it writes a view or calls a channel.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { call, type Job, reject } from '../../../jobs/define.ts';
import type { PartitionOwner } from '../../../jobs/runtime/owner.ts';
import { rememberingChannel } from '../../../testing/stores.ts';
import { tellingNothing } from '../../harness/without-rules.ts';
import { added, addUp, changed, parts, things } from './add-up.ts';
import { type Bench, bench, type Given, rest } from './bench.ts';
import { type Hook, halt } from './intercept.ts';

const add: Given = [added, { thingId: 't', partId: 'p', amount: 1 }];
const foldAdded = addUp.fold['thing.added'] as Job['fold'][string];

/** Adds only if the owner of the thing allows it, so workers that read different owners conclude differently. */
const onlyOfOwner = changed({
  fold: {
    'thing.added': (row, event, found) => {
      if (found['owner']?.['owner'] === 'nobody') return row;
      if (found['owner']?.['owner'] === 'refuser') return reject('FACT_IMPOSSIBLE', 'the owner does not want it');
      return foldAdded(row, event, found);
    },
  },
});

/** Kinds of stores: those that report a late write, and those that do not. */
const KINDS = { 'that tell': (b: Bench) => b, 'that do not tell, as Cassandra': silent };

function silent(b: Bench): Bench {
  Object.defineProperty(b, 'stores', { value: { ...b.stores, ...tellingNothing(b.stores) } });
  return b;
}

for (const [kind, of] of Object.entries(KINDS)) {
  for (const verdict of ['nobody', 'refuser']) {
    test(`a row that a late owner writes after its successor found ${verdict === 'nobody' ? 'nothing to change' : 'it to be rejected'} does not stand, with stores ${kind}`, async (t) => {
      const b = of(await bench(t, { jobs: [onlyOfOwner] }));
      await b.owner('t', 'ann', 1);
      await b.produce(add);
      await b.run();
      await b.produce(add);
      const { hook, reached, goOn } = halt('tables.write');
      const late = await b.worker(0, { hook });
      const lateTurn = late.turn(0);
      await reached;
      await b.owner('t', verdict, 2);
      await b.run();
      goOn();
      assert.equal(await lateTurn, 'fenced');
      assert.deepEqual([await b.sums(), await b.emittedSums()], [['t/p=1'], ['t/p=1']]);
      await b.owner('t', 'ann', 3);
      await b.produce(add);
      await b.run();
      assert.deepEqual([await b.sums(), await b.emittedSums()], [['t/p=2'], ['t/p=1', 't/p=2']]);
    });
  }

  test(`a late write of a view shows what the successor concluded, with stores ${kind}`, async (t) => {
    const b = of(await bench(t, { jobs: [onlyOfOwner] }));
    await b.owner('t', 'ann', 1);
    await b.produce([added, { thingId: 't', partId: 'p', amount: 1, colour: 'red' }]);
    await b.run();
    await b.produce(add);
    const { hook, reached, goOn } = halt('tables.write');
    const late = await b.worker(0, { hook });
    const lateTurn = late.turn(0);
    await reached;
    await b.owner('t', 'nobody', 2);
    await b.run();
    goOn();
    assert.equal(await lateTurn, 'fenced');
    assert.deepEqual([await b.sums(), await b.coloured('red')], [['t/p=1'], ['t/p=1']]);
  });

  test(`a channel that may be called at most once is called once by two owners, with stores ${kind}`, async (t) => {
    const message = { messageId: 'm', address: '+1', title: '', body: '', link: null, unsubscribe: null };
    const calls = changed({
      react: (_before, _after, { type }) =>
        type === added.type ? [call({ channel: 'sms', attempt: 1, ...message })] : [],
    });
    for (const point of ['tables.write', 'claim.look']) {
      const sms = rememberingChannel(() => ({ outcome: 'sent', detail: '' }), 'at-most-once');
      const b = of(await bench(t, { jobs: [calls], channels: { sms: sms.channel } }));
      await b.produce(add);
      const { hook, reached, goOn } = halt(point);
      const late = await b.worker(0, { hook });
      const lateTurn = late.turn(0);
      await reached;
      await b.run();
      goOn();
      assert.equal(await lateTurn, 'fenced');
      await b.run();
      // If the first owner wrote its row, it may have called, too. Then no second call is made, and the answer reports the call as unknown.
      assert.ok(sms.calls.length <= 1, `called ${sms.calls.length} times, stopped before ${point}`);
      if (point === 'tables.write') assert.equal(sms.calls.length, 1);
    }
  });
}

test('a row whose records were all applied is written again under the token of the owner that skips them', async (t) => {
  const b = await bench(t);
  await b.produce(add);
  const hook: Hook = async (name, go) => {
    if (name === 'claim.commit') throw new Error('the process is gone');
    return go();
  };
  await assert.rejects(b.run({ hook }), /the process is gone/);
  await b.run();
  const [row] = await b.stores.tables.read(parts, [[DEFAULT_TENANT, 't', 'p']]);
  assert.deepEqual(row?.version, { token: 2, revision: 1 });
  assert.deepEqual(await b.emittedSums(), ['t/p=1']);
});

test('an event that changes nothing leaves no row, once a claim has committed enough new records', async (t) => {
  const idle = changed({ fold: { 'thing.added': (row) => row } });
  const b = await bench(t, { jobs: [idle] });
  const settings = { maxRecords: 2, possessionRecords: 5 };
  const rowsAfter = async (worker: PartitionOwner, ...names: readonly string[]) => {
    await b.produce(...names.map((partId): Given => [added, { thingId: 't', partId, amount: 1 }]));
    await rest([worker]);
    return (await b.stores.tables.scan(parts, { limit: 20 })).items.map(({ key }) => key.at(-1)).sort();
  };
  const worker = await b.worker(0, { settings });
  assert.deepEqual(await rowsAfter(worker, 'p1', 'p2', 'p3', 'p4', 'p5'), ['p1', 'p2', 'p3', 'p4', 'p5']);
  assert.deepEqual(await rowsAfter(worker, 'p6'), ['p1', 'p2', 'p3', 'p4', 'p5']);
  // Records that were committed before do not count: an earlier owner may have read what comes next.
  await b.stores.transport.seek(idle.name, things.name, { partition: 0, offset: 0 });
  const next = await b.worker(0, { settings });
  assert.deepEqual(await rowsAfter(next, 'p7'), ['p1', 'p2', 'p3', 'p4', 'p5', 'p7']);
});

test('a record that changed nothing is not judged again after a rewind, whatever the lookups return by then', async (t) => {
  const b = await bench(t, { jobs: [onlyOfOwner] });
  await b.owner('t', 'nobody', 1);
  await b.owner('u', 'ann', 1);
  await b.produce(add, [added, { thingId: 'u', partId: 'p', amount: 1 }]);
  // The first claim takes possession of the rows that it touches. Deleting one makes this look long ago.
  await b.run();
  b.stores.database.exec(`DELETE FROM parts WHERE "thingId" = 't'`);
  const expected = [await b.sums(), await b.emittedSums()];
  assert.deepEqual(expected, [['u/p=1'], ['u/p=1']]);
  await b.owner('t', 'ann', 2);
  await b.stores.transport.seek(onlyOfOwner.name, things.name, { partition: 0, offset: 0 });
  await b.run();
  assert.deepEqual([await b.sums(), await b.emittedSums()], expected);
});

test('a write of unknown outcome ends the claim, and the next one has another token', async (t) => {
  const b = await bench(t);
  await b.produce(add);
  let writes = 0;
  const hook: Hook = async (name, go) => {
    if (name !== 'tables.write' || writes++ > 0) return go();
    await go();
    const { TributaryError } = await import('../../../core/errors.ts');
    throw new TributaryError('TABLES_AWAY', 'no answer came');
  };
  const worker = await b.worker(0, { hook });
  await assert.rejects(worker.turn(0), { code: 'TABLES_AWAY' });
  while ((await worker.turn(0)) !== 'idle');
  assert.deepEqual(
    b.reported('claimed').map(({ token }) => token),
    [1, 2],
  );
  assert.deepEqual([await b.sums(), await b.emittedSums()], [['t/p=1'], ['t/p=1']]);
});
