/** The only module that opens a DuckDB. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DuckDb, type DuckOptions, openDuckDb } from '../../duckdb/database.ts';
import { quoted } from '../../duckdb/names.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';

const MEGABYTE = 1024 * 1024;

async function opened(t: TestContext, options: Partial<DuckOptions> = {}): Promise<{ duck: DuckDb; folder: string }> {
  const folder = await temporaryFolder(t);
  const duck = await openDuckDb({ folder: join(folder, 'scratch'), threads: 1, ...options });
  t.after(() => duck.close());
  return { duck, folder };
}

const run = (duck: DuckDb, sql: string) => duck.using((connection) => connection.rows(sql));
const refused = { code: 'QUERY_INVALID', kind: 'usage' };

test('files are read and written in its own folder, read in the given ones, and nowhere else', async (t) => {
  const readable = await temporaryFolder(t);
  const { duck, folder } = await opened(t, { readable: [readable] });
  writeFileSync(join(readable, 'a.csv'), 'a\n1\n');
  writeFileSync(join(folder, 'b.csv'), 'a\n1\n');
  assert.equal((await run(duck, `FROM ${quoted(join(readable, 'a.csv'))}`)).length, 1);
  await run(duck, `COPY (SELECT 1) TO ${quoted(duck.file('parquet'))}`);
  for (const sql of [
    `FROM ${quoted(join(folder, 'b.csv'))}`,
    `FROM ${quoted(join(readable, '..', 'b.csv'))}`,
    `FROM read_text('/etc/passwd')`,
    `COPY (SELECT 1) TO ${quoted(join(folder, 'c.parquet'))}`,
    `ATTACH ${quoted(join(folder, 'd.db'))}`,
    'INSTALL httpfs',
    "FROM read_parquet('https://example.org/a.parquet')",
  ]) {
    await assert.rejects(run(duck, sql), refused, sql);
  }
  assert.ok(!existsSync(join(folder, 'c.parquet')));
});

test('no query changes its rights or its limits', async (t) => {
  const { duck } = await opened(t, { memoryBytes: 100 * MEGABYTE });
  for (const sql of [
    'SET enable_external_access = true',
    "SET memory_limit = '10GB'",
    'SET threads = 8',
    "SET allowed_directories = ['/']",
    'SET temp_file_encryption = false',
    'SET force_mbedtls_unsafe = false',
    'RESET lock_configuration',
  ]) {
    await assert.rejects(run(duck, sql), refused, sql);
  }
  const settings = await run(
    duck,
    `SELECT name, value FROM duckdb_settings() WHERE name IN
      ('temp_file_encryption', 'threads', 'memory_limit', 'autoinstall_known_extensions', 'autoload_known_extensions') ORDER BY name`,
  );
  assert.deepEqual(
    settings.map(({ value }) => value),
    ['false', 'false', '100.0 MiB', 'true', '1'],
  );
});

test('each connection uses UTC', async (t) => {
  const { duck } = await opened(t);
  const [row] = await run(
    duck,
    "SELECT CAST(TIMESTAMPTZ '2026-11-30 23:30:00+00' AS VARCHAR) AS at, current_setting('TimeZone') AS zone",
  );
  assert.deepEqual(row, { at: '2026-11-30 23:30:00+00', zone: 'UTC' });
});

test('what was spilled can be read back, but not by others', async (t) => {
  const { duck } = await opened(t, { memoryBytes: 40 * MEGABYTE });
  await duck.using(async (connection) => {
    await connection.run("CREATE TEMP TABLE rows AS SELECT 'personal-' || hash(range) AS name FROM range(1500000)");
    const spill = join(duck.scratch, 'spill');
    const files = readdirSync(spill).map((name) => readFileSync(join(spill, name)));
    assert.ok(files.reduce((sum, { length }) => sum + length, 0) > 5 * MEGABYTE, 'it was spilled');
    assert.ok(!files.some((file) => file.includes('personal-')));
    const [row] = await connection.rows("SELECT count(*) AS n FROM rows WHERE name LIKE 'personal-%'");
    assert.equal(row?.['n'], 1_500_000n);
  });
});

test('an error has a message without the excerpt of the query', async (t) => {
  const { duck } = await opened(t, { memoryBytes: 20 * MEGABYTE, spillBytes: MEGABYTE });
  await assert.rejects(run(duck, 'SELEC 1'), {
    ...refused,
    message: 'running a query: Parser Error: syntax error at or near "SELEC"',
  });
  await assert.rejects(run(duck, 'SELECT nope FROM range(1)'), { ...refused, message: /"nope" not found/ });
  await assert.rejects(run(duck, 'SELECT list(range) FROM range(30000000)'), {
    code: 'MEMORY_EXCEEDED',
    kind: 'fatal',
  });
  await assert.rejects(run(duck, "CREATE TEMP TABLE a AS SELECT hash(range) || 'text' AS text FROM range(2000000)"), {
    code: 'FOLDER_UNUSABLE',
  });
  writeFileSync(join(duck.scratch, 'bad.parquet'), 'PAR1 and no more PAR1');
  const bad = run(duck, `FROM read_parquet(${quoted(join(duck.scratch, 'bad.parquet'))})`);
  await assert.rejects(bad, (error: Error & { code?: string }) =>
    /^(QUERY_INVALID|STORE_BROKEN)$/.test(error.code ?? ''),
  );
});

test('a query ends when its signal is aborted, and the connection can be used again', async (t) => {
  const { duck } = await opened(t);
  await duck.using(async (connection) => {
    const abort = new AbortController();
    const reason = new Error('nobody waits for it any more');
    const query = connection.rows('SELECT count(*) FROM range(100000000000) AS a(i) WHERE hash(i) = 0', abort.signal);
    setImmediate(() => abort.abort(reason));
    await assert.rejects(query, (error) => error === reason);
    await assert.rejects(connection.rows('SELECT 1', abort.signal), (error) => error === reason);
    assert.deepEqual(await connection.rows('SELECT 1 AS a'), [{ a: 1 }]);
  });
});

test('rows are streamed, and a reader can stop early', async (t) => {
  const { duck } = await opened(t, { memoryBytes: 50 * MEGABYTE });
  await duck.using(async (connection) => {
    let rows = 0;
    for await (const batch of connection.stream('SELECT range AS n FROM range(1000000000)')) {
      rows += batch.length;
      if (rows > 10_000) break;
    }
    assert.ok(rows > 10_000 && rows < 100_000);
    assert.deepEqual(await connection.rows('SELECT 1 AS a'), [{ a: 1 }]);
    let all = 0;
    for await (const batch of connection.stream('FROM range(10000)')) all += batch.length;
    assert.equal(all, 10_000);
  });
});

test('queries that only read are distinguished from others', async (t) => {
  const { duck } = await opened(t);
  await duck.using(async (connection) => {
    for (const sql of ['SELECT 1', 'WITH a AS (SELECT 1) FROM a', 'VALUES (1)', 'FROM range(3)'])
      await connection.checkReads(sql);
    for (const sql of [
      '',
      'SELECT 1; SELECT 2',
      'CREATE TABLE a (b INTEGER)',
      "COPY (SELECT 1) TO 'a.csv'",
      'SET threads = 1',
      'PRAGMA threads = 4',
      'INSERT INTO a VALUES (1)',
      'SELEC 1',
    ]) {
      await assert.rejects(connection.checkReads(sql), refused, sql);
    }
  });
});

test('a file can be removed when nobody reads it, even if its reader stopped early', async (t) => {
  const { duck } = await opened(t);
  const path = duck.file('json');
  await duck.writeFile(path, ['x'.repeat(200_000)]);
  const unread = duck.readFile(path);
  for await (const chunk of duck.readFile(path)) {
    assert.ok(chunk.length < 200_000);
    break;
  }
  await duck.removeFile(path);
  await duck.removeFile(path);
  await assert.rejects(Array.fromAsync(unread), { code: 'ENOENT' });
});

test('the folder of a process is removed with it, and folders of dead processes when the next one opens', async (t) => {
  const folder = await temporaryFolder(t);
  const left = join(folder, `${hostname()}~999999999~x`);
  mkdirSync(join(left, 'spill'), { recursive: true });
  writeFileSync(join(left, 'spill/rows'), 'personal');
  const [one, two] = [await openDuckDb({ folder }), await openDuckDb({ folder })];
  assert.equal(readdirSync(folder).length, 2);
  assert.equal(statSync(one.scratch).mode & 0o077, 0, 'nobody else reads it');
  await two.writeFile(two.file('json'), ['{}']);
  await two.close();
  assert.ok(existsSync(one.scratch));
  await one.close();
  assert.deepEqual(readdirSync(folder), []);
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(openDuckDb({ folder: join(folder, 'file') }), { code: 'FOLDER_UNUSABLE' });
});
