/**
 * The procedures in docs/operate.md for backups and disasters of servers, word by word. The copies are whole data folders of Kafka,
 * Cassandra and S3. They were taken one after the other while producers went on, and are restored when the rest has moved on.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { jobs } from '../../../jobs/index.ts';
import { startCassandra } from '../../../servers/cassandra.ts';
import { startAll } from '../../../servers/group.ts';
import { startKafka } from '../../../servers/kafka.ts';
import { running } from '../../../servers/running.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from '../../../servers/s3.ts';
import type { Server } from '../../../servers/server.ts';
import { Fleet, runCommand } from '../../faults/workers.ts';
import { inOrder } from '../../harness/steps.ts';
import { blocksBelow, typed } from '../../harness/typed.ts';

const BUCKET = 'backup';
const COUNTS = 'select sum(views) as visits, sum(completions) as completions from activity';
const LOAD = ['load', '--rate', '20000', '--learners', '40', '--start', '2026-03-01T00:00:00Z'];
/** Events of the load: at the backup of the tables, at the backup of the topics, and at the end. */
const [AT_TABLES, AT_TOPICS, IN_ALL] = [600, 900, 1500];

const registry = await running('registry');
const folder = mkdtempSync(join(tmpdir(), 'tributary-backup-'));
const file = join(folder, 'tributary.json');
const fleet = new Fleet(folder, () => file, ['up']);
const coursesFirst = new Fleet(folder, () => file, ['run', 'project-course']);
let [kafka, cassandra, s3]: Server[] = [];
let expected: string[];
let restoredTo = 0;

before(
  async () => {
    [kafka, cassandra, s3] = await startAll<Server>([
      startKafka({ folder: join(folder, 'kafka') }),
      startCassandra({ folder: join(folder, 'cassandra'), heap: '512m' }),
      startS3({ folder: join(folder, 's3'), buckets: [BUCKET] }),
    ]);
    const config = {
      data: join(folder, 'data'),
      transport: kafka?.url,
      registry: registry.url,
      tables: `${cassandra?.url}/backup`,
      objects: `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@${BUCKET}?endpoint=${s3?.url}&region=${S3_REGION}`,
      logLevel: 'debug',
      publishMs: 500,
    };
    writeFileSync(file, JSON.stringify(config));
  },
  { timeout: 300_000 },
);

