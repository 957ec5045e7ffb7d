/** What doctor reports about damaged stores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { DEFAULT_TENANT } from '../../core/event.ts';
import type { Finding } from '../../core/finding.ts';
import { openDatabase } from '../../embedded/database.ts';
import { changeGenerations } from '../../jobs/runtime/rows/generations/state.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';
import { userEvents } from '../../topics/index.ts';
import { enrolled, ndjson, temporaryFolder } from './harness.ts';
import { command, wired } from './in-process.ts';

async function findingsOf(one: Wired): Promise<Finding[]> {
  const { code, stdout, stderr } = await command(one, 'doctor-findings', { tenant: DEFAULT_TENANT, away: [] });
  assert.equal(code, 0, stderr);
  const findings = JSON.parse(stdout) as Finding[];
  for (const { state, todo, check } of findings)
    assert.equal(todo !== undefined, state !== 'ok', `${check} says what to do`);
  return findings;
}

const notOk = async (one: Wired): Promise<string[]> =>
  (await findingsOf(one))
    .filter(({ state }) => state !== 'ok')
    .map(({ check, state, message }) => `${state} ${check}: ${message}`);

const TAIL = { topic: 'enrollment.events', fromBeginning: true, follow: false, limit: null, json: false };

const produce = (one: Wired, ...events: readonly unknown[]) =>
  command(one, 'produce-piece', { topic: 'enrollment.events' }, ndjson(...events));

test('healthy stores have no problems', async (t) => {
  assert.deepEqual(await notOk(await wired(t)), []);
});

test('a topic with a different number of partitions than declared is reported', async (t) => {
  const folder = temporaryFolder(t);
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  const database = openDatabase(config.data);
  const { retentionMs } = userEvents;
  await embeddedTransport(database).createTopics([{ name: 'user.events', partitions: 2, retentionMs }]);
  database.close();
  const one = await wire({ config, platform: learningPlatform });
  t.after(() => one.close());
  assert.deepEqual(await notOk(one), ['warning topics: user.events has 2 partitions, and should have 6']);
});

test('a job that is held during a swap is reported', async (t) => {
  const one = await wired(t);
  const swap = { from: 1, to: 2, stage: 'held', token: 0 } as const;
  await changeGenerations(one.stores.tables, 'track-progress', (now) => ({ ...now, last: 2, kept: [1, 2], swap }));
  assert.deepEqual(await notOk(one), [
    'problem generations: track-progress is held until generation 2 of its rows becomes the current one',
  ]);
});

test('a job that is behind and does not advance is reported', async (t) => {
  const one = await wired(t);
  await produce(one, enrolled('u1'));
  const [found, ...others] = await notOk(one);
  assert.match(
    found ?? '',
    /^warning progress: track-progress is 1 records behind and did not move in partitions \d of enrollment\.events$/,
  );
  assert.deepEqual(others, []);
});

test('a committed offset beyond the end of the log is reported', async (t) => {
  const one = await wired(t);
  await one.stores.transport.seek('track-progress', 'enrollment.events', { partition: 3, offset: 10 });
  assert.deepEqual(await notOk(one), [
    'problem positions: track-progress is to go on at 10 of enrollment.events/3, which ends at 0',
  ]);
});

test('records that retention deleted before the job read them are reported', async (t) => {
  const one = await wired(t);
  const { transport } = one.stores;
  await produce(one, enrolled('u1'));
  const lags = await transport.lag('track-progress', 'enrollment.events');
  const partition = lags.findIndex(({ end }) => end > 0);
  await transport.seek('track-progress', 'enrollment.events', { partition, offset: 0 });
  await transport.expire(Date.now() + 1000 * 24 * 60 * 60 * 1000);
  const [found] = await notOk(one);
  assert.equal(
    found,
    `problem positions: the records from 0 up to 1 of enrollment.events/${partition} were dropped before track-progress read them`,
  );
});

test('a row that has applied a record that the log does not have is reported', async (t) => {
  const one = await wired(t);
  await writeBatch(one, { at: '4:17' });
  assert.deepEqual(await notOk(one), [
    'problem positions: the row default/b1 of summarize-batch has applied batch.events/4/17, which is not in the log',
  ]);
});

test('an overdue timer is reported', async (t) => {
  const one = await wired(t);
  await writeBatch(one, { timers: { start: 1000 } });
  assert.deepEqual(await notOk(one), [
    'warning timers: start of default/b1 of summarize-batch was due at 1970-01-01T00:00:01.000Z',
  ]);
});

test('a record from the future is reported', async (t) => {
  const one = await wired(t);
  const record = {
    topic: 'user.events',
    partition: 1,
    key: null,
    value: null,
    headers: {},
    timestamp: Date.UTC(2200, 0, 1),
  };
  await one.stores.transport.produce([record]);
  const [found] = await notOk(one);
  assert.match(found ?? '', /^warning clock and log: user\.events\/1 has a record of 2200-01-01/);
});

test('senders of preferences that do not fit the schema are reported', async (t) => {
  const one = await wired(t);
  const data = { recipientId: 'ada', addresses: [{ channel: 'fax' }, { channel: 'telex' }], timeZone: null };
  const event = { specversion: '1.0', id: 'e', source: '/campus', type: 'notification.preferences-changed', data };
  const value = Buffer.from(JSON.stringify(event));
  const headers = { 'content-type': 'application/cloudevents+json' };
  await one.stores.transport.produce([
    { topic: 'notification.events', partition: 0, key: null, timestamp: Date.now(), value, headers },
  ]);
  const found = (await notOk(one)).filter((line) => line.startsWith('warning senders'));
  const findings = ['addresses[]', 'timeZone'].map(
    (path) => `data.${path} in notification.preferences-changed of /campus, in 1 records`,
  );
  assert.deepEqual(found, [
    `warning senders: notification.events: fields that do not fit the schema, and are left out: ${findings.join('; ')}`,
  ]);
});

test('senders with a clock that is ahead, undeclared types and unknown fields are reported', async (t) => {
  const one = await wired(t);
  const now = Date.now();
  const base = { specversion: '1.0', id: 'e', source: '/campus', ...enrolled('u1') };
  const say = (event: object) => ({
    ...{ topic: 'enrollment.events', partition: 2, key: null, timestamp: now },
    value: Buffer.from(JSON.stringify(event)),
    headers: { 'content-type': 'application/cloudevents+json' },
  });
  const misspelt = { ...base.data, batch: 'b' };
  await one.stores.transport.produce([
    ...[2098, 2099].map((year) => say({ ...base, source: '/phone\u001b[2J', time: `${year}-01-01T00:00:00Z` })),
    say({ ...base, type: 'enrollment.enroled' }),
    say({ ...base, data: misspelt }),
    say({ ...base, time: new Date(now + 30_000).toISOString() }),
  ]);
  const found = (await notOk(one)).filter((line) => line.startsWith('warning senders'));
  assert.deepEqual(found, [
    'warning senders: enrollment.events: senders whose events happen after they are logged: /phone\u001b[2J, up to 2099-01-01T00:00:00.000Z, in 2 records',
    'warning senders: enrollment.events: types that it does not declare, which no job applies: enrollment.enroled of /campus, in 1 records; did you mean enrollment.enrolled?',
    'warning senders: enrollment.events: fields that the schema does not have, which are ignored: data.batch in enrollment.enrolled of /campus, in 1 records',
  ]);
  const { stdout } = await command(one, 'tail', TAIL);
  assert.ok(stdout.split('\n').length > 4 && !stdout.includes('\u001b'));
});

test('a store that fails is a problem, and the others are still inspected', async (t) => {
  const one = await wired(t);
  const search = { ...one.stores.search, search: () => Promise.reject(new Error('no search today')) };
  const findings = await findingsOf({ ...one, stores: { ...one.stores, search } });
  assert.deepEqual(
    findings.filter(({ state }) => state === 'problem').map(({ check, message }) => [check, message]),
    [['indexes', 'no search today']],
  );
  assert.ok(findings.some(({ check }) => check === 'timers'));
});

async function writeBatch({ stores }: Wired, row: { at?: string; timers?: Record<string, number> }): Promise<void> {
  await stores.tables.claim('summarize-batch', 'batch.events', 0);
  const data = {
    batchId: 'b1',
    courseId: 'c1',
    name: '',
    startsAt: null,
    endsAt: null,
    status: 'unknown',
    learners: 0,
    ever: 0,
    left: 0,
    notStarted: 0,
    inProgress: 0,
    completed: 0,
    meanProgress: 0,
    histogram: [],
    progressSum: 0,
  };
  const write = {
    key: [DEFAULT_TENANT, 'b1'],
    version: { token: 1, revision: 1 },
    at: '',
    outbox: '',
    timers: {},
    data,
    partition: 0,
    whole: true,
    ...row,
  };
  assert.deepEqual(await stores.tables.write(batchSummary, [write]), ['written']);
}

test('damage that SQLite detects is a problem', async (t) => {
  const one = await wired(t);
  assert.deepEqual(one.embedded?.damage(), []);
  const damaged = { ...one, embedded: { damage: () => ['row 7 missing from index'] } };
  assert.deepEqual(await notOk(damaged), ['problem database: SQLite finds damage: row 7 missing from index']);
});
