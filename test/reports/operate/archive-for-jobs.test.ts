/** Archived records that are for one job alone. This job reads them unchanged, and nobody else reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callAnswered, type EventDef, timerFired, userForgotten } from '../../../core/event.ts';
import { routed } from '../../../jobs/runtime/rows/records.ts';
import { archivedLog } from '../../../reports/operate/archived-log.ts';
import { segmentRows } from '../../../reports/operate/forget.ts';
import { currentTable } from '../../../reports/operate/kept.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import { notificationRead, preferencesChanged } from '../../../schemas/notification.ts';
import { plain } from '../../../testing/dump.ts';
import { given, recordsOf } from '../../../testing/produce.ts';
import { avroHeaders, ONLY_FOR } from '../../../topics/codec/codec.ts';
import { LOGGED_AT } from '../../../topics/codec/own-headers.ts';
import { notificationEvents } from '../../../topics/index.ts';
import { ONLY_ROWS, ONLY_VIEWS } from '../../../topics/log/only.ts';
import { FIRST_ORIGIN } from '../../../topics/log/origin.ts';
import type { LogRecord, NewRecord } from '../../../topics/log/transport.ts';
import { PARTITIONS, type World, worldOf } from './world.ts';

const TIME = Date.UTC(2026, 2, 1, 12);
const SIGNAL = new AbortController().signal;
const topic = notificationEvents;
const archive = archiveOf(topic);
const wanted = new Map(
  [...topic.events, ...topic.broadcasts, timerFired, callAnswered].map((def): [string, EventDef] => [def.type, def]),
);

/** An event of the runtime, such as a timer, for a row of the job. */
function ofRow({ stores }: World, def: EventDef, data: Readonly<Record<string, unknown>>): NewRecord {
  const id = `${def.type}-${JSON.stringify(data)}`;
  const [first] = data['row'] as [string];
  return {
    topic: topic.name,
    partition: 0,
    key: Buffer.from(first),
    value: stores.codec.encode(topic.name, def, data),
    headers: avroHeaders(def.type, { id, source: '/tributary/a', time: TIME, tenant: 'north' }),
    timestamp: TIME + 5,
  };
}

async function logOf({ stores }: World): Promise<LogRecord[]> {
  return stores.transport.read(topic.name, 0, 0, 1000);
}

/** The partition as `reader` gets it from the archive, after the topic has lost everything. */
async function archivedFor(world: World, reader: string): Promise<LogRecord[]> {
  const found = await currentTable(world.kept, archive);
  assert.ok(found);
  const { transport } = world.stores;
  const { length } = await logOf(world);
  const emptied = {
    ...transport,
    describe: async () => {
      const infos = await transport.describe([topic.name]);
      return infos.map((info) => ({
        ...info,
        partitions: info.partitions.map((one) => ({ ...one, begin: one.end })),
      }));
    },
  };
  const log = await archivedLog({
    stores: world.kept,
    transport: emptied,
    topic,
    snapshot: found.snapshot,
    reader,
    whole: true,
    signal: SIGNAL,
  });
  return log.transport.read(topic.name, 0, 0, length + 1);
}

/** The records as a job decodes them, without those for other jobs. */
function decodedFor({ stores }: World, records: readonly LogRecord[], job: string): unknown[] {
  return records.flatMap((record) => {
    const decoded = stores.codec.decode(topic, record, wanted);
    if (decoded.kind !== 'event') return [];
    const { event, onlyFor = event.data['job'] ?? job } = decoded;
    const { partition, offset, timestamp, headers } = record;
    const first = headers[FIRST_ORIGIN] ?? null;
    return onlyFor === job ? [plain({ partition, offset, timestamp, first, ...decoded })] : [];
  });
}

