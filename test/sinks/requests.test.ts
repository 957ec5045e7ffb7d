import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { cleanError } from '../../sinks/requests/rules.ts';
import * as statements from '../../sinks/requests/sqlite/request.ts';
import { sqliteRequests } from '../../sinks/requests/sqlite/requests.ts';
import { requestsContract } from '../contracts/requests.ts';
import { newRequest, T0 } from '../contracts/requests-samples.ts';

requestsContract('sqlite', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  return sqliteRequests(database);
});

test('requests outlive the process that made them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'requests-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const first = openDatabase(folder);
  await sqliteRequests(first).create(newRequest('r1', 3), T0);
  const running = await sqliteRequests(first).lease('ada', T0, T0 + 100);
  first.close();
  const second = openDatabase(folder);
  t.after(() => second.close());
  const requests = sqliteRequests(second);
  assert.deepEqual(await requests.get('r1'), running);
  assert.equal((await requests.lease('bob', T0 + 100, T0 + 200))?.attempt, 2);
});

test('frequent queries use an index, in its order', (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  sqliteRequests(database);
  for (const { sql, values } of [
    statements.lease('ada', T0, T0),
    statements.exhaust(T0),
    statements.expire(T0),
    statements.OVER,
    statements.list('acme', { limit: 10 }),
    statements.schedules('acme'),
    statements.due(T0),
  ]) {
    const plan = JSON.stringify(database.statement(`EXPLAIN QUERY PLAN ${sql}`).all(...values));
    assert.match(plan, /USING (COVERING )?INDEX/, sql);
    assert.doesNotMatch(
      plan,
      /TEMP B-TREE|SCAN report_(request|schedule)(?! USING (COVERING )?INDEX)/,
      `${sql}: ${plan}`,
    );
  }
});

test('schedules stored before the number of attempts existed are tried three times', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  database.exec(`
    CREATE TABLE report_schedule (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, report TEXT NOT NULL, parameters TEXT NOT NULL,
      requested_by TEXT NOT NULL, cron TEXT NOT NULL, enabled INTEGER NOT NULL, next_at INTEGER NOT NULL) STRICT;
    INSERT INTO report_schedule VALUES ('s1', 'acme', 'progress', '{}', 'eve', '0 6 * * *', 1, ${T0});
  `);
  sqliteRequests(database);
  const [request] = await sqliteRequests(database).fire(T0, ({ nextAt }) => nextAt + 1);
  assert.equal(request?.maxAttempts, 3);
});

test('an error keeps its text except for characters that no store keeps', () => {
  assert.equal(cleanError('a\0b\ud800'), 'a\uFFFDb\uFFFD');
});
