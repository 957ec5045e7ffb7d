import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { notify } from '../../../jobs/notify/notify.ts';
import type { Anomaly } from '../../../jobs/runtime/anomalies.ts';
import type { Settings } from '../../../jobs/runtime/stores.ts';
import { preferencesChanged } from '../../../schemas/notification.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { eventTimeOf } from '../../../topics/codec/envelope.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import { added, emptied, sums, things, unread } from './add-up.ts';
import { type Bench, bench, START } from './bench.ts';

const key = new TextEncoder().encode('t');
let ids = 0;

async function say(b: Bench, type: string, data: object = {}, rest: Partial<LogRecord> & { time?: string } = {}) {
  const { time, ...change } = rest;
  const headers = {
    ...{ ce_specversion: '1.0', ce_id: `id-${ids++}`, ce_source: '/s', ce_type: type },
    ...(time !== undefined && { ce_time: time }),
    'content-type': 'application/json',
  };
  const value = new TextEncoder().encode(JSON.stringify({ thingId: 't', partId: 'p', amount: 1, ...data }));
  await b.stores.transport.produce([
    { topic: things.name, partition: 0, key, value, headers, timestamp: START, ...change },
  ]);
}

async function run(t: TestContext, settings: Partial<Settings>, ...types: readonly string[]): Promise<Bench> {
  const b = await bench(t);
  for (const type of types) await say(b, type);
  await b.run({ settings });
  return b;
}

test('a record of a type that its topic does not declare is skipped, counted separately and reported', async (t) => {
  const b = await run(t, {}, 'thing.aded', 'thing.aded', 'other.kind', unread.type, added.type);
  const [batch] = b.reported('batch');
  assert.deepEqual([batch?.records, batch?.applied, batch?.rejected], [5, 1, 0]);
  assert.deepEqual([batch?.skipped.undeclared, batch?.skipped.unwanted], [3, 1]);
  assert.deepEqual(
    b.reported('undeclared').map(({ type, count }) => [type, count]),
    [
      ['thing.aded', 2],
      ['other.kind', 1],
    ],
  );
  assert.deepEqual(await b.deadLetters(), []);
});

test('where the settings require it, an undeclared type is a dead letter, once; a type that no job folds is none', async (t) => {
  const b = await run(t, { undeclaredTypes: 'dead-letter' }, 'thing.aded\u001b', unread.type, added.type);
  assert.deepEqual(await b.deadLetters(), ['TYPE_UNDECLARED@0:0']);
  assert.deepEqual(
    b.reported('dead-letter')[0]?.message.split(':')[0],
    `${things.name} declares no type "thing.aded\\u001b"`,
  );
  assert.equal(b.reported('batch')[0]?.skipped.unwanted, 1);
  await b.stores.transport.seek('add-up', things.name, { partition: 0, offset: 0 });
  await b.run({ settings: { undeclaredTypes: 'dead-letter' } });
  assert.equal((await b.deadLetters()).length, 1, 'after a rewind it is not judged again');
});

test('of any number of undeclared types some are reported by name, and the others together', async (t) => {
  const b = await run(t, {}, ...Array.from({ length: 50 }, (_, n) => `${n}-${'x'.repeat(1000)}`));
  const undeclared = b.reported('undeclared');
  assert.equal(undeclared.length, 21);
  assert.ok(undeclared.every(({ type }) => type.length <= 100));
  assert.equal(
    undeclared.reduce((sum, { count }) => sum + count, 0),
    50,
  );
});

test('events whose time is ahead of their record, and those with unknown fields, are applied and counted', async (t) => {
  const b = await bench(t);
  await say(b, added.type, {}, { time: '2099-01-01T00:00:00Z' });
  await say(b, added.type, { colr: 'red' });
  await say(b, added.type, { colr: 'red' }, { time: '2099-01-01T00:00:00Z' });
  await say(b, added.type);
  await say(b, emptied.type, { colr: 'red' });
  await b.run();
  const batches = b.reported('batch').filter(({ job }) => job === 'add-up');
  const count = (name: Anomaly) => batches.reduce((sum, { odd }) => sum + odd[name], 0);
  assert.equal(count('time-ahead'), 2);
  // `emptied` has neither a part nor an amount.
  assert.equal(count('unknown-fields'), 3);
  assert.deepEqual(await b.deadLetters(), []);
});

test('preferences that do not fit their schema are counted as incomplete', async (t) => {
  const b = await bench(t, { jobs: [notify] });
  const preferences = (id: string, timeZone: unknown) => {
    const data = { recipientId: 'ada', timeZone };
    const given = { topic: notify.from, def: preferencesChanged, data, id, time: START, json: true } as const;
    return recordsOf(b.stores.codec, given, 1);
  };
  await b.stores.transport.produce([...preferences('right', 'UTC'), ...preferences('wrong', null)]);
  await b.run();
  assert.deepEqual(b.reported('batch')[0]?.odd, { 'time-ahead': 0, 'unknown-fields': 0, 'unfit-fields': 1 });
  assert.deepEqual(await b.deadLetterRecords(notify.from.name), []);
});

test('a derived event of an event from a fast clock keeps its time, and is no further ahead of the log than its record was', async (t) => {
  const b = await bench(t);
  const [logged, minute] = [START + 30 * 60_000, 60_000];
  await say(b, added.type, {}, { time: new Date(logged + minute).toISOString(), timestamp: logged });
  await b.run();
  const [record] = (await b.stores.transport.read(sums.name, 0, 0, 10)) as [LogRecord];
  assert.equal(eventTimeOf(record), logged + minute);
  assert.equal(record.timestamp, logged);
});
