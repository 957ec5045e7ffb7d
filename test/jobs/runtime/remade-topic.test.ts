/** A topic that was deleted and created again. Its offsets start over, so positions in the old topic must be ignored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import type { Topic } from '../../../topics/define.ts';
import { embeddedTransport } from '../../../topics/embedded/transport.ts';
import { added, addUp, things } from './add-up.ts';
import { type Bench, bench, type Given, plainOrigin, rest } from './bench.ts';

const add = (partId: string, amount = 1): Given => [added, { thingId: 't', partId, amount }];

/** Deletes the topic and creates it again, as with a broker's tools. The group's offsets are deleted, too, unless `kept`. */
async function remake(b: Bench, topic: Topic, offsets: 'gone' | 'kept'): Promise<void> {
  const { database } = b.stores;
  await b.stores.transport.close();
  const kept = database.statement('SELECT group_name, next_offset, marks, epoch FROM log_offsets').all();
  const [[id] = []] = database.statement('SELECT id FROM log_topics WHERE name = ?').all<number[]>(topic.name);
  for (const [partition] of database
    .statement('SELECT id FROM log_partitions WHERE topic_id = ?')
    .all<number[]>(id as number)) {
    database.exec(
      `DELETE FROM log_batches WHERE id / ${2 ** 40} = ${partition}; DELETE FROM log_offsets WHERE partition_id = ${partition}`,
    );
  }
  database.exec(`DELETE FROM log_partitions WHERE topic_id = ${id}; DELETE FROM log_topics WHERE id = ${id}`);
  const transport = embeddedTransport(database);
  Object.defineProperty(b, 'stores', { value: { ...b.stores, transport }, configurable: true });
  await transport.createTopics([{ name: topic.name, partitions: 1, retentionMs: topic.retentionMs }]);
  if (offsets === 'gone') return;
  const [[made] = []] = database
    .statement('SELECT p.id FROM log_partitions p JOIN log_topics t ON t.id = p.topic_id WHERE t.name = ?')
    .all<number[]>(topic.name);
  for (const [group, next, metadata, epoch] of kept) {
    database
      .statement('INSERT INTO log_offsets VALUES (?, ?, ?, ?, ?)')
      .run(group as string, made as number, next as number, metadata as string, epoch as number);
  }
}

for (const offsets of ['gone', 'kept'] as const) {
  test(`the records of a topic that was made again are applied, with the group's offsets ${offsets}, and downstream too`, async (t) => {
    const b = await bench(t);
    await b.produce(add('p'), add('q'), add('p'));
    await b.run();
    assert.deepEqual(await b.sums(), ['t/p=2', 't/q=1']);
    await remake(b, things, offsets);
    // As many records as before, so that every position looks applied.
    await b.produce(add('p'), add('q'), add('p'));
    await b.run();
    assert.deepEqual(await b.sums(), ['t/p=4', 't/q=2']);
    assert.deepEqual(await b.emittedSums(), ['t/p=1', 't/q=1', 't/p=2', 't/p=3', 't/q=2', 't/p=4']);
    assert.equal(b.reported('topic-remade').length, offsets === 'kept' ? 1 : 0);
  });
}

test('what rows had yet to emit about records of a deleted topic is not emitted with the origin of the new one', async (t) => {
  const b = await bench(t);
  await b.produce(add('p'));
  const hook = async (name: string, go: () => Promise<unknown>) => {
    if (name === 'claim.commit') throw new Error('the process is gone');
    return go();
  };
  await assert.rejects(b.run({ hook }), /the process is gone/);
  await remake(b, things, 'gone');
  await b.produce(add('p', 5));
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=6']);
  assert.deepEqual(await b.emittedSums(), ['t/p=6']);
});

test('a live owner of a topic that is deleted and made again stops, and begins with the new one', async (t) => {
  const b = await bench(t);
  await b.produce(add('p'));
  const runtime = b.runtime();
  const membership = await runtime.stores.transport.join(addUp.name, things.name, {
    assigned: () => {},
    revoked: async () => {},
  });
  const worker = ownerOfRows({ job: addUp, partition: 0, membership, runtime, lookups: lookupsFor(runtime) });
  await rest([worker]);
  await remake(b, things, 'gone');
  await assert.rejects(worker.turn(0));
  await b.produce(add('p'));
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=2']);
});

test('the origins of a topic name its id, so that positions of the old one do not hide those of the new one', async (t) => {
  const b = await bench(t);
  await b.produce(add('p'));
  await b.run();
  await remake(b, things, 'gone');
  await b.produce(add('p'));
  await b.run();
  const records = await b.stores.transport.read('sum.events', 0, 0, 10);
  const origins = records.map(({ headers }) => String(headers['ce_origin']));
  assert.equal(new Set(origins).size, 2);
  assert.deepEqual([...new Set(origins.map(plainOrigin))], ['add-up/thing.events/0/0/0']);
});
