/** What operators do to topics, tables, indexes and views, and processes whose stores do not answer. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import type { Finding } from '../../core/finding.ts';
import { IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { indexesOf, tablesOf, topicSpecs } from '../../modules/derived.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { sqliteSearch } from '../../sinks/search/sqlite/search.ts';
import { sqliteTables } from '../../sinks/tables/sqlite/tables.ts';
import { begunFolder, enrolled, ndjson, running, temporaryFolder, tributary, up } from './harness.ts';
import { command } from './in-process.ts';

/** An installation in which no topic, table or index exists yet. */
async function bare(t: TestContext): Promise<Wired> {
  const opened = await wire(
    { config: loadConfig({ flags: {}, env: {}, folder: temporaryFolder(t) }).config, platform: learningPlatform },
    'nothing',
  );
  t.after(() => opened.close());
  return opened;
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const count = topicSpecs(learningPlatform.topics).length;

test('topics are compared, then made, and then match their declarations', async (t) => {
  const one = await bare(t);
  const verify = () => command(one, 'topics verify', { json: false });
  const apply = (dryRun: boolean, json = false) => command(one, 'topics apply', { dryRun, json });
  const before = await verify();
  assert.deepEqual([before.code, linesOf(before.stdout).length], [1, count]);
  assert.match(before.stdout, /^user\.events does not exist; it should have 6 partitions$/m);
  const dry = await apply(true);
  assert.equal(dry.code, 0);
  assert.match(dry.stdout, /^would create: user\.events does not exist/m);
  assert.deepEqual(await one.stores.transport.describe(), [], 'nothing was made');
  const made = await apply(false, true);
  assert.deepEqual([made.code, JSON.parse(made.stdout).differences.length], [0, count]);
  assert.equal((await one.stores.transport.describe()).length, count);
  const after = await verify();
  assert.deepEqual([after.code, after.stdout], [0, `all ${count} topics are as they are declared\n`]);
  assert.deepEqual(JSON.parse((await command(one, 'topics verify', { json: true })).stdout), []);
});

test('topics that must not be changed are left unchanged, with exit code 1', async (t) => {
  const one = await bare(t);
  const { transport } = one.stores;
  const [spec] = topicSpecs(learningPlatform.topics);
  const { name = '', retentionMs = 0 } = spec ?? {};
  await transport.createTopics([{ name, partitions: 9, retentionMs }]);
  const { code, stdout } = await command(one, 'topics apply', { dryRun: false, json: false });
  assert.equal(code, 1);
  assert.match(stdout, new RegExp(`^left as it is: ${name} has 9 partitions, and should have 6`, 'm'));
  assert.equal((await transport.describe([name]))[0]?.partitions.length, 9);
  assert.equal((await transport.describe()).length, count, 'the others were made');
});

test('the plan for tables is shown as statements that make exactly those tables', async (t) => {
  const one = await bare(t);
  const apply = (dryRun: boolean) => command(one, 'tables apply', { dryRun, json: false });
  const dry = await apply(true);
  assert.deepEqual((await apply(true)).stdout, dry.stdout, 'it made nothing');
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  database.exec(dry.stdout);
  assert.deepEqual(await sqliteTables(database).missing(tablesOf(one.platform.jobs)), []);
  assert.equal((await apply(false)).code, 0);
  assert.match((await apply(false)).stdout, /^all \d+ tables are as they are declared$/m);
  assert.deepEqual(JSON.parse((await command(one, 'tables apply', { dryRun: true, json: true })).stdout), {
    dryRun: true,
    missing: [],
  });
});

test('the plan for indexes is shown, then the indexes are made', async (t) => {
  const one = await bare(t);
  const apply = (dryRun: boolean) => command(one, 'indexes apply', { dryRun, json: false });
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const { stdout } = await apply(true);
  assert.equal((await apply(true)).stdout, stdout);
  for (const index of indexesOf(one.platform.jobs)) assert.match(stdout, new RegExp(`search_${index.name}"`));
  database.exec(stdout);
  await assert.rejects(sqliteSearch(database).prepare(indexesOf(one.platform.jobs)), 'the tables are there already');
  assert.equal((await apply(false)).code, 0);
  assert.match((await apply(false)).stdout, /^all \d+ indexes are as they are declared$/m);
});

test('beside running jobs, an index is begun anew and its views are written again', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  const users = Array.from({ length: 12 }, (_, i) => enrolled(`u${i}`));
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(...users) });
  assert.equal((await tributary(folder, ['lag', '--wait'])).code, 0);
  const found = async () => JSON.parse((await tributary(folder, ['search', 'enrollments', '--json'])).stdout).total;
  assert.equal(await found(), 12);
  const renewed = await tributary(folder, ['indexes', 'renew', 'enrollments']);
  assert.match(renewed.stdout, /fill it with `tributary rebuild-views track-progress --only search`/);
  assert.equal(await found(), 0);
  const rebuilt = await tributary(folder, ['rebuild-views', 'track-progress', '--only', 'search', '--json']);
  assert.equal(rebuilt.code, 0, rebuilt.stderr);
  const expected = { job: 'track-progress', rows: 12, written: 12, newer: 0, removed: 0, failed: 0 };
  assert.deepEqual(JSON.parse(rebuilt.stdout), [expected]);
  assert.equal(await found(), 12);
  const all = await tributary(folder, ['rebuild-views']);
  assert.equal(all.code, 0);
  assert.match(all.stdout, /^track-progress +12 /m);
});

const WRONG: readonly (readonly [args: readonly string[], because: RegExp])[] = [
  [['topics', 'verify', 'x'], /too many arguments/],
  [['topics', 'apply', '--nonsense'], /unknown option/],
  [['indexes', 'renew', 'nonsense'], /there is no index nonsense; there are .*enrollments/],
  [['rebuild-views', 'nonsense'], /there is no job nonsense/],
  [['rebuild-views', '--only', 'cash'], /Give one of cache, search, tables/],
  [['rebuild-views', 'notify', '--only', 'search'], /none of these jobs has views in search/],
];

