/** Connections and access to the requests on a real Postgres: a separate server, since it is configured for this. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { certificates } from '../../servers/certificates.ts';
import { startPostgres } from '../../servers/postgres.ts';
import type { Requests } from '../../sinks/requests/port.ts';
import type { PostgresOptions } from '../../sinks/requests/postgres/connection.ts';
import { postgresRequests } from '../../sinks/requests/postgres/requests.ts';
import { asked, MANY, T0 } from '../contracts/requests-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-postgres-'));
const PASSWORD = 'p@ss/w:rd';
const server = await startPostgres({ folder, password: PASSWORD });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

const newSchema = (): string => `t_${randomUUID().replaceAll('-', '')}`;

function opened(t: TestContext, options: Partial<PostgresOptions>): Requests {
  const requests = postgresRequests({ url: server.url, connections: 6, ...options });
  t.after(() => requests.close());
  return requests;
}

async function administer(t: TestContext): Promise<Client> {
  const client = new Client(server.url);
  await client.connect();
  t.after(() => client.end());
  return client;
}

test('a role that may not create tables uses existing ones, and one without rights gets an error that says so', async (t) => {
  const schema = newSchema();
  await asked(opened(t, { schema }), 'r1', T0);
  const admin = await administer(t);
  for (const role of ['worker', 'stranger']) await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  await admin.query(`GRANT USAGE ON SCHEMA ${schema} TO worker`);
  await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO worker`);
  const worker = opened(t, { schema, user: 'worker', password: 'x' });
  assert.equal((await worker.lease('ada', T0, T0 + 1, MANY))?.id, 'r1-1');
  for (const refused of [
    opened(t, { schema, user: 'stranger', password: 'x' }),
    opened(t, { schema: newSchema(), user: 'stranger', password: 'x' }),
  ]) {
    await assert.rejects(refused.get('acme', 'r1-1'), {
      code: 'ACCESS_REFUSED',
      kind: 'fatal',
      message: /grant the role/,
    });
  }
});

test('a wrong password, user or database is fatal, and the message says what to check but no secret', async (t) => {
  for (const [options, advice] of [
    [{ password: 'not-the-secret' }, /check user and password/],
    [{ url: server.url.replace(/\/postgres$/, '/nothing') }, /create the database/],
    [{ user: 'nobody-known', password: 'not-the-secret' }, /check user and password/],
  ] as const) {
    await assert.rejects(opened(t, options).get('acme', 'r1-1'), (error: Error & { kind?: unknown }) => {
      assert.equal(error.kind, 'fatal');
      assert.match(error.message, advice);
      assert.doesNotMatch(error.message, /not-the-secret|p@ss|p%40ss/);
      return true;
    });
  }
});

test('an encrypted connection is made only to a server with a valid certificate', async (t) => {
  const made = certificates(join(folder, 'certificates'));
  const stranger = certificates(join(folder, 'stranger')).ca;
  const ca = readFileSync(made.ca, 'utf8');
  const { uid, gid } = statSync(join(folder, 'data'));
  const admin = await administer(t);
  for (const [name, file] of [
    ['ssl_cert_file', made.cert],
    ['ssl_key_file', made.key],
  ] as const) {
    chownSync(file, uid, gid);
    chmodSync(file, 0o600);
    await admin.query(`ALTER SYSTEM SET ${name} = '${file}'`);
  }
  await assert.rejects(
    opened(t, { ca }).get('acme', 'r1-1'),
    { code: 'CONFIG_INVALID', message: /sslmode/ },
    'it cannot yet',
  );
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.end();
  await server.stop();
  await server.start();

  const schema = newSchema();
  for (const [options, fine] of [
    [{ ca }, true],
    [{ ca, url: `${server.url}?sslmode=verify-ca` }, true],
    [{ url: `${server.url}?sslmode=require` }, true],
    [{ url: `${server.url}?sslmode=verify-full` }, false],
    [{ url: `${server.url}?sslrootcert=${stranger}` }, false],
    [{ url: `${server.url}?sslrootcert=${stranger}&sslmode=verify-ca` }, false],
    [{ url: `${server.url}?sslrootcert=${made.ca}` }, true],
  ] as const) {
    const requests = opened(t, { schema, ...options });
    if (fine) await requests.list('acme', {}, { limit: 1 });
    else await assert.rejects(requests.get('acme', 'r1-1'), { code: 'ACCESS_REFUSED', message: /sslrootcert/ });
  }
});
