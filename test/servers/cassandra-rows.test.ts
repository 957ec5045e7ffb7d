/** Claims and deleted rows as a real Cassandra stores them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Client } from 'cassandra-driver';
import { Entries } from '../../core/entries.ts';
import { running } from '../../servers/running.ts';
import { diagnoseCassandra } from '../../sinks/tables/cassandra/diagnose.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { MOST_TOKENS } from '../../sinks/tables/cassandra/version.ts';
import { keysWhere } from '../contracts/keys-where.ts';
import { learners, v, write } from '../contracts/tables-samples.ts';

const server = await running('cassandra');
const DAY_MS = 24 * 60 * 60 * 1000;

test('a deleted row is kept for its retention, and one that came back for ever', async (t) => {
  const { tables, client, keyspace } = await prepared(t);
  const key = ['acme', 'ada', 'b1'];
  /** The remaining seconds of each cell; null if the cell does not expire. */
  const left = async (): Promise<(number | null)[]> => {
    const named = ['region', '"_token"', '"_at"', '"_timers"', '"_erased"'].map((column) => `TTL(${column})`);
    const { rows } = await client.execute(`SELECT ${named.join(', ')} FROM ${keyspace}.contract_learners`);
    return rows.flatMap((row) => row.values());
  };
  const isNearly = (seconds: number | null, all: number) =>
    assert.ok(seconds !== null && seconds > all - 600 && seconds <= all, `${seconds} of ${all} seconds`);
  const data = { region: 'Wales', counts: Entries.of([['n', 1]]) };
  await tables.write(learners, [write(key, v(1, 1), { whole: true, keepMs: DAY_MS, data })]);
  assert.deepEqual(await left(), [null, null, null, null, null], 'what is there is kept');
  const gone = write(key, v(1, 2), { keepMs: DAY_MS, outbox: 'bye', data: undefined });
  await tables.write(learners, [gone]);
  for (const seconds of await left()) isNearly(seconds, 86_400);
  // The next owner renews its retention, without knowing any data of the row.
  await tables.write(learners, [
    { ...gone, version: v(2, 2), whole: true, taken: { from: v(1, 2) }, keepMs: 2 * DAY_MS - 1 },
  ]);
  for (const seconds of await left()) isNearly(seconds, 172_800);
  assert.deepEqual(await keysWhere(tables, learners, 0, 'acme', 'region', 'Wales'), [key]);
  const back = write(key, v(2, 3), { data });
  await tables.write(learners, [back]);
  assert.deepEqual(await left(), [null, null, null, null, null], 'nothing of it goes any more');
  for (const keepMs of [undefined, 1e14]) {
    const kept = write(key, v(3, 4), { whole: true, keepMs, data: undefined });
    assert.deepEqual(await tables.write(learners, [kept]), ['written']);
    assert.deepEqual(await left(), [null, null, null, null, null], `kept for ${keepMs} ms`);
  }
});

test('claims are above those made without a sequence, before it existed or by an older worker', async (t) => {
  const { tables, client, keyspace } = await prepared(t);
  const claimed = (partition: number, token: number) =>
    client.execute(
      `INSERT INTO ${keyspace}.tables_claims (job, topic, "partition", "token") VALUES ('j', 't', ${partition}, ${token}) IF NOT EXISTS`,
    );
  for (const [partition, token] of [5, 9, 7].entries()) await claimed(partition, token);
  assert.equal(await tables.claim('j', 't', 0), 10);
  assert.equal(await tables.claim('j', 't', 1), 11);
  assert.equal(await tables.claim('other', 't', 1), 1);
  await claimed(3, 40);
  assert.equal(await tables.claim('j', 't', 3), 41);
  assert.equal(await tables.claim('j', 't', 0), 42);
});

test('a sequence that somebody deletes continues, and one that is lost begins above all claims', async (t) => {
  const { tables, client, keyspace } = await prepared(t);
  for (let token = 1; token <= 3; token++) assert.equal(await tables.claim('j', 't', token), token);
  await client.execute(`DELETE FROM ${keyspace}.tables_claims WHERE job = 'j' AND topic = 't' AND "partition" = -1`);
  assert.equal(await tables.claim('j', 't', 1), 4);
  const client2 = await prepared(t);
  assert.equal(await client2.tables.claim('j', 't', 1), 1, 'of another keyspace');
  await client.execute(`TRUNCATE ${keyspace}.tables_claims`);
  assert.equal(await tables.claim('j', 't', 1), 1);
  assert.equal(await tables.claim('j', 't', 2, 4), 5, 'and above the row that was found');
});

test('a thousand partitions are claimed at once', async (t) => {
  const { tables } = await prepared(t);
  for (const most of [1000, 2000]) {
    const tokens = await Promise.all(Array.from({ length: 1000 }, (_, partition) => tables.claim('j', 't', partition)));
    assert.ok(Math.max(...tokens) <= most);
    assert.deepEqual(tokens, await Promise.all(tokens.map((_, partition) => tables.token('j', 't', partition))));
  }
});

test('doctor reports how many tokens are left', async (t) => {
  const { tables, keyspace } = await prepared(t);
  const outcome = async () => {
    const findings = await diagnoseCassandra({ url: `${server.url}/${keyspace}` });
    return findings.find(({ check }) => check === 'tables: tokens')?.state;
  };
  assert.equal(await outcome(), 'ok');
  await tables.claim('j', 't', 0, Math.round(MOST_TOKENS * 0.95));
  assert.equal(await outcome(), 'warning');
});

/** A separate keyspace for the test. */
async function prepared(t: TestContext) {
  const keyspace = `test_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const tables = cassandraTables({ url: `${server.url}/${keyspace}` });
  t.after(() => tables.close());
  await tables.prepare([learners]);
  const client = new Client({
    contactPoints: [server.url.slice('cassandra://'.length)],
    localDataCenter: 'datacenter1',
  });
  t.after(() => client.shutdown());
  await client.connect();
  return { tables, client, keyspace };
}
