import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { IN_MEMORY, openDatabase } from '../../../embedded/database.ts';
import { embeddedTransport } from '../../../topics/embedded/transport.ts';
import { topicsContract } from '../../contracts/topics.ts';
import { record } from '../../contracts/transport-members.ts';

const database = (t: TestContext) => {
  const opened = openDatabase(IN_MEMORY);
  t.after(() => opened.close());
  return opened;
};

topicsContract('embedded', async (t) => {
  const transport = embeddedTransport(database(t));
  t.after(() => transport.close());
  return { topics: transport.topics, transport };
});

test('a topic that was expanded has its records and its partitions when it is opened again', async (t) => {
  const file = database(t);
  const first = embeddedTransport(file);
  const topic = { name: 'orders', partitions: 1, retentionMs: 1000, groups: [] };
  await first.topics.apply([topic]);
  await first.produce([record('orders', 0)]);
  await first.topics.apply([{ ...topic, partitions: 3 }]);
  await first.produce([record('orders', 0), record('orders', 2)]);
  const ends = async (transport: typeof first) =>
    (await transport.describe(['orders'])).flatMap(({ partitions }) => partitions.map(({ end }) => end));
  assert.deepEqual(await ends(first), [2, 0, 1]);
  await first.close();
  const second = embeddedTransport(file);
  t.after(() => second.close());
  assert.deepEqual(await ends(second), [2, 0, 1]);
});
