/** What the expansion of a topic means for the owners of its partitions, and for rows that move to another partition. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { catchingUp, type Row, type View } from '../../../jobs/define.ts';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import type { Stores } from '../../../jobs/runtime/stores.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { deadLetterTopic, type Topic } from '../../../topics/define.ts';
import { type EmbeddedTransport, embeddedTransport } from '../../../topics/embedded/transport.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import { tellingNothing } from '../../harness/without-rules.ts';
import { added, addUp, changed, dropped, partIndex, parts, polished, sums, things } from './add-up.ts';
import { type Bench, bench, type Given, rest, START, thingIn } from './bench.ts';
import { intercept } from './intercept.ts';

/** A bench with one partition, a function that expands its topics to two, and a thing that then belongs in the second partition. */
async function narrow(t: TestContext, jobs = [addUp]) {
  const b = await bench(t, { jobs, partitions: 1 });
  let partitions = 1;
  Object.defineProperty(b, 'partitions', { get: () => partitions });
  const width = (count: number) => {
    partitions = count;
  };
  width(2);
  const thing = thingIn(b, 1);
  width(1);
  const expand = async (...topics: readonly Topic[]) => {
    const groupsOf = (topic: Topic) => jobs.filter(({ from }) => from === topic).map(({ name }) => name);
    const wanted = topics.flatMap((topic) => [
      { name: topic.name, partitions: 2, retentionMs: topic.retentionMs, groups: groupsOf(topic) },
      { name: deadLetterTopic(topic.name), partitions: 2, retentionMs: topic.retentionMs, groups: [] },
    ]);
    await (b.stores.transport as EmbeddedTransport).topics.apply(wanted);
    width(2);
  };
  return { b, thing, expand };
}

/** An owner whose process leaves its group when it is done. */
async function owner(b: Bench, partition: number, distort = (stores: Stores) => stores, job = addUp) {
  const runtime = { ...b.runtime(), stores: distort(b.stores) };
  const membership = await runtime.stores.transport.join(job.name, things.name, {
    assigned: () => {},
    revoked: async () => {},
  });
  const worker = ownerOfRows({ job, partition, membership, runtime, lookups: lookupsFor(runtime) });
  return {
    worker,
    async finish() {
      await rest([worker]);
      await membership.leave();
    },
  };
}

const add = (thingId: string): Given => [added, { thingId, partId: 'p', amount: 1 }];

for (const [kind, distort] of [
  ['that tell', undefined],
  ['that do not tell, as Cassandra', (stores: Stores) => ({ ...stores, ...tellingNothing(stores) })],
] as const) {
  test(`a row that moved has a larger token in its new partition, however often the old one was claimed, with stores ${kind}`, async (t) => {
    const { b, thing, expand } = await narrow(t);
    for (let n = 0; n < 4; n++) {
      await b.produce(add(thing));
      await (await owner(b, 0, distort)).finish();
    }
    await expand(things, sums);
    for (let n = 0; n < 3; n++) await b.produce(add(thing));
    await (await owner(b, 0, distort)).finish();
    await (await owner(b, 1, distort)).finish();
    assert.deepEqual(await b.sums(), [`${thing}/p=7`]);
    assert.equal((await b.emittedSums()).length, 7);
    assert.deepEqual(b.reported('fenced'), []);
  });

  test(`an owner that reads a row with a larger token claims again above it, as after the loss of the claims, with stores ${kind}`, async (t) => {
    const { b, thing } = await narrow(t);
    for (let n = 0; n < 5; n++) {
      await b.produce(add(thing));
      await (await owner(b, 0, distort)).finish();
    }
    b.stores.database.exec('DELETE FROM tables_claims; DELETE FROM log_offsets');
    await b.produce(add(thing));
    await (await owner(b, 0, distort)).finish();
    assert.deepEqual(await b.sums(), [`${thing}/p=6`]);
    const [row] = await b.stores.tables.read(parts, [[DEFAULT_TENANT, thing, 'p']]);
    assert.equal(row?.version.token, 6);
  });
}

test('a claim after the loss of all claims is above what was committed under the lost ones', async (t) => {
  const { b, thing } = await narrow(t);
  for (let n = 0; n < 5; n++) {
    await b.produce(add(thing));
    await (await owner(b, 0)).finish();
  }
  b.stores.database.exec('DELETE FROM tables_claims');
  await b.produce(add('another'));
  await (await owner(b, 0)).finish();
  assert.equal(b.reported('claimed').at(-1)?.token, 6);
});

test('an expansion ends the claims of all owners', async (t) => {
  const { b, expand } = await narrow(t);
  const { worker } = await owner(b, 0);
  await rest([worker]);
  const { topics } = b.stores.transport as EmbeddedTransport;
  assert.equal((await topics.verify([{ ...things, groups: [addUp.name], partitions: 2 }]))[0]?.action, 'reported');
  // Another tool expands the topic without asking its readers.
  b.stores.database.exec(
    `INSERT INTO log_partitions (topic_id, partition, begin_offset) SELECT id, 1, 0 FROM log_topics WHERE name = '${things.name}'`,
  );
  await expand(sums);
  const other = embeddedTransport(b.stores.database);
  t.after(() => other.close());
  const claim = await (
    await other.join(addUp.name, things.name, { assigned: () => {}, revoked: async () => {} })
  ).claim(0);
  assert.equal(claim.shape.partitions, 2);
  assert.equal(await worker.turn(0), 'fenced');
});