after(async () => {
  await Promise.all([fleet.killAll(), coursesFirst.killAll()]);
  await Promise.all([kafka, cassandra, s3].map((server) => server?.kill()));
  rmSync(folder, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const { code, text } = await runCommand(folder, file, args);
  assert.equal(code, 0, text);
  return text;
}

async function whileUp(work: () => Promise<void>): Promise<void> {
  const [worker] = await fleet.start(1);
  assert.ok(worker !== undefined);
  await work();
  assert.equal(await fleet.stop(worker), 0, worker.tail);
}

const settled = async (): Promise<void> => void (await ok('lag', '--wait', '--timeout-ms', '180000'));

/** As the page says, the jobs whose rows are looked up by others come first. */
async function caughtUp(): Promise<void> {
  const [worker] = await coursesFirst.start(1);
  assert.ok(worker !== undefined);
  await ok('lag', 'project-course', '--wait', '--timeout-ms', '180000');
  assert.equal(await coursesFirst.stop(worker), 0, worker.tail);
  await whileUp(settled);
}

/** Produces the load up to this event. Events since the backup are sent again. */
const produced = (until: number, from = restoredTo + 1) =>
  ok(...LOAD, '--from', String(from), '--events', String(until));

/** What services read: rows, views, an index and the totals of a rollup. */
async function seen(): Promise<string[]> {
  const tables = ['batch_learners', 'batch_summary', 'group_progress', 'user_profile', 'course_structure'];
  const read: string[] = [];
  for (const name of tables) read.push(await ok('show', name, '--limit', '200', '--json'));
  read.push(await ok('search', 'enrollments', '--limit', '200', '--json'));
  read.push(await ok('query', COUNTS, '--csv'));
  // Sorted, and without the version of a table, which depends on the number of commits.
  return read.map((text) =>
    text
      .replace(/ at version \d+/, '')
      .split('\n')
      .sort()
      .join('\n'),
  );
}

const copyOf = (name: string): string => join(folder, `${name}.copy`);

async function copied(server: Server | undefined, name: string): Promise<void> {
  await server?.stop();
  cpSync(join(folder, name), copyOf(name), { recursive: true });
  await server?.start();
}

async function putBack(server: Server | undefined, name: string): Promise<void> {
  await server?.stop();
  rmSync(join(folder, name), { recursive: true });
  cpSync(copyOf(name), join(folder, name), { recursive: true });
  await server?.start();
}

const step = inOrder();

step('a backup is made in the order of the page, while producers go on', async () => {
  await whileUp(async () => {
    await produced(AT_TABLES);
    await settled();
  });
  const [offsets = ''] = blocksBelow('## Backup');
  await typed(offsets, folder);
  await copied(cassandra, 'cassandra');
  await copied(s3, 's3');
  await produced(AT_TOPICS, AT_TABLES + 1);
  await copied(kafka, 'kafka');
  await whileUp(async () => {
    await produced(IN_ALL, AT_TOPICS + 1);
    await settled();
  });
  expected = await seen();
});

step('tables that are older than the topics catch up', async () => {
  await putBack(cassandra, 'cassandra');
  assert.notDeepEqual(await seen(), expected);
  const [moveBack = ''] = blocksBelow('### Topics restored from a backup');
  await typed(moveBack, folder);
  await caughtUp();
  assert.deepEqual(await seen(), expected);
});

step('topics that are older than the tables are refused, and no event is taken for one that rows know', async () => {
  await putBack(kafka, 'kafka');
  const { code, text } = await runCommand(folder, file, ['doctor']);
  assert.equal(code, 1);
  assert.match(text, /problem.*has applied/);
});

step('topics and older tables of one backup come to the same, when producers send again what came since', async () => {
  await putBack(cassandra, 'cassandra');
  await putBack(s3, 's3');
  restoredTo = AT_TOPICS;
  const [moveBack = ''] = blocksBelow('### Topics restored from a backup');
  for (const { name } of jobs) assert.ok(moveBack.includes(` ${name}`), name);
  await typed(moveBack, folder);
  await caughtUp();
  await whileUp(async () => {
    await produced(IN_ALL);
    await settled();
    await ok('rebuild-views');
  });
  assert.deepEqual(await seen(), expected);
  assert.doesNotMatch((await runCommand(folder, file, ['doctor'])).text, /problem +(positions|rows|offsets|tokens)/);
});

step('a Cassandra that is lost is made anew from the topics', async () => {
  await cassandra?.stop();
  rmSync(join(folder, 'cassandra/data'), { recursive: true });
  for (const name of ['commitlog', 'saved_caches', 'hints'])
    rmSync(join(folder, 'cassandra', name), { recursive: true });
  await cassandra?.start();
  const [anew = ''] = blocksBelow('**Cassandra is lost**');
  for (const { name } of jobs) assert.ok(anew.includes(` ${name}`), name);
  await typed(anew, folder);
  await caughtUp();
  assert.deepEqual(await seen(), expected);
});

step('a bucket that is lost is made anew from the topics', async () => {
  await s3?.stop();
  rmSync(join(folder, 's3/buckets'), { recursive: true });
  mkdirSync(join(folder, 's3/buckets', BUCKET), { recursive: true });
  await s3?.start();
  await whileUp(settled);
  assert.deepEqual(await seen(), expected);
});

step('a topic that is lost and made again leaves rows as they are, and its jobs go on with it', async () => {
  const client = new Kafka({ brokers: [new URL(kafka?.url ?? '').host], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: ['enrollment.events'] });
  await admin.disconnect();
  const [again = ''] = blocksBelow('**A topic is lost.**');
  await typed(again, folder);
  const rows = expected.slice(0, -1);
  await whileUp(async () => {
    await settled();
    assert.deepEqual((await seen()).slice(0, -1), rows);
    await produced(IN_ALL);
    await settled();
    assert.deepEqual((await seen()).slice(0, -1), rows, 'what was sent again changes nothing');
    await produced(IN_ALL + 600, IN_ALL + 1);
    await settled();
    assert.notDeepEqual((await seen()).slice(0, -1), rows);
  });
});
