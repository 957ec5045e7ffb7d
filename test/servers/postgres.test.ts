/** The requests port on a real Postgres. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Client } from 'pg';
import { running } from '../../servers/running.ts';
import type { Lease, LeaseOutcome, Requests } from '../../sinks/requests/port.ts';
import type { PostgresOptions } from '../../sinks/requests/postgres/connection.ts';
import { statementsOf } from '../../sinks/requests/postgres/request.ts';
import { postgresRequests } from '../../sinks/requests/postgres/requests.ts';
import { scheduleStatementsOf } from '../../sinks/requests/postgres/schedule.ts';
import { objectOf } from '../../sinks/requests/rules.ts';
import { requestsContract } from '../contracts/requests.ts';
import { forgetsSecrets } from '../contracts/requests-asks.ts';
import { all, asked, leaseOf, MANY, newRequest, result, T0 } from '../contracts/requests-samples.ts';
import { firesAsItIsNow } from '../contracts/requests-schedules.ts';

const server = await running('postgres');
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

requestsContract('Postgres', async (t) => opened(t, { schema: newSchema() }));

test('of several processes that begin on an empty database one makes the tables', async (t) => {
  const schema = newSchema();
  const processes = Array.from({ length: 8 }, () => opened(t, { schema, connections: 2 }));
  const made = await Promise.all(processes.map((each) => each.ask(newRequest('r1'), T0)));
  for (const { request } of made) assert.deepEqual(request, made[0]?.request);
});

test('two installations in one database do not see each other', async (t) => {
  const one = opened(t, { schema: newSchema() });
  const other = opened(t, { url: `${server.url}?schema=${newSchema()}` });
  await asked(one, 'r1', T0);
  assert.equal(await other.get('acme', 'r1-1'), undefined);
});

test('a secret is removed by whatever ends its request', async (t) => {
  const schema = newSchema();
  const admin = await administer(t);
  await forgetsSecrets(opened(t, { schema }), async () => {
    const { rows } = await admin.query(`SELECT count(secret)::int AS count FROM ${schema}.report_request`);
    return rows[0].count;
  });
});

test('a schedule that was replaced while it was planned fires as it is now', async (t) => {
  await firesAsItIsNow(opened(t, { schema: newSchema(), connections: 1 }));
});

/** Steps that several workers do at once, each with its own connections. They share a clock, which advances at every step. */
const step = fc.record({
  does: fc.constantFrom('lease', 'lease', 'renew', 'finish', 'fail', 'cancel'),
  holds: fc.integer({ min: 1, max: 12 }),
});
const workers = fc.array(fc.array(step, { minLength: 15, maxLength: 30 }), { minLength: 4, maxLength: 4 });

async function tried(
  requests: Requests,
  does: string,
  lease: Lease,
  { now, holds }: { now: number; holds: number },
): Promise<LeaseOutcome> {
  if (does === 'renew') return requests.renew(lease, now, now + holds, { rows: 1 });
  if (does === 'fail') return requests.fail(lease, now, { code: 'TABLES_AWAY', message: `at ${now}` }, now + 1);
  return requests.finish(lease, now, result(lease, now + 1000));
}

test('several processes never have the same lease, and one that lost it changes nothing any more', async (t) => {
  const REQUESTS = 6;
  await fc.assert(
    fc.asyncProperty(workers, async (scripts) => {
      const schema = newSchema();
      const clients = scripts.map(() => opened(t, { schema, connections: 1 }));
      const [first] = clients;
      assert.ok(first);
      for (let index = 0; index < REQUESTS; index += 1) await asked(first, `r${index}`, T0 + index, { maxAttempts: 4 });
      let now = T0 + 100;
      /** The newest attempt that was granted to a worker, by request. */
      const newest = new Map<string, number>();
      const granted = new Set<string>();
      const finished = new Map<string, number>();

      const work = async (requests: Requests, owner: string, script: (typeof scripts)[number]): Promise<void> => {
        let held: Lease | undefined;
        for (const { does, holds } of script) {
          now += 1;
          const known = held === undefined ? 0 : (newest.get(held.id) ?? 0);
          if (does === 'lease' || held === undefined) {
            const got = await requests.lease(owner, now, now + holds, MANY);
            if (got === undefined) continue;
            const grant = `${got.id}/${got.attempt}`;
            assert.ok(!granted.has(grant), `${grant} is held twice`);
            granted.add(grant);
            newest.set(got.id, Math.max(got.attempt, newest.get(got.id) ?? 0));
            held = leaseOf(got);
            continue;
          }
          const { id, attempt } = held;
          try {
            if (does === 'cancel') {
              await requests.cancel('acme', id, now);
              continue;
            }
            const outcome = await tried(requests, does, held, { now, holds });
            if (outcome === 'cancelled') {
              held = undefined;
              continue;
            }
            assert.ok(known <= attempt, `${does} of ${id} by attempt ${attempt} after attempt ${known} had begun`);
            if (does === 'finish') {
              assert.ok((finished.get(id) ?? attempt) === attempt, `${id} was finished by two attempts`);
              finished.set(id, attempt);
            }
          } catch (error) {
            assert.equal((error as { code?: unknown }).code, 'LEASE_LOST', String(error));
            held = undefined;
          }
        }
      };
      await Promise.all(clients.map((each, index) => work(each, `worker ${index}`, scripts[index] ?? [])));

      for (const request of await all(first)) {
        assert.equal(
          request.result?.object,
          request.state === 'done' ? objectOf(request.id, request.attempt) : undefined,
        );
        assert.equal(finished.get(request.id), request.state === 'done' ? request.attempt : undefined, request.id);
      }
      await Promise.all(clients.map((each) => each.close()));
    }),
    { numRuns: 15 },
  );
});