test('every wrong usage is answered with one line and exit code 2', async (t) => {
  const folder = temporaryFolder(t);
  for (const [args, because] of WRONG) {
    const { code, stdout, stderr } = await tributary(folder, args);
    assert.deepEqual([code, stdout, linesOf(stderr).length], [2, '', 1], args.join(' '));
    assert.match(stderr, because);
  }
});

/** A port on which nothing listens. */
async function nowhere(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a process waits for a store that is away at its start: it is live, reports why it is not ready and its lag, and can be stopped', async (t) => {
  const folder = temporaryFolder(t);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  const [tables, metrics] = [await nowhere(), await nowhere()];
  const url = `cassandra://127.0.0.1:${tables}/tributary`;
  const one = running(t, folder, ['run', 'track-progress', '--tables', url, '--metrics-port', String(metrics)]);
  const waited = new Promise<void>((resolve) => {
    let text = '';
    one.child.stderr?.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('waiting for the tables')) resolve();
    });
  });
  await waited;
  const asked = (path: string) => fetch(`http://127.0.0.1:${metrics}${path}`);
  assert.equal((await asked('/livez')).status, 200);
  const ready = await asked('/readyz');
  assert.equal(ready.status, 503);
  assert.match(
    await ready.text(),
    /^the jobs are not running yet\ntrack-progress has been waiting for the tables since \d{4}-.*Z: TABLES_AWAY: .*\n$/,
  );
  let text = '';
  do text = await (await asked('/metrics')).text();
  while (!text.includes('tributary_lag_records{'));
  assert.match(text, /^tributary_lag_records\{job="track-progress",topic="enrollment\.events",partition="\d"\} 1$/m);
  assert.match(
    text,
    /^tributary_lag_seconds\{job="track-progress",topic="enrollment\.events",partition="\d"\} [\d.e-]+$/m,
  );
  assert.match(text, /^tributary_partitions_waiting\{job="track-progress",code="TABLES_AWAY"\} 1$/m);
  assert.match(text, /^tributary_dead_letters_total\{job="track-progress",code="DATA_INVALID"\} 0$/m);
  one.child.kill('SIGTERM');
  const { code, stderr, stdout } = await one.ended;
  assert.deepEqual([code, stdout], [0, '']);
  const lines = linesOf(stderr).map((line) => JSON.parse(line));
  assert.deepEqual([lines[0].level, lines[0].code, lines[0].job], ['warn', 'TABLES_AWAY', 'track-progress']);
  assert.equal(lines.filter(({ kind }) => kind === 'outage').length, 1, 'however often it was tried');
});

test('a search that is away at the start delays no rows, and its index is behind', async (t) => {
  const folder = temporaryFolder(t);
  const search = `http://127.0.0.1:${await nowhere()}`;
  const one = running(t, folder, ['run', 'track-progress', '--search', search]);
  await one.printed('1 job is running');
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  for (;;) {
    const [lag] = JSON.parse((await tributary(folder, ['lag', 'track-progress', '--json'])).stdout);
    if (lag.lag > 0) continue;
    assert.deepEqual(lag.views, { enrollments: 1 });
    break;
  }
  assert.equal(JSON.parse((await tributary(folder, ['show', 'track-progress', 'u1', 'c1'])).stdout).userId, 'u1');
  one.child.kill('SIGTERM');
  const { code, stderr } = await one.ended;
  assert.equal(code, 0);
  assert.match(stderr, /"code":"SEARCH_AWAY","msg":"the jobs begin without the search: /);
});

test('a fatal error ends a process, with the reason in the log and as the last line', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stderr } = await tributary(folder, [
    'up',
    '--tables',
    `cassandra://127.0.0.1:${await nowhere()}/no-keyspace`,
  ]);
  assert.equal(code, 2);
  assert.match(linesOf(stderr).at(-1) ?? '', /^error: the URL of the tables in Cassandra is invalid/);
  const before = await tributary(folder, ['lag']);
  assert.equal(before.code, 0);
  // The committed offset of this partition is beyond the end of the log.
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  const opened = await wire({ config, platform: learningPlatform });
  await opened.stores.transport.seek('track-progress', 'enrollment.events', { partition: 1, offset: 10 });
  await opened.close();
  const ended = await tributary(folder, ['run', 'track-progress']);
  assert.equal(ended.code, 1);
  const lines = linesOf(ended.stderr);
  assert.match(lines.at(-1) ?? '', /^error: .*10/);
  const fatal = lines
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .find(({ level }) => level === 'fatal');
  assert.equal(fatal?.code, 'POSITION_BEYOND_LOG');
});

test('doctor reports a server that is away, and still inspects everything else', async (t) => {
  const folder = await begunFolder(t);
  const url = `cassandra://127.0.0.1:${await nowhere()}/tributary`;
  const { code, stdout } = await tributary(folder, ['doctor', '--json', '--tables', url]);
  assert.equal(code, 1);
  const findings = JSON.parse(stdout) as Finding[];
  const problems = findings.filter(({ state }) => state === 'problem');
  assert.deepEqual(
    problems.map(({ check }) => check),
    ['tables'],
  );
  assert.match(problems[0]?.message ?? '', /Cassandra does not answer/);
  const checks = findings.map(({ check }) => check);
  for (const check of ['topics', 'indexes', 'cache', 'progress', 'dead letters'])
    assert.ok(checks.includes(check), check);
  for (const check of ['rows', 'timers']) assert.ok(!checks.includes(check), `${check} needs the tables`);
});
