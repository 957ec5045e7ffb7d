/**
 * Tables of rollups as read by deltalake, polars and daft: the figures are those of our own reader. The tables hold the demo's data in a
 * folder, and a bucket that four workers write at once.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { openDuckDb } from '../../duckdb/database.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { layoutOf, segmentColumns } from '../../reports/columns.ts';
import { datasources } from '../../reports/datasources/index.ts';
import type { Datasource } from '../../reports/define-datasource.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { runRollup } from '../../reports/runtime/run.ts';
import { CurrentTable } from '../../reports/runtime/tables.ts';
import { partFolder } from '../../servers/installed.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from '../../servers/s3.ts';
import { deltaTable, filesOf, pinFiles } from '../../sinks/delta/index.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';
import { segmentCache } from '../../sinks/segments/cache.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';
import { recordsOf } from '../../testing/produce.ts';
import { memoryStores, testRuntime } from '../../testing/stores.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';
import { START, visitEvents, visited, visits } from '../reports/visits.ts';
import { isInstalled, REQUIRED_VARIABLE, type Readers, startReaders } from './readers.ts';

const isRequired = process.env[REQUIRED_VARIABLE] !== undefined;
const skip =
  isInstalled() || isRequired ? false : 'deltalake, polars and daft are not installed: npm run test:readers does it';
const WORKERS = 4;
const EVENTS = 5000;

let started: Readers | undefined;
const readers = (): Readers => {
  started ??= startReaders();
  return started;
};
after(() => started?.close());

/** Figures by the value of a dimension. */
type Figures = Readonly<Record<string, Readonly<Record<string, number>>>>;

interface Asked {
  readonly by: string;
  readonly sums: readonly string[];
  readonly distinct: readonly string[];
}

function askedOf(datasource: Datasource): Asked {
  const [dimension] = datasource.dimensions;
  const metrics = segmentColumns(datasource).slice(2 + datasource.dimensions.length);
  const named = (type: string) => metrics.filter((column) => column.type === type).map(({ name }) => name);
  return { by: dimension?.name ?? 'tenant', sums: named('long'), distinct: named('list<long>') };
}

/** The figures that our own reader finds. */
async function ownFigures(t: TestContext, objects: Objects, datasource: Datasource): Promise<Figures> {
  const folder = await temporaryFolder(t);
  const cache = segmentCache({ folder: join(folder, 'cache'), objects, maxBytes: 500_000_000 });
  const duck = await openDuckDb({ folder: join(folder, 'duck'), readable: [cache.folder] });
  t.after(() => duck.close());
  const table = deltaTable({ objects, duck, table: tableOf(datasource), now: Date.now, engine: 'test' });
  const snapshot = await table.refresh();
  await using pinned = await pinFiles(cache, snapshot, filesOf(snapshot));
  const { by, sums, distinct } = askedOf(datasource);
  const rows = segmentsSql(layoutOf(datasource), pinned.paths);
  const key = `coalesce(CAST(${by} AS VARCHAR), 'None') AS key`;
  const figures: Record<string, Record<string, number>> = {};
  await duck.using(async (connection) => {
    const take = async (sql: string): Promise<void> => {
      for (const { key: of, ...found } of await connection.rows(sql)) {
        const numbers = Object.entries(found).map(([name, value]) => [name, Number(value)]);
        figures[String(of)] = { ...figures[String(of)], ...Object.fromEntries(numbers) };
      }
    };
    const added = sums.map((name) => `coalesce(sum(${name}), 0) AS ${name}`);
    await take(`SELECT ${[key, ...added].join(', ')} FROM (${rows}) GROUP BY ALL`);
    for (const name of distinct) {
      await take(
        `SELECT key, count(DISTINCT hash) AS ${name} FROM (SELECT ${key}, unnest(coalesce(${name}, [NULL])) AS hash FROM (${rows})) GROUP BY ALL`,
      );
    }
  });
  return figures;
}

const tableOf = (datasource: Datasource): string => `${sourceOf(datasource).prefix}/g1`;

async function assertReadAs(expected: Figures, path: string, datasource: Datasource, store?: object): Promise<void> {
  assert.ok(Object.keys(expected).length > 0, `${datasource.name} has rows`);
  const found = await readers().ask<Record<string, Figures>>('figures', path, { ...askedOf(datasource), store });
  for (const [name, figures] of Object.entries(found)) assert.deepEqual(figures, expected, name);
}

test("the demo's tables have the same figures for every reader", { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const args = ['demo', '--json', '--presentations', 'AAA-2013J', '--data', folder];
  execFileSync(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const root = join(folder, 'objects');
  const objects = directoryObjects(root);
  let read = 0;
  for (const datasource of datasources) {
    const path = join(root, tableOf(datasource));
    if (!existsSync(path)) continue;
    const expected = await ownFigures(t, objects, datasource);
    if (Object.keys(expected).length === 0) continue;
    await assertReadAs(expected, path, datasource);
    read += 1;
  }
  assert.ok(read >= 3, `${read} tables have rows`);
});

const hasS3 = existsSync(join(partFolder('s3'), 'versitygw'));
const skipS3 = skip || (hasS3 || isRequired ? false : 'there is no S3 server: npm run servers:install s3');

test('a bucket that four workers write has the same figures for every reader', { skip: skipS3 }, async (t) => {
  const bucket = 'rollups';
  const server = await startS3({ folder: await temporaryFolder(t), buckets: [bucket] });
  t.after(() => server.kill());
  const credentials = { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY };
  const open = (): Objects => {
    const objects = s3Objects({
      url: `s3://${bucket}?endpoint=${server.url}&region=${S3_REGION}`,
      credentials,
    });
    t.after(() => objects.close());
    return objects;
  };
  const stores = await memoryStores([], { topics: [visitEvents], partitions: 8 });
  t.after(() => stores.close());
  let points = 0;
  for (let i = 0; i < EVENTS; i++) {
    points += i % 50;
    const data = {
      userId: `user-${i % 700}`,
      page: i % 11 === 0 ? null : `page-${i % 7}`,
      points: i % 50,
      seconds: i % 300,
    };
    const time = START + (i % 3) * 24 * 3_600_000;
    await stores.transport.produce(
      recordsOf(stores.codec, { topic: visitEvents, def: visited, data, id: `v-${i}`, time, loggedAt: time }, 8),
    );
  }
  const source = sourceOf(visits);
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      const duck = await openDuckDb({ folder: await temporaryFolder(t), threads: 1 });
      const table = new CurrentTable({ objects: open(), duck, now: Date.now, engine: 'test' }, source);
      const runtime = testRuntime(stores, { clock: systemClock, settings: { maxRecords: 100, waitMs: 10 } });
      const running = await runRollup({ source, table, runtime, settings: { publishMs: 20 } });
      t.after(async () => {
        await running.stop();
        await duck.close();
      });
      return running;
    }),
  );
  const isBehind = async () => (await stores.transport.lag(source.name, visitEvents.name)).some(({ lag }) => lag > 0);
  while (await isBehind()) {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), ...workers.map(({ finished }) => finished)]);
  }
  const expected = await ownFigures(t, open(), visits);
  const sum = (name: string) => Object.values(expected).reduce((all, each) => all + (each[name] ?? 0), 0);
  assert.deepEqual([sum('visits'), sum('points')], [EVENTS, points]);
  const store = { endpoint: server.url, key: S3_ACCESS_KEY, secret: S3_SECRET_KEY, region: S3_REGION };
  await assertReadAs(expected, `s3://${bucket}/${tableOf(visits)}`, visits, store);
});
