/** The tables port on a Cassandra that requires encryption and a password. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import { startCassandra } from '../../servers/cassandra.ts';
import type { CassandraOptions } from '../../sinks/tables/cassandra/connection.ts';
import { LONGEST_INDEXED } from '../../sinks/tables/cassandra/rows.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import { keysWhere } from '../contracts/keys-where.ts';
import { assertHolds, board, learners, v, write } from '../contracts/tables-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-cassandra-'));
const server = await startCassandra({ folder, login: true, tls: true });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});
const tls = { ca: join(folder, 'tls', 'ca.crt') };
const KEY = ['acme', 'ada', 'b1'];
const at = (login: string, keyspace = 'ours') =>
  `${server.url.replace('cassandra://', `cassandra://${login}@`)}/${keyspace}?dc=datacenter1&replication=datacenter1:1&tls=true`;
const ADMIN = { url: at('cassandra:cassandra'), tls };

test('rows are written and read over TLS, as a user with only the needed rights', async (t) => {
  const admin = opened(t, ADMIN);
  await loggedIn(admin);
  await admin.prepare([learners, board]);
  // The port does not create users, so the test acts as an administrator.
  const { Client, auth } = await import('cassandra-driver');
  const client = new Client({
    contactPoints: [server.url.slice('cassandra://'.length)],
    localDataCenter: 'datacenter1',
    authProvider: new auth.PlainTextAuthProvider('cassandra', 'cassandra'),
    sslOptions: { rejectUnauthorized: false },
  });
  t.after(() => client.shutdown());
  await client.execute("CREATE ROLE IF NOT EXISTS worker WITH LOGIN = true AND PASSWORD = 'a/b:c@d'");
  for (const right of ['SELECT', 'MODIFY']) await client.execute(`GRANT ${right} ON KEYSPACE ours TO worker`);
  const worker = opened(t, { url: at('worker:a%2Fb%3Ac%40d'), tls });
  await worker.prepare([learners, board]);
  const row = write(KEY, v(1, 1), { data: { region: 'x'.repeat(LONGEST_INDEXED) } });
  assert.deepEqual(await worker.write(learners, [row]), ['written']);
  await assertHolds(worker, row);
  assert.deepEqual(await keysWhere(worker, learners, 0, 'acme', 'region', 'x'.repeat(LONGEST_INDEXED)), [KEY]);
  assert.equal(await worker.claim('job', 'topic', 1), 1);
  const apart = opened(t, { url: at('worker:wrong'), username: 'worker', password: 'a/b:c@d', tls });
  await assertHolds(apart, row);
  await assert.rejects(opened(t, { url: at('worker:a%2Fb%3Ac%40d', 'theirs'), tls }).prepare([learners]), {
    code: 'ACCESS_REFUSED',
    message: /may not/,
  });
});

test('a wrong password is reported, but not shown', async (t) => {
  await loggedIn(opened(t, ADMIN));
  for (const [user, password] of [
    ['cassandra', 'secret-1'],
    ['nobody', 'secret-2'],
  ]) {
    const error = await opened(t, { url: at(`${user}:${password}`), tls })
      .token('job', 'topic', 0)
      .catch((each: unknown) => each);
    assert.ok(error instanceof TributaryError);
    assert.equal(error.code, 'ACCESS_REFUSED');
    assert.doesNotMatch(`${error.message} ${error.stack}`, /secret/);
  }
});

test('a connection to a node with an untrusted certificate is refused', async (t) => {
  const tables = opened(t, { url: at('cassandra:cassandra') });
  await assert.rejects(tables.token('job', 'topic', 0), {
    code: 'ACCESS_REFUSED',
    message: /certificate is not trusted .*tlsCa/,
  });
  const unencrypted = opened(t, { url: at('cassandra:cassandra').replace('&tls=true', '') });
  await assert.rejects(unencrypted.token('job', 'topic', 0), { code: 'CONFIG_INVALID', message: /write \?tls=true/ });
  const missing = { ca: join(folder, 'none.crt') };
  assert.throws(() => cassandraTables({ ...ADMIN, tls: missing }), { code: 'CONFIG_INVALID', message: /none\.crt/ });
});

/** Retries, because the first user is created a little after the server starts to answer. */
async function loggedIn(tables: Tables): Promise<void> {
  for (;;) {
    const error = await tables.prepare([]).then(
      () => undefined,
      (each: TributaryError) => each,
    );
    if (error === undefined) return;
    if (error.code !== 'ACCESS_REFUSED') throw error;
    await sleep(200);
  }
}

function opened(t: TestContext, options: CassandraOptions): Tables {
  const tables = cassandraTables(options);
  t.after(() => tables.close());
  return tables;
}