test('where transactions are serializable by default, a conflict is retried', async (t) => {
  const admin = await administer(t);
  const database = newSchema();
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.query(`ALTER DATABASE ${database} SET default_transaction_isolation = 'serializable'`);
  const url = server.url.replace(/\/postgres$/, `/${database}`);
  const processes = Array.from({ length: 4 }, () => opened(t, { url, connections: 3 }));
  const [first] = processes;
  assert.ok(first);
  for (let index = 0; index < 10; index += 1) await asked(first, `r${index}`, T0 + index);
  const got = await Promise.all(
    Array.from({ length: 12 }, (_, worker) =>
      processes[worker % 4]?.lease(`worker ${worker}`, T0 + 50, T0 + 100, MANY),
    ),
  );
  const ids = got.flatMap((request) => request?.id ?? []);
  assert.equal(new Set(ids).size, 10);
  assert.equal(ids.length, 10);
});

test('frequent queries use an index', async (t) => {
  const schema = newSchema();
  await opened(t, { schema }).list('acme', {}, { limit: 1 });
  const admin = await administer(t);
  const sql = statementsOf(schema);
  const schedules = scheduleStatementsOf(schema);
  // Makes the planner use an index wherever there is one. Otherwise it would not, since the tables are empty.
  await admin.query('SET enable_seqscan = off');
  const after = [T0, 'r1-1'] as const;
  for (const { text, values } of [
    sql.join(newRequest('r1'), T0),
    sql.get('acme', 'r1-1'),
    sql.list('acme', {}, 10, after),
    sql.list('acme', { states: ['failed'] }, 10, after),
    sql.list('acme', { states: ['failed', 'done'] }, 10, after),
    sql.list('acme', { report: 'progress' }, 10, after),
    sql.list('acme', { asker: 'eve', createdFrom: T0 }, 10, after),
    sql.askers('acme', 'r1-1'),
    sql.expire(T0, 10),
    sql.removable(10),
    sql.confirmRemoved(['r1-1']),
    sql.purge(T0, 10),
    sql.unannounced(10),
    sql.confirmAnnounced(['r1-1']),
    schedules.list('acme'),
    schedules.due(T0),
  ]) {
    const plan = await admin.query({ text: `EXPLAIN ${text}`, values: [...values], rowMode: 'array' });
    assert.doesNotMatch(plan.rows.join('\n'), /Seq Scan on report_(?!purged)/, text);
  }
});

test('tables of a later release are used as they are', async (t) => {
  const schema = newSchema();
  await opened(t, { schema }).list('acme', {}, { limit: 1 });
  const admin = await administer(t);
  await admin.query(`ALTER TABLE ${schema}.report_request ADD COLUMN later text`);
  await admin.query(`INSERT INTO ${schema}.schema_version VALUES (1000)`);
  const requests = opened(t, { schema });
  await asked(requests, 'r1', T0);
  assert.equal((await requests.lease('ada', T0, T0 + 1, MANY))?.id, 'r1-1');
});

test('dropped tables are a broken store, not an outage', async (t) => {
  const schema = newSchema();
  const requests = opened(t, { schema });
  await requests.list('acme', {}, { limit: 1 });
  await (await administer(t)).query(`DROP SCHEMA ${schema} CASCADE`);
  await assert.rejects(requests.get('acme', 'r1-1'), { code: 'STORE_BROKEN', message: /is missing: restore/ });
});
