import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { emit, type Job } from '../../../jobs/define.ts';
import { partitionsOf } from '../../../testing/dump.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { LOGGED_AT } from '../../../topics/codec/own-headers.ts';
import type { Claim, TopicShape } from '../../../topics/log/transport.ts';
import { added, addUp, announced, changed, dropped, emptied, parts, sums, things } from './add-up.ts';
import { type Bench, bench, plainOrigin, START, thingIn } from './bench.ts';
import type { Hook } from './intercept.ts';

const others = { ...parts, name: 'other_parts' };
/** A second job on the same topic, which keeps the same rows in its own table. */
const addUpToo = changed({ row: others, views: [], to: [], react: () => [] }, 'add-up-too');

let ids = 0;

/** Produces an event of a thing that belongs in partition 1, into the given partition. */
async function produceInto(
  b: Bench,
  partition: number,
  change: { key?: Uint8Array | null; def?: typeof added | typeof emptied | typeof dropped } = {},
): Promise<string> {
  const thingId = thingIn(b, 1);
  const { def = added, ...record } = change;
  const given = { topic: things, def, data: { thingId, partId: 'p', amount: 1 }, id: `stray-${ids++}`, time: START };
  const records = recordsOf(b.stores.codec, given, b.partitions);
  await b.stores.transport.produce(records.map((each) => ({ ...each, ...record, partition })));
  return thingId;
}

const setUp = async (t: TestContext, jobs: readonly Job[] = [addUp, addUpToo]) => {
  const b = await bench(t, { jobs, partitions: 2 });
  b.clock.advance(3_600_000);
  return b;
};

async function otherSums(b: Bench): Promise<unknown[]> {
  return (await b.stores.tables.select(others, ['default'], { limit: 10 })).items.map(({ sum }) => sum);
}

for (const [what, change] of Object.entries({
  'in another partition': {},
  'without a key': { key: null },
  'with the key of something else': { key: Uint8Array.of(1) },
})) {
  test(`a record ${what} is forwarded to the partition of its key, and each of two jobs applies it once`, async (t) => {
    const b = await setUp(t);
    const thing = await produceInto(b, 0, change);
    await b.run();
    assert.deepEqual(await b.sums(), [`${thing}/p=1`]);
    assert.deepEqual(await otherSums(b), [1]);
    assert.deepEqual(await b.emittedSums(), [`${thing}/p=1`]);
    const [astray = [], home = []] = await partitionsOf(b.stores.transport, things.name);
    assert.deepEqual(
      home.map(({ headers }) => [plainOrigin(headers['ce_origin']), headers['tributary-only-for']]),
      [
        ['routed/thing.events/0/0/0', 'add-up'],
        ['routed/thing.events/0/0/0', 'add-up-too'],
      ],
    );
    for (const record of home) {
      assert.equal(Buffer.from(record.key ?? []).toString(), thing);
      assert.deepEqual(record.value, astray[0]?.value);
      assert.equal(record.headers['ce_id'], astray[0]?.headers['ce_id']);
      assert.equal(record.timestamp, START, 'it keeps its time');
      assert.equal(record.headers[LOGGED_AT], String(START), 'wherever the log gives it another');
    }
    assert.deepEqual(
      b
        .reported('batch')
        .map(({ job, partition, routed, applied, skipped }) => [job, partition, routed, applied, skipped['not-ours']]),
      [
        ['add-up', 0, 1, 0, 0],
        ['add-up', 1, 0, 1, 0],
        ['add-up-too', 0, 1, 0, 0],
        ['add-up-too', 1, 0, 1, 1],
        ['add-up', 1, 0, 0, 1],
      ],
    );
  });
}

test('a record in the right partition is applied there, even without a key of its own', async (t) => {
  const b = await setUp(t);
  const thing = await produceInto(b, 1, { key: null });
  await b.run();
  assert.deepEqual(await b.sums(), [`${thing}/p=1`]);
  assert.ok(b.reported('batch').every(({ routed }) => routed === 0));
});

test('jobs that want different events of a partition lose none of those that are forwarded', async (t) => {
  const only = (type: string) => (def: { type: string }) => def.type === type || def.type === added.type;
  const first = changed({ on: addUp.on.filter(only(emptied.type)) });
  const second = changed({ ...addUpToo, on: addUp.on.filter(only(dropped.type)) }, addUpToo.name);
  const b = await setUp(t, [first, second]);
  await produceInto(b, 1);
  await b.run();
  // The second job folds both events, the first job only the later one. So the first job is ahead.
  await produceInto(b, 0, { def: dropped });
  await produceInto(b, 0);
  await b.run({ job: first });
  await b.run({ job: second });
  assert.deepEqual(await otherSums(b), [1], 'it was taken away, and added again');
  assert.deepEqual(await b.sums(), [`${thingIn(b, 1)}/p=2`]);
});

test('a record that is forwarded again after a rewind is not applied twice', async (t) => {
  const b = await setUp(t);
  await produceInto(b, 0);
  await produceInto(b, 0);
  await b.run();
  const expected = await b.everything();
  for (const partition of [0, 1, 0]) {
    for (const job of b.jobs) await b.stores.transport.seek(job.name, things.name, { partition, offset: 0 });
    await b.run();
    assert.deepEqual(await b.everything(), expected);
    assert.deepEqual(await otherSums(b), [2]);
  }
});

