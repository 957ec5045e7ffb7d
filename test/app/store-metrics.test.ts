import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../app/telemetry/metrics.ts';
import { StoreCalls } from '../../app/telemetry/store-calls.ts';
import { storeMetrics } from '../../app/telemetry/store-metrics.ts';
import { TributaryError } from '../../core/errors.ts';
import { IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';

const TOPIC = { name: 'thing.events', partitions: 1, retentionMs: 1000 };
const LISTENER = { assigned: () => {}, revoked: async () => {} };

async function counted() {
  const { registry, instruments } = await createMetrics();
  const calls = new StoreCalls();
  calls.listener = storeMetrics(instruments, ['transport', 'tables', 'mail']);
  const sample = async (name: string) => {
    const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`tributary_${name} `));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };
  return { calls, sample };
}

test('calls of a store are counted with their time, and failed ones by the kind of their error', async () => {
  const { calls, sample } = await counted();
  const port = calls.watch('tables', {
    name: 'of the port',
    async read() {
      return ['a row'];
    },
    async token() {
      throw new TributaryError('TABLES_AWAY', 'nobody answers');
    },
    describe: () => 'at once',
    async close() {},
  });
  assert.equal(await sample('store_errors_total{store="tables",kind="retry"}'), 0, 'it is there from the start');
  assert.deepEqual([await port.read(), port.describe(), port.name], [['a row'], 'at once', 'of the port']);
  await assert.rejects(port.token(), { code: 'TABLES_AWAY' });
  await port.close();
  assert.equal(await sample('store_call_duration_seconds_count{store="tables",call="read"}'), 1);
  assert.equal(await sample('store_call_duration_seconds_count{store="tables",call="token"}'), 1);
  assert.equal(await sample('store_call_duration_seconds_count{store="tables",call="close"}'), undefined);
  assert.equal(await sample('store_errors_total{store="tables",kind="retry"}'), 1);
  assert.equal(await sample('store_errors_total{store="tables",kind="fatal"}'), 0);
});

test('a write that a newer owner makes stale is a fenced write, and so is a commit of an older claim', async (t) => {
  const { calls, sample } = await counted();
  const tables = calls.watch('tables', { apply: async () => ['written', 'stale', { refused: 'too large' }, 'stale'] });
  await tables.apply();
  assert.equal(await sample('fenced_writes_total{store="tables"}'), 2);

  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const transport = calls.watch('transport', embeddedTransport(database));
  await transport.createTopics([TOPIC]);
  const membership = await transport.join('job', TOPIC.name, LISTENER);
  const older = await membership.claim(0);
  const newer = await membership.claim(0);
  const nothing = { records: [], offset: 0, metadata: '' };
  await assert.rejects(older.commit(nothing), { code: 'FENCED' });
  await newer.commit(nothing);
  assert.equal(newer.shape.name, TOPIC.name);
  assert.equal(await sample('fenced_writes_total{store="transport"}'), 1);
  assert.equal(await sample('store_errors_total{store="transport",kind="fenced"}'), 1);
  assert.equal(await sample('store_call_duration_seconds_count{store="transport",call="commit"}'), 2);
  await membership.leave();
});

test('a channel that does not send is a failed call, although it answers', async () => {
  const { calls, sample } = await counted();
  const outcomes = ['sent', 'away', 'refused', 'unknown'];
  const mail = calls.watch('mail', { repeats: 'honours-key', send: async () => ({ outcome: outcomes.shift() }) });
  assert.equal(mail.repeats, 'honours-key');
  for (let i = 0; i < 4; i++) await mail.send();
  assert.equal(await sample('store_errors_total{store="mail",kind="retry"}'), 2);
  assert.equal(await sample('store_errors_total{store="mail",kind="reject"}'), 1);
});

test('a pipeline has no more series than its declarations allow', async () => {
  const { registry } = await createMetrics(learningPlatform.jobs);
  const lines = (await registry.metrics()).split('\n').filter((line) => /^tributary_/.test(line));
  assert.ok(lines.length < 150 * learningPlatform.jobs.length, `${lines.length} series`);
});
