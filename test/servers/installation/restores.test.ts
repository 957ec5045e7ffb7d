/**
 * The procedures in docs/operate.md for restored tables and failovers, on Kafka and Cassandra. A table is truncated, and its rows of an
 * earlier moment are written back unchanged. The other cluster is a second broker.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client } from 'cassandra-driver';
import { summarizeBatch, trackProgress } from '../../../jobs/index.ts';
import { startKafka } from '../../../servers/kafka.ts';
import { running } from '../../../servers/running.ts';
import { cassandraTables } from '../../../sinks/tables/cassandra/tables.ts';
import type { StoredRow } from '../../../sinks/tables/port.ts';
import { dump } from '../../../testing/dump.ts';
import { memoryStores } from '../../../testing/stores.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { topics } from '../../../topics/index.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import { at, begin, end, saved, seek, show } from '../../cli/offsets-harness.ts';
import { CAMPUS_JOBS, Campus, DAY_ONE, PARTITIONS } from '../../harness/campus.ts';
import { isEmittedByNoJob, mirror } from '../../harness/other-tools.ts';
import { FOR_EVER } from '../../harness/retention.ts';
import { named } from './crash-stores.ts';

const [kafka, cassandra] = await Promise.all([running('kafka'), running('cassandra')]);
const TABLES = [trackProgress.row, summarizeBatch.row];
type Backup = readonly (readonly StoredRow[])[];

async function opened(t: TestContext, url: string): Promise<Transport> {
  const server = kafkaTransport({ url, heartbeatMs: 300 });
  t.after(() => server.close());
  const transport = named(server, `restores-${randomUUID().slice(0, 8)}.`);
  const both = topics.flatMap(({ name }) => [name, deadLetterTopic(name)]);
  await transport.createTopics(both.map((name) => ({ name, partitions: PARTITIONS, retentionMs: FOR_EVER })));
  return transport;
}

/** Views stay in the process, since these procedures need no server for them. */
async function campus(t: TestContext) {
  const keyspace = `restores_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const local = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
  t.after(() => local.close());
  const tables = cassandraTables({ url: `${cassandra.url}/${keyspace}` });
  t.after(() => tables.close());
  const targets = CAMPUS_JOBS.flatMap((job) => [job.row, ...job.views.map((view) => view.into)]);
  await tables.prepare(targets.filter((target) => target.kind === 'table'));
  const c = await Campus.open({ ...local, tables, transport: await opened(t, kafka.url) });
  const client = new Client({ contactPoints: [new URL(cassandra.url).host], localDataCenter: 'datacenter1', keyspace });
  t.after(() => client.shutdown());
  return { c, truncate: (name: string) => client.execute(`TRUNCATE ${name}`) };
}

async function backUp({ stores }: Campus): Promise<Backup> {
  return Promise.all(TABLES.map(async (table) => (await stores.tables.scan(table, { limit: 1000 })).items));
}

async function writeBack({ stores }: Campus, backup: Backup): Promise<void> {
  for (const [i, rows] of backup.entries()) {
    const table = TABLES[i] as (typeof TABLES)[number];
    const writes = rows.map((row) => {
      return { ...row, partition: partitionOfText(row.key[1] as string, PARTITIONS), whole: true };
    });
    await stores.tables.write(table, writes);
  }
}

const everything = (c: Campus) => dump(c.stores, CAMPUS_JOBS);
const RESTORED = { restored: true };

for (const how of ['the offsets that were kept beside it', 'a time before it']) {
  test(`tables of Cassandra that were restored from a backup: moving to ${how} restores everything`, async (t) => {
    const { c, truncate } = await campus(t);
    await c.enrol(5);
    await c.run();
    const offsets = (await show(c)).text;
    const backup = await backUp(c);
    await c.enrol(7);
    await c.run();
    const before = await everything(c);
    assert.deepEqual(await c.counts(), [12, 12]);
    for (const name of [...TABLES.map((table) => table.name), 'tables_claims']) await truncate(name);
    await writeBack(c, backup);
    assert.deepEqual(await c.counts(), [5, 5]);
    for (const job of CAMPUS_JOBS) {
      if (how === 'a time before it') {
        await seek(c, job, job === trackProgress ? at(DAY_ONE + 4 * 60_000) : begin, RESTORED);
      } else await seek(c, job, saved, RESTORED, offsets);
    }
    c.telemetryEvents.length = 0;
    await c.run();
    assert.deepEqual(await c.counts(), [12, 12]);
    assert.deepEqual(await everything(c), before);
    assert.deepEqual(c.reported('views-stale'), []);
  });
}

test('rows of Cassandra that were lost entirely are made anew from Kafka', async (t) => {
  const { c, truncate } = await campus(t);
  await c.enrol(8);
  await c.run();
  const before = await everything(c);
  for (const { name } of TABLES) await truncate(name);
  for (const job of CAMPUS_JOBS) await seek(c, job, begin, RESTORED);
  await c.run();
  assert.deepEqual(await everything(c), before);
});

async function otherBroker(t: TestContext): Promise<Transport> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-kafka-'));
  const server = await startKafka({ folder });
  t.after(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return opened(t, server.url);
}

test('a failover to another broker: planned, with the same tables; unplanned, with new ones', async (t) => {
  const { c } = await campus(t);
  await c.enrol(8);
  await c.run();
  const before = await everything(c);
  const source = c.stores.transport;
  const transport = await otherBroker(t);
  await mirror(source, transport, isEmittedByNoJob);
  const { c: fresh } = await campus(t);
  fresh.stores = { ...fresh.stores, transport, codec: c.stores.codec };
  await fresh.run();
  assert.deepEqual(await everything(fresh), before, 'unplanned');

  c.stores = { ...c.stores, transport: await otherBroker(t) };
  await mirror(source, c.stores.transport, () => true);
  for (const job of CAMPUS_JOBS) await seek(c, job, end);
  await c.run();
  assert.deepEqual(await everything(c), before, 'planned');
  await c.enrol(4);
  await c.run();
  assert.deepEqual(await c.counts(), [12, 12]);
  for (const job of CAMPUS_JOBS) await seek(c, job, begin);
  await c.run();
  assert.deepEqual(await c.counts(), [12, 12]);
});