test('repeats of an upstream job after its reader was expanded are recognised, in whichever partition they are', async (t) => {
  // A second job like the first one, which reads the events of the first.
  const { b, thing, expand } = await narrow(t);
  await b.produce(add(thing), add(thing), add(thing));
  await (await owner(b, 0)).finish();
  const reader = 'reader';
  const join = () => b.stores.transport.join(reader, sums.name, { assigned: () => {}, revoked: async () => {} });
  const membership = await join();
  const { formatProgress, nothing, parseProgress } = await import('../../../topics/log/progress.ts');
  const { parseOrigin } = await import('../../../topics/log/origin.ts');
  const claim = await membership.claim(0);
  const { records, end } = await claim.fetch({ maxRecords: 10, waitMs: 0 });
  const seen = nothing();
  const origins = records.map(({ headers }) => parseOrigin(String(headers['ce_origin'])));
  for (const origin of origins) assert.ok(origin !== undefined && seen.dedupe.pass(origin));
  await claim.commit({ records: [], offset: end, metadata: formatProgress({ ...seen, partitions: 1, base: 1 }, end) });
  await membership.leave();
  const readers = changed({ from: sums } as never, reader);
  const { topics } = b.stores.transport as EmbeddedTransport;
  await topics.apply([{ name: sums.name, partitions: 2, retentionMs: sums.retentionMs, groups: [readers.name] }]);
  await expand(things);
  for (const partition of [0, 1]) {
    const { committed } = await (await join()).claim(partition);
    assert.equal(committed.offset, partition === 0 ? end : 0);
    const { dedupe, partitions, base } = parseProgress(committed.metadata, committed.offset ?? 0);
    assert.deepEqual([partitions, base], [2, 1]);
    for (const origin of origins) assert.equal(origin && dedupe.pass(origin), false);
  }
});

test('a broadcast after an expansion reaches each row once, by the owner of the partition of its key', async (t) => {
  const { b, thing, expand } = await narrow(t);
  await b.produce(add(thing));
  await (await owner(b, 0)).finish();
  await expand(things, sums);
  const polish = async (id: string) => {
    const given = { topic: things, def: polished, data: { partId: 'p', amount: 10 }, id, time: START };
    const [record] = recordsOf(b.stores.codec, given, 2);
    assert.ok(record !== undefined);
    await b.stores.transport.produce([0, 1].map((partition) => ({ ...record, partition, key: null })));
  };
  const owners = [await owner(b, 0), await owner(b, 1)];
  const settle = () => rest(owners.map(({ worker }) => worker));
  await polish('first');
  await settle();
  assert.deepEqual(await b.sums(), [`${thing}/p=11`]);
  await b.produce(add(thing));
  await settle();
  await polish('second');
  await settle();
  assert.deepEqual(await b.sums(), [`${thing}/p=22`]);
  assert.deepEqual(b.reported('fenced'), []);
});

test('a broadcast reaches rows that another tool moved to a partition without commits', async (t) => {
  const b = await bench(t, { partitions: 2 });
  const names = Array.from({ length: 100 }, (_, n) => `thing-${n}`);
  const thing = names.find((name) => partitionOfText(name, 2) === 1 && partitionOfText(name, 3) === 0) as string;
  await b.produce(add(thing));
  await (await owner(b, 1)).finish();
  b.stores.database.exec(
    `INSERT INTO log_partitions (topic_id, partition, begin_offset) SELECT id, 2, 0 FROM log_topics WHERE name = '${things.name}'`,
  );
  await b.stores.transport.close();
  const transport = embeddedTransport(b.stores.database);
  t.after(() => transport.close());
  const given = { topic: things, def: polished, data: { partId: 'p', amount: 10 }, id: 'polish', time: START };
  await transport.produce(recordsOf(b.stores.codec, given, 3));
  for (const partition of [0, 1, 2]) await (await owner(b, partition, (stores) => ({ ...stores, transport }))).finish();
  assert.deepEqual(await b.sums(), [`${thing}/p=11`]);
});

test('a view that was behind when its topic was expanded gets its pending writes, those of moved rows as well', async (t) => {
  const record = (row: Row) => (row['sum'] === 0 ? undefined : { ...row, items: undefined });
  const views = [catchingUp({ ...(addUp.views[2] as View<Row>), record })];
  const job = changed({ views });
  const { b, thing, expand } = await narrow(t, [job]);
  let isAway = false;
  const away = (stores: Stores) =>
    intercept(stores, async (name, go) => {
      if (name === 'search.apply' && isAway) throw new TributaryError('SEARCH_AWAY', 'nobody there');
      return go();
    });
  const staying = thingIn(b, 0);
  const before = await owner(b, 0, away, job);
  await b.produce(add(thing), [added, { thingId: thing, partId: 'gone', amount: 1 }]);
  await rest([before.worker]);
  isAway = true;
  await b.produce(add(thing), add(staying), [dropped, { thingId: thing, partId: 'gone' }]);
  await before.finish();
  await expand(things, sums);
  isAway = false;
  const second = await owner(b, 1, away, job);
  // The row is written many times. Catching up must still find in it what has to be removed.
  for (let n = 0; n < 3; n++) {
    await b.produce([added, { thingId: thing, partId: 'gone', amount: 0 }]);
    await rest([second.worker]);
  }
  await second.finish();
  await (await owner(b, 0, away, job)).finish();
  const { items } = await b.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 10 });
  assert.deepEqual(
    items.map((item) => `${item['thingId']}/${item['partId']}=${item['sum']}`).sort(),
    [`${staying}/p=1`, `${thing}/p=2`].sort(),
  );
});
