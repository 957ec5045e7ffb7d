import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { attemptOf, companionOf, objectOf } from '../../sinks/requests/rules.ts';
import * as statements from '../../sinks/requests/sqlite/request.ts';
import { sqliteRequests } from '../../sinks/requests/sqlite/requests.ts';
import * as schedules from '../../sinks/requests/sqlite/schedule.ts';
import { requestsContract } from '../contracts/requests.ts';
import { forgetsSecrets } from '../contracts/requests-asks.ts';
import { asked, MANY, newRequest, newSchedule, result, T0 } from '../contracts/requests-samples.ts';
import { firesAsItIsNow } from '../contracts/requests-schedules.ts';

requestsContract('sqlite', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  return sqliteRequests(database);
});

test('requests outlive the process that made them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'requests-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const first = openDatabase(folder);
  await asked(sqliteRequests(first), 'r1', T0);
  const running = await sqliteRequests(first).lease('ada', T0, T0 + 100, MANY);
  assert.ok(running);
  first.close();
  const second = openDatabase(folder);
  t.after(() => second.close());
  const requests = sqliteRequests(second);
  const { secret, ...request } = running;
  assert.deepEqual(await requests.get('acme', 'r1-1'), request);
  assert.equal((await requests.lease('bob', T0 + 100, T0 + 200, MANY))?.attempt, 2);
});

test('a secret is removed by whatever ends its request', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  await forgetsSecrets(sqliteRequests(database), async () => {
    const [count] = database.statement('SELECT count(secret) FROM report_request').get<[number]>() ?? [];
    return count ?? -1;
  });
});

test('a schedule that was replaced while it was planned fires as it is now', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  await firesAsItIsNow(sqliteRequests(database));
});

test('frequent queries use an index, in its order', (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  sqliteRequests(database);
  const held = { id: 'r1-1', owner: 'ada', attempt: 1 };
  const after = [T0, 'r1-1'] as const;
  for (const { sql, values } of [
    statements.reusable(newRequest('r1'), T0),
    statements.get('acme', 'r1-1'),
    statements.list('acme', {}, 10, after),
    statements.list('acme', { states: ['failed'] }, 10, after),
    statements.list('acme', { states: ['failed', 'done'] }, 10, after),
    statements.list('acme', { report: 'progress' }, 10, after),
    statements.list('acme', { asker: 'eve', createdFrom: T0 }, 10, after),
    statements.askers('acme', 'r1-1'),
    statements.exhaust(T0),
    statements.renew(held, T0, T0, { rows: 1 }),
    statements.finish(held, T0, result(held, T0)),
    statements.cancel('acme', 'r1-1', T0),
    statements.expire(T0, 10),
    statements.removable(10),
    statements.unannounced(10),
    ...statements.purge(T0, 10).filter(({ sql }) => !sql.startsWith('DELETE FROM report_purged')),
    schedules.list('acme'),
    schedules.due(T0),
  ]) {
    const plan = planOf(sql, values);
    assert.match(plan, /USING (COVERING )?INDEX|USING PRIMARY KEY/, `${sql}: ${plan}`);
    assert.doesNotMatch(plan, /SCAN report_(request|schedule|asker)(?! USING (COVERING )?INDEX)/, `${sql}: ${plan}`);
    // Sorting is fine where rows are few: requests with one hash, and askers of one request.
    if (!/LIMIT 1|ORDER BY at|UNION/.test(sql)) assert.doesNotMatch(plan, /TEMP B-TREE/, `${sql}: ${plan}`);
  }
  const next = planOf(statements.next(T0, 3).sql, statements.next(T0, 3).values);
  assert.match(next, /SEARCH r USING COVERING INDEX report_request_running.*SEARCH r USING INDEX report_request_turn/);

  function planOf(sql: string, values: readonly statements.Value[]): string {
    return JSON.stringify(database.statement(`EXPLAIN QUERY PLAN ${sql}`).all(...values));
  }
});

test('tables of a time when nothing made requests are made anew', async (t) => {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  database.exec(`
    CREATE TABLE report_request (id TEXT PRIMARY KEY, tenant TEXT NOT NULL) STRICT;
    CREATE TABLE report_schedule (id TEXT PRIMARY KEY, cron TEXT NOT NULL) STRICT;
  `);
  await asked(sqliteRequests(database), 'r1', T0);
  await sqliteRequests(database).putSchedule(newSchedule('s1'), T0);
  assert.equal((await sqliteRequests(database).schedules('acme')).length, 1, 'and only once');
  assert.equal((await sqliteRequests(database).get('acme', 'r1-1'))?.state, 'waiting');
});

test('the name of an object says of which attempt it is', () => {
  const [object, companion] = [objectOf('a_b-c-12', 3), companionOf('a_b-c-12', 3)];
  assert.deepEqual([object, companion], ['reports/a_b-c-12/3', 'reports/a_b-c-12/3.companion']);
  for (const name of [object, companion]) assert.deepEqual(attemptOf(name), { id: 'a_b-c-12', attempt: 3 });
  for (const name of ['reports/a-1', 'reports/a-1/0', 'reports/a-1/1.csv', 'x/reports/a-1/1', 'reports/a-1/1/2']) {
    assert.equal(attemptOf(name), undefined, name);
  }
});
