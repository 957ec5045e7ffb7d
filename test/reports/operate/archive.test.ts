/** The archive of a topic: what it contains, and that the topic can be restored from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineEvent } from '../../../core/event.ts';
import { archiveLayout, dataCells, dataOf, partsOf } from '../../../reports/archive/columns.ts';
import { ArchiveReader, recordOf } from '../../../reports/operate/archive-reader.ts';
import { currentTable } from '../../../reports/operate/kept.ts';
import { replayArchive } from '../../../reports/operate/replay.ts';
import { compactTable } from '../../../reports/operate/upkeep.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import { messageDue, preferencesChanged } from '../../../schemas/notification.ts';
import { userDeleted, userUpdated } from '../../../schemas/user.ts';
import { plain } from '../../../testing/dump.ts';
import { type GivenEvent, given, recordsOf } from '../../../testing/produce.ts';
import { deadLetterTopic, defineTopic, type Topic } from '../../../topics/define.ts';
import { topics, userEvents } from '../../../topics/index.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import { cleared, left, visitEvents, visited } from '../visits.ts';
import { PARTITIONS, type World, worldOf } from './world.ts';

const TIME = Date.UTC(2026, 2, 1, 12);
const SIGNAL = new AbortController().signal;

const examplesOf = (topic: Topic): GivenEvent[] =>
  [...topic.events, ...topic.broadcasts].map((def, i) => ({
    topic,
    def,
    data: def.example,
    id: `${def.type}-${i}`,
    time: TIME + i,
    tenant: i % 2 === 0 ? 'default' : 'north',
    loggedAt: TIME + 1000 + i,
  }));

async function logOf({ stores }: World, topic: string): Promise<LogRecord[][]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, i) => i);
  return Promise.all(partitions.map((partition) => stores.transport.read(topic, partition, 0, 10_000)));
}

async function readerOf({ kept }: World, topic: Topic): Promise<ArchiveReader> {
  const found = await currentTable(kept, archiveOf(topic));
  assert.ok(found);
  return new ArchiveReader(kept, topic, found.snapshot);
}

async function archivedRecords(world: World, topic: Topic): Promise<LogRecord[][]> {
  const reader = await readerOf(world, topic);
  const partitions: LogRecord[][] = Array.from({ length: PARTITIONS }, () => []);
  for (const { topicId, partition, first, last } of await reader.extents(SIGNAL)) {
    for await (const some of reader.read({ topicId, partition, from: first, to: last + 1 }, SIGNAL)) {
      partitions[partition]?.push(...some.map(recordOf));
    }
  }
  return partitions;
}

test('every event of every topic is read from its archive as it was written', async (t) => {
  const world = await worldOf(t, topics);
  const { codec } = world.stores;
  for (const topic of topics) {
    await world.produce(...examplesOf(topic));
    await world.count(archiveOf(topic));
    const wanted = new Map([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));
    const decoded = (records: LogRecord[][]) =>
      plain(
        records.map((each) =>
          each.map((record) => {
            const { partition, offset, key } = record;
            return {
              partition,
              offset,
              key: key && Buffer.from(key).toString(),
              ...codec.decode(topic, record, wanted),
            };
          }),
        ),
      );
    const log = decoded(await logOf(world, topic.name));
    assert.deepEqual(decoded(await archivedRecords(world, topic)), log, topic.name);
    // The segments become one, with records of all partitions.
    const source = archiveOf(topic);
    const found = await currentTable(world.kept, source);
    assert.ok(found);
    await compactTable(world.kept, source, found.table, { rules: { leastFiles: 2 } });
    assert.deepEqual(decoded(await archivedRecords(world, topic)), log, `${topic.name}, compacted`);
    assert.ok(log.flat().every(({ kind }) => kind === 'event'));
  }
});

test('its columns have names that SQL accepts without quotes', async (t) => {
  const world = await worldOf(t, [userEvents]);
  await world.produce(given(userEvents, userDeleted, { userId: 'ada' }, { id: 'u1', time: TIME }));
  await world.count(archiveOf(userEvents));
  const names = archiveLayout(userEvents).columns.map(({ name }) => name);
  const [row] = await world.query(archiveOf(userEvents), `select ${names.join(', ')} from rows`);
  assert.equal(row?.['key'], 'ada');
});

test('personal fields are not in the data, and have columns of their own', () => {
  const user = { userId: 'ada', name: 'Ada L.', gender: null, region: 'Wales', ageBand: '0-35', disability: true };
  const cells = dataCells(user, partsOf(userUpdated));
  assert.deepEqual(cells, {
    data: '{"userId":"ada"}',
    personal_name: '"Ada L."',
    personal_region: '"Wales"',
    personal_age_band: '"0-35"',
    personal_disability: 'true',
  });
  const { gender: _, ...known } = user;
  assert.deepEqual(dataOf(cells, partsOf(userUpdated)), known);
  assert.ok(partsOf(preferencesChanged).personal.includes('addresses'), 'what has something personal within');
  assert.ok(partsOf(messageDue).personal.includes('address'));
  const { name: erased, ...others } = known;
  assert.deepEqual(dataOf({ ...cells, personal_name: null }, partsOf(userUpdated)), others, `${erased} was erased`);
});

test('bytes are base64 text, as in the JSON of events', () => {
  const def = defineEvent(
    'file.kept',
    {
      type: 'record',
      name: 'Kept',
      fields: [
        { name: 'fileId', type: 'string', doc: 'The file.' },
        { name: 'body', type: 'bytes', doc: 'What is in it.' },
      ],
    },
    { fileId: 'f', body: new Uint8Array() },
  );
  assert.deepEqual(dataCells({ fileId: 'f', body: Buffer.from([0, 255]) }, partsOf(def)), {
    data: '{"fileId":"f","body":"AP8="}',
  });
});

test('an unreadable record is a dead letter, and not in the archive; a record for one job alone says so', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  const source = archiveOf(visitEvents);
  const event = (id: string) => given(visitEvents, visited, { userId: 'ada' }, { id, time: TIME });
  const [record] = recordsOf(world.stores.codec, event('broken'), PARTITIONS);
  const [routed] = recordsOf(world.stores.codec, event('routed'), PARTITIONS);
  const [unknown] = recordsOf(world.stores.codec, event('unknown'), PARTITIONS);
  assert.ok(record && routed && unknown);
  await world.stores.transport.produce([
    { ...record, value: Buffer.from('{'), headers: { ...record.headers, 'content-type': 'application/json' } },
    { ...routed, headers: { ...routed.headers, 'tributary-only-for': 'another-job' } },
    { ...unknown, headers: { ...unknown.headers, ce_type: 'visit.unheard-of' } },
  ]);
  await world.produce(event('kept'), given(visitEvents, cleared, { page: 'home' }, { id: 'all', time: TIME }));
  await world.count(source);
  assert.deepEqual(
    await world.query(source, 'select id, key, broadcast, only_for from rows order by id, log_partition'),
    [
      { id: 'all', key: null, broadcast: true, only_for: null },
      { id: 'all', key: null, broadcast: true, only_for: null },
      { id: 'kept', key: 'ada', broadcast: false, only_for: null },
      { id: 'routed', key: 'ada', broadcast: false, only_for: 'another-job' },
    ],
  );
  assert.equal((await logOf(world, deadLetterTopic(visitEvents.name))).flat().length, 1);
});

test('archived events are sent again unchanged: some of them, to the same topic or to another one', async (t) => {
  const copies = defineTopic({
    ...visitEvents,
    name: 'visit.copies',
    doc: 'The same.',
    events: [visited],
    broadcasts: [cleared],
  });
  const world = await worldOf(t, [visitEvents, copies]);
  const users = ['ada', 'ben', 'cleo', 'dan'];
  await world.produce(
    ...users.map((userId, i) =>
      given(visitEvents, visited, { userId, page: 'home' }, { id: `v${i}`, time: TIME + i, tenant: 'north' }),
    ),
    given(visitEvents, left, { userId: 'ada' }, { id: 'l1', time: TIME }),
    given(visitEvents, cleared, { page: 'home' }, { id: 'c1', time: TIME }),
  );
  await world.count(archiveOf(visitEvents));
  const seen: string[] = [];
  const replay = async (into: Topic, after?: { topicId: string; partition: number; offset: number }) =>
    replayArchive({
      reader: await readerOf(world, visitEvents),
      into,
      codec: world.stores.codec,
      transport: world.stores.transport,
      now: () => TIME + 5000,
      after,
      signal: SIGNAL,
      progress: (_, { topicId, partition, offset }) => seen.push(`${topicId}/${partition}/${offset}`),
    });
  const sent = await replay(copies);
  assert.deepEqual([sent.events, sent.records, sent.leftOut], [5, 4 + PARTITIONS, 1]);
  assert.match(sent.problems[0] ?? '', /visit\.copies has no event visit\.left/);
  const wanted = new Map([visited, cleared].map((def) => [def.type, def]));
  const identities = (records: LogRecord[][], topic: Topic) =>
    records.map((each) =>
      each.flatMap((record) => {
        const decoded = world.stores.codec.decode(topic, record, wanted);
        return decoded.kind === 'event' ? [{ ...decoded.event, loggedAt: 0 }] : [];
      }),
    );
  const before = identities(await logOf(world, visitEvents.name), visitEvents);
  const byType = (events: readonly { readonly type: string }[]) => events.filter(({ type }) => type === visited.type);
  assert.deepEqual(identities(await logOf(world, copies.name), copies).map(byType), before.map(byType));
  // Started again from a position, the replay sends only the rest.
  const [first = ''] = seen;
  const [topicId = '', partition, offset] = first.split('/');
  const rest = await replay(visitEvents, { topicId, partition: Number(partition), offset: Number(offset) });
  assert.ok(rest.events > 0 && rest.events < 6);
});
