/** Queries in a Trino of two nodes, over tables in a folder and on S3. `npm run test:trino` starts everything it needs. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { openQuery } from '../../app/stores/open-query.ts';
import type { EventDef, EventOf } from '../../core/event.ts';
import { openDatabase } from '../../embedded/database.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { pipeline } from '../../modules/pipeline.ts';
import { layoutOf } from '../../reports/columns.ts';
import type { Datasource } from '../../reports/define-datasource.ts';
import { isLocalDay } from '../../reports/granularity.ts';
import { relationOf } from '../../reports/relations.ts';
import { RollupFold } from '../../reports/rollup/fold.ts';
import { type Every, summarySql, viewSql } from '../../reports/sql/finish.ts';
import { mergeSql } from '../../reports/sql/merge.ts';
import { residentBytes } from '../../servers/processes.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { diagnoseTrino } from '../../sinks/query/trino/diagnose.ts';
import { LAYOUT, rowsOf as samplesOf } from '../contracts/delta-samples.ts';
import { queryContract } from '../contracts/query.ts';
import { column, lakeOf, samples } from '../contracts/query-samples.ts';
import { drained } from '../reports/visits.ts';
import { answered } from './answered.ts';
import { runningTrino } from './running.ts';

const trino = await runningTrino();

queryContract('Trino', (t) => trino.inFolder(t));

const START = Date.UTC(2026, 2, 28, 12);
const MINUTE = 60_000;

/** The examples of a datasource's events, at times on both sides of a clock change. */
function exampleRows(datasource: Datasource) {
  const fold = new RollupFold(datasource);
  for (let n = 0; n < 120; n += 1) {
    const { type, example, schema } = datasource.on[n % datasource.on.length] as EventDef;
    const defaults = schema.fields.flatMap((field) => ('default' in field ? [[field.name, field.default]] : []));
    const time = START + n * 25 * MINUTE;
    const envelope = { id: `e${n}`, source: '/test', time, loggedAt: time, tenant: n % 5 === 0 ? 'süd' : 'north' };
    assert.equal(
      fold.add({ ...envelope, type, data: { ...Object.fromEntries(defaults), ...example } } as EventOf<EventDef>),
      undefined,
      type,
    );
  }
  return drained(fold);
}