async function filled(t: Parameters<typeof worldOf>[0]): Promise<World> {
  const world = await worldOf(t, [topic]);
  const { codec, transport } = world.stores;
  const read = given(topic, notificationRead, { recipientId: 'ada' }, { id: 'r1', time: TIME });
  const [record] = recordsOf(codec, { ...read, loggedAt: TIME }, PARTITIONS);
  assert.ok(record);
  const derived = { ...record, headers: { ...record.headers, ce_origin: 'a/user.events@x/1/7/0' } };
  const sent = (job: string, offset: number): NewRecord => ({
    ...routed({ ...derived, partition: 1, offset }, 'ada', {
      assignment: { job, topic: topic.name, partition: 1 },
      topicId: 'x',
      partitions: () => PARTITIONS,
      now: TIME,
    }),
    partition: 0,
  });
  const replayed = {
    ...record,
    headers: { ...record.headers, [LOGGED_AT]: String(TIME), [ONLY_FOR]: 'a' },
    timestamp: TIME + 86_400_000,
  };
  const bad = JSON.stringify({
    ...preferencesChanged.example,
    addresses: [{ channel: 'mail', address: 'ada@example.org' }, { channel: 'pigeon' }],
  });
  const unfit = {
    ...record,
    headers: { ...record.headers, 'content-type': 'application/json', ce_type: preferencesChanged.type },
    value: Buffer.from(bad),
  };
  await transport.produce(
    [
      record,
      sent('a', 3),
      sent('b', 4),
      // Of another job, and yet in the order of its own.
      sent('b', 2),
      replayed,
      { ...replayed, headers: { ...replayed.headers, [ONLY_ROWS]: '[["ada","m1"]]', [ONLY_VIEWS]: '[["ada","m2"]]' } },
      ofRow(world, timerFired, { job: 'a', row: ['ada', 'm1'], name: 'due', due: TIME }),
      ofRow(world, timerFired, { job: 'b', row: ['ada'], name: 'due', due: TIME }),
      ofRow(world, callAnswered, {
        job: 'a',
        row: ['ada', 'm1'],
        attempt: 1,
        outcome: 'sent',
        detail: '250 <ada@x.org>',
      }),
      unfit,
    ].map((each) => ({ ...each, partition: 0 })),
  );
  await world.count(archive);
  return world;
}

test('a job reads from the archive what it reads in the log, and nothing that is for others', async (t) => {
  const world = await filled(t);
  const log = await logOf(world);
  for (const [job, count] of [['a', 7] as const, ['b', 5] as const]) {
    const decoded = decodedFor(world, log, job);
    assert.equal(decoded.length, count);
    assert.deepEqual(decodedFor(world, await archivedFor(world, job), job), decoded, job);
  }
  assert.equal((await archivedFor(world, 'a-datasource')).length, 2, 'others get the events for all alone');
  const [row] = await world.query(archive, "select data, personal_detail from rows where type = 'call.answered'");
  assert.ok(!String(row?.['data']).includes('@'), 'the answer of a channel may be personal');
});

test('what is for one job names its users, so that they can be forgotten', async (t) => {
  const world = await filled(t);
  const tables = [{ name: archive.name, source: archive, datasource: undefined }];
  const person = { tenant: 'north', userId: 'm1' };
  const found = await segmentRows(world.kept, tables, person, { erase: true, signal: SIGNAL });
  assert.deepEqual([...found.values()], [2], 'as a later part of the key of a row');
  const ada = { tenant: 'default', userId: 'ada' };
  await segmentRows(world.kept, tables, ada, { erase: true, signal: SIGNAL });
  await segmentRows(world.kept, tables, { ...ada, tenant: 'north' }, { erase: true, signal: SIGNAL });
  assert.deepEqual(
    await world.query(
      archive,
      "select type from rows where only_rows like '%ada%' or only_for = 'b' and type = 'timer.fired'",
    ),
    [],
  );
});

test('an event of the runtime for a row of a forgotten user is not archived', async (t) => {
  const world = await worldOf(t, [topic]);
  const { codec, transport } = world.stores;
  await codec.prepareEvent(topic.name, userForgotten);
  const about = { userId: 'ada', job: '', row: [] };
  await transport.produce([
    { ...ofRow(world, userForgotten, { ...about, row: ['ada'] }), key: null },
    ofRow(world, timerFired, { job: 'a', row: ['ada', 'm1'], name: 'due', due: TIME }),
    ofRow(world, timerFired, { job: 'a', row: ['ben', 'm1'], name: 'due', due: TIME }),
  ]);
  await world.count(archive);
  assert.deepEqual(await world.query(archive, 'select key, only_for from rows'), [{ key: 'ben', only_for: 'a' }]);
});