test('a crash before or after the commit that forwards it loses nothing and doubles nothing', async (t) => {
  for (const when of ['before', 'after']) {
    const b = await setUp(t, [addUp]);
    const thing = await produceInto(b, 0);
    let crashed = false;
    const hook: Hook = async (name, go) => {
      if (name !== 'claim.commit' || crashed) return go();
      crashed = true;
      if (when === 'after') await go();
      throw new Error('the process is gone');
    };
    await assert.rejects(b.run({ hook }), /the process is gone/);
    await b.run();
    assert.deepEqual(await b.emittedSums(), [`${thing}/p=1`]);
  }
});

/** The topic as it was before it was expanded to two partitions: every key belongs in the first one. */
const onePartition: Hook = async (name, go) => {
  const answer = await go();
  if (name === 'membership.claim') {
    const claim = answer as Claim;
    return { ...claim, shape: { ...claim.shape, partitions: 1 } };
  }
  if (name !== 'transport.shape') return answer;
  return (answer as TopicShape[]).map((topic) => ({ ...topic, partitions: 1 }));
};

test('when a topic is expanded, what its rows have emitted in their old partition is not emitted again in the new one', async (t) => {
  const b = await setUp(t, [addUp]);
  const thing = await produceInto(b, 0);
  await produceInto(b, 0);
  const small = await b.worker(0, { hook: onePartition });
  while ((await small.turn(0)) !== 'idle');
  // The row has outbox entries of offset 1, and the new partition will have one, too. Each offset is a batch of its own.
  for (const sum of [3, 4, 5]) {
    await produceInto(b, 1);
    await b.run();
    assert.equal((await b.emittedSums()).at(-1), `${thing}/p=${sum}`);
  }
  assert.deepEqual(
    (await b.emittedSums()).map((emitted) => emitted.split('=')[1]),
    ['1', '2', '3', '4', '5'],
  );
  assert.equal((await partitionsOf(b.stores.transport, sums.name)).flat().length, 5);
});

test('what a row had yet to emit when its topic was expanded and the process died is emitted by the new partition', async (t) => {
  const b = await setUp(t, [addUp]);
  const thing = await produceInto(b, 0);
  const dying: Hook = async (name, go, args) => {
    if (name === 'claim.commit') throw new Error('the process is gone');
    return onePartition(name, go, args);
  };
  const small = await b.worker(0, { hook: dying });
  await assert.rejects(small.turn(0), /the process is gone/);
  assert.deepEqual(await b.sums(), [`${thing}/p=1`]);
  assert.deepEqual(await b.emittedSums(), []);
  // Another event of the same row comes first, and writes the row.
  await produceInto(b, 1);
  const large = await b.worker(1);
  while ((await large.turn(0)) !== 'idle');
  await b.run();
  assert.deepEqual((await b.emittedSums()).sort(), [`${thing}/p=1`, `${thing}/p=2`]);
  assert.equal((await partitionsOf(b.stores.transport, sums.name)).flat().length, 2);
});

test('when a topic is expanded, what its rows have applied in their old partition is not applied again in the new one', async (t) => {
  const b = await setUp(t, [addUp]);
  const thing = await produceInto(b, 0);
  await produceInto(b, 0);
  const small = await b.worker(0, { hook: onePartition });
  while ((await small.turn(0)) !== 'idle');
  assert.deepEqual(await b.sums(), [`${thing}/p=2`]);
  // Now the topic is expanded. One producer has not noticed yet, and an operator rewinds the old partition.
  await produceInto(b, 1);
  await produceInto(b, 0);
  await b.stores.transport.seek(addUp.name, things.name, { partition: 0, offset: 0 });
  await b.run();
  assert.deepEqual(await b.sums(), [`${thing}/p=4`]);
  const [row] = await b.stores.tables.read(parts, [['default', thing, 'p']]);
  assert.match(String(row?.at), /^2\|\w+\|0:1,1:\d+$/);
  assert.equal(
    b.reported('batch').reduce((sum, { skipped }) => sum + skipped.repeated, 0),
    2,
  );
  const expected = await b.everything();
  for (const partition of [1, 0]) {
    await b.stores.transport.seek(addUp.name, things.name, { partition, offset: 0 });
    await b.run();
    assert.deepEqual(await b.everything(), expected);
  }
});

test('a broadcast of a job reaches every partition once, after a crash too', async (t) => {
  const job = changed({ react: (_, after) => [emit(announced, { sum: Number(after?.['sum']) })] });
  for (const when of ['before', 'after']) {
    const b = await setUp(t, [job]);
    await b.produce([added, { thingId: thingIn(b, 0), partId: 'p', amount: 3 }]);
    let crashed = false;
    const hook: Hook = async (name, go) => {
      if (name !== 'claim.commit' || crashed) return go();
      crashed = true;
      if (when === 'after') await go();
      throw new Error('the process is gone');
    };
    await assert.rejects(b.run({ hook }), /the process is gone/);
    await b.run();
    await b.stores.transport.seek(job.name, things.name, { partition: 0, offset: 0 });
    await b.run();
    const emitted = (await b.emitted()).map(({ type, key, data }) => [type, key, data]);
    assert.deepEqual(emitted, [
      ['sum.announced', null, { sum: 3 }],
      ['sum.announced', null, { sum: 3 }],
    ]);
    for (const records of await partitionsOf(b.stores.transport, sums.name)) {
      assert.ok(records.every(({ headers }) => plainOrigin(headers['ce_origin']) === 'add-up/thing.events/0/0/0'));
    }
  }
});