/** Every SQL text that we make for a datasource. */
function textsOf(datasource: Datasource): string[] {
  const { granularity } = datasource;
  const stored = relationOf(datasource).stored;
  const isFine = granularity === 'minute' || granularity === 'quarter-hour';
  const own = isLocalDay(granularity) ? granularity.localDay : 'UTC';
  const zones = isFine ? ['UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'Europe/Berlin'] : [own];
  const last = zones.at(-1) as string;
  const times: (Every | undefined)[] = [
    undefined,
    ...zones.map((zone) => ({ every: 'day', zone }) as const),
    ...(['week', 'month'] as const).map((every) => ({ every, zone: last })),
  ];
  const dates = { first: '2026-03-29', last: '2026-03-29' };
  const dimensions = datasource.dimensions.map(({ name }) => name);
  return [
    viewSql(datasource, stored),
    mergeSql(datasource, stored),
    `select * from ${datasource.name}`,
    ...times.map((time) => summarySql(datasource, { from: stored, ...(time && { time }), by: dimensions.slice(0, 2) })),
    summarySql(datasource, {
      from: stored,
      time: { every: 'day', zone: last },
      by: dimensions,
      dates,
    }),
  ];
}

for (const datasource of [...learningPlatform.datasources, ...pipeline.datasources]) {
  test(`every query text of ${datasource.name} has the same answer on Trino and on DuckDB`, async (t) => {
    const { lake, engine, duck } = await trino.onS3(t);
    const relation = relationOf(datasource);
    (lake.relations as (typeof relation)[]).push(relation);
    await lake.write(relation, exampleRows(datasource), [], layoutOf(datasource));
    for (const sql of textsOf(datasource)) {
      const expected = await answered(duck, sql);
      assert.ok(expected.length > 1, sql);
      assert.deepEqual(await answered(engine, sql), expected, sql);
    }
  });
}

test('tables on S3 are read with every type, and at the version of the log', async (t) => {
  const { lake, engine, duck } = await trino.onS3(t);
  await lake.write(samples, samplesOf(0, 50));
  const sql = `select ${LAYOUT.columns.map(({ name }) => `"${name}"`).join(', ')} from samples`;
  assert.deepEqual(await answered(engine, sql), await answered(duck, sql));
  await lake.write(samples, samplesOf(50, 60, '2026-12-01'));
  const both = await answered(engine, sql);
  assert.equal(both.length, 61);
  assert.deepEqual(both, await answered(duck, sql));
});

test('a checkpoint, a cleaned log, a compaction and a vacuum do not change what is read', async (t) => {
  const { lake, engine, duck } = await trino.inFolder(t);
  for (let n = 0; n < 8; n += 1) await lake.write(samples, samplesOf(n * 5, n * 5 + 5));
  const sql = 'select * from samples';
  const before = await answered(duck, sql);
  const { compacted, cleaned, vacuumed } = await lake.maintain(samples);
  assert.ok(compacted > 1 && cleaned > 1 && vacuumed > 1, `${compacted} ${cleaned} ${vacuumed}`);
  assert.deepEqual(await answered(engine, sql), before);
  await lake.write(samples, samplesOf(40, 45));
  assert.equal((await answered(engine, sql)).length, 46);
});

test('an installation whose configuration names Trino queries it, and the doctor checks it', async (t) => {
  openDatabase(trino.data).close();
  const config = loadConfig({ flags: { data: trino.data, query: trino.url }, env: {}, folder: trino.data }).config;
  const [activity] = learningPlatform.datasources.filter(({ name }) => name === 'activity') as [Datasource];
  const rows = exampleRows(activity);
  const lake = await lakeOf(t, directoryObjects(join(trino.data, 'objects')));
  await lake.write(relationOf(activity), rows, [], layoutOf(activity));
  const engine = await openQuery({ config, platform: learningPlatform });
  t.after(() => engine.close());
  assert.deepEqual(await column(engine, 'select count(*) from activity__rollup'), [BigInt(rows.length)]);
  const states = (await diagnoseTrino({ url: trino.url })).map(({ check, state }) => `${check} ${state}`);
  assert.deepEqual(states, ['query ok', 'query: catalog ok']);
  const other = await diagnoseTrino({ url: trino.url.replace('/lake/', '/lakes/') });
  assert.deepEqual(
    other.map(({ state }) => state),
    ['ok', 'problem'],
  );
});

test('the views that are printed are views of Trino, and follow the table', async (t) => {
  const { lake, engine } = await trino.inFolder(t);
  await lake.write(samples, samplesOf(0, 3));
  const statements = await engine.views();
  await post(statements);
  assert.deepEqual(await post(['select count(*) from lake.reports.samples']), [[3]]);
  await lake.write(samples, samplesOf(3, 5));
  assert.deepEqual(await post(['select count(*) from lake.reports.samples']), [[5]]);
  assert.deepEqual(await post(['select count(*) from lake.reports.visits']), [[0]]);
});

/** Sends statements as any client would. Returns the rows of the last one. */
async function post(statements: readonly string[]): Promise<unknown[]> {
  const headers = { 'X-Trino-User': 'analyst' };
  let rows: unknown[] = [];
  for (const body of statements) {
    rows = [];
    let next: string | undefined = `${trino.server.url}/v1/statement`;
    for (let init: RequestInit = { method: 'POST', headers, body }; next !== undefined; init = { headers }) {
      const page = (await (await fetch(next, init)).json()) as { data?: unknown[]; nextUri?: string; error?: object };
      assert.equal(page.error, undefined, body);
      rows.push(...(page.data ?? []));
      next = page.nextUri;
    }
  }
  return rows;
}

const ENDLESS = `select count(*) from samples a cross join samples b cross join samples c cross join samples d
  cross join samples e where a.score + b.score + c.score + d.score + e.score = -1e0`;

/** The states of the queries with this text in Trino, once none of them is running. */
async function statesOf(marker: string): Promise<unknown[]> {
  const sql = `select state, error_code from system.runtime.queries where query like '%${marker}%' and query not like '%runtime.queries%'`;
  for (;;) {
    const rows = await post([sql]);
    if (rows.every((row) => ['FINISHED', 'FAILED'].includes(String((row as unknown[])[0])))) return rows;
  }
}

/** Waits until a query with this text is running. */
async function running(marker: string): Promise<void> {
  const sql = `select 1 from system.runtime.queries where state = 'RUNNING' and query like '%${marker}%' and query not like '%runtime.queries%'`;
  while ((await post([sql])).length === 0);
}

test('an aborted query does not continue in the cluster', async (t) => {
  const { lake, engine } = await trino.inFolder(t);
  await lake.write(samples, samplesOf(0, 200));
  assert.deepEqual(await column(engine, 'select count(*) from samples'), [200n]);
  const controller = new AbortController();
  const asked = column(engine, `${ENDLESS} /* to be aborted */`, { signal: controller.signal });
  await running('to be aborted');
  controller.abort(new Error('enough'));
  await assert.rejects(asked, { message: 'enough' });
  assert.deepEqual(await statesOf('to be aborted'), [['FAILED', 'USER_CANCELED']]);
});

test('a query that exceeds the memory of the cluster is refused', async (t) => {
  const { lake, engine } = await trino.inFolder(t);
  await lake.write(samples, samplesOf(0, 200));
  const sql =
    'select max(cardinality(l)) from (select array_agg(a.learners) as l from samples a cross join samples b cross join samples c) x';
  await assert.rejects(column(engine, sql), { code: 'MEMORY_EXCEEDED' });
  assert.deepEqual(await column(engine, 'select count(*) from samples'), [200n]);
});

test('two nodes take less than 1.2 GB', (t) => {
  const bytes = trino.server.nodes.map(({ pid }) => residentBytes(pid ?? 0)).reduce((sum, each) => sum + each, 0);
  t.diagnostic(`${Math.round(bytes / 1e6)} MB`);
  assert.ok(bytes < 1.2e9);
});

test('a worker that dies ends the query with an error; a restarting cluster is waited for, and knows the tables', async (t) => {
  const { lake, engine } = await trino.inFolder(t);
  await lake.write(samples, samplesOf(0, 200));
  const [coordinator, worker] = trino.server.nodes;
  const asked = column(engine, `${ENDLESS} /* to lose its worker */`);
  asked.catch(() => undefined);
  await running('to lose its worker');
  await worker?.kill();
  await assert.rejects(asked, { code: 'QUERY_AWAY' });
  await coordinator?.kill();
  const again = column(engine, 'select count(*) from samples');
  await Promise.all([coordinator?.start(), worker?.start()]);
  assert.deepEqual(await again, [200n]);
});
