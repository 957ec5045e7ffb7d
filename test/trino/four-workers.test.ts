/**
 * One bucket on S3 that four processes on Kafka write while some are killed. Trino, deltalake, polars and daft find the totals of a direct
 * count of the topics. Needs the readers that `npm run test:readers` installs.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { openQuery } from '../../app/stores/open-query.ts';
import { learningPlatform } from '../../modules/learning.ts';
import type { Group } from '../../servers/group.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY } from '../../servers/s3.ts';
import { startTrino } from '../../servers/trino.ts';
import type { QueryEngine } from '../../sinks/query/port.ts';
import { DISTINCT, expectedFigures, type Figures, SUMS, type TableName } from '../faults/rollup-tables.ts';
import { BUCKET, type RollupWorld, startRollupWorld } from '../faults/rollup-world.ts';
import { isInstalled, type Readers, startReaders } from '../readers/readers.ts';

const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const KILLS = 3;
const TABLES = ['enrollments', 'activity'] as const;

let world: RollupWorld;
let trino: Group;
let readers: Readers;

before(
  async () => {
    assert.ok(isInstalled(), 'deltalake, polars and daft are not installed: npm run test:readers does it');
    world = await startRollupWorld(seed);
    const s3 = { endpoint: world.servers.s3.url, bucket: BUCKET };
    [trino] = await Promise.all([
      startTrino({ folder: world.folderOf('trino'), workers: 0, s3 }),
      world.startWorkers(4),
    ]);
    readers = startReaders();
  },
  { timeout: 180_000 },
);

after(async () => {
  readers?.close();
  await trino?.kill();
  await world?.close();
});

test('an S3 bucket written by four workers on Kafka reads the same figures in deltalake, polars, daft and Trino', async (t) => {
  t.diagnostic(`FAULTS_SEED=${seed}`);
  await world.whileProducing(async () => {
    for (let killed = 0; killed < KILLS; killed += 1) await world.killOncePublished();
    await Promise.all(world.fleet.running.map((worker) => worker.owns(1)));
  });
  const counted = await world.assertCounted();
  assert.ok(counted.courses.size > 1);
  const query = await queryOf();
  t.after(() => query.close());
  for (const table of TABLES) {
    const expected = expectedFigures(counted, table);
    const found: Record<string, Figures> = {
      trino: await figuresOf(query, table),
      ...(await readers.ask<Record<string, Figures>>('figures', await world.urlOf(table), {
        by: 'course_id',
        sums: SUMS[table],
        distinct: DISTINCT[table],
        store: { endpoint: world.servers.s3.url, key: S3_ACCESS_KEY, secret: S3_SECRET_KEY, region: S3_REGION },
      })),
    };
    assert.deepEqual(Object.keys(found), ['trino', 'deltalake', 'polars', 'daft']);
    for (const [reader, figures] of Object.entries(found)) assert.deepEqual(figures, expected, `${reader}: ${table}`);
  }
});

/** The query engine of an installation that is configured for Trino. */
function queryOf(): Promise<QueryEngine> {
  const host = `127.0.0.1:${new URL(trino.url).port}`;
  const query = `trino://reports@${host}/s3lake/reports?location=s3://${BUCKET}`;
  const { config } = loadConfig({ flags: { query }, env: {}, file: world.file, folder: world.folderOf('query') });
  return openQuery({ config, platform: learningPlatform });
}

/** Figures by course, from the stored rows. */
async function figuresOf(engine: QueryEngine, table: TableName): Promise<Figures> {
  const figures: Record<string, Record<string, number>> = {};
  const take = async (names: readonly string[], sql: string): Promise<void> => {
    await using answer = await engine.query(sql);
    for await (const page of answer.pages) {
      for (const [course, ...values] of page) {
        const found = names.map((name, n) => [name, Number(values[n])]);
        figures[String(course)] = { ...figures[String(course)], ...Object.fromEntries(found) };
      }
    }
  };
  const sums = SUMS[table].map((name) => `sum(${name})`).join(', ');
  await take(SUMS[table], `select course_id, ${sums} from ${table}__rollup group by course_id`);
  for (const name of DISTINCT[table]) {
    const hashes = `${table}__rollup cross join unnest(${name}) as u(hash)`;
    await take([name], `select course_id, count(distinct hash) from ${hashes} group by course_id`);
  }
  return figures;
}
