/** The requests port while its Postgres is killed, paused, restarted and cut off. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startPostgres } from '../../servers/postgres.ts';
import type { Request, Requests } from '../../sinks/requests/port.ts';
import { postgresRequests } from '../../sinks/requests/postgres/requests.ts';
import { objectOf } from '../../sinks/requests/rules.ts';
import { all, asked, leaseOf, MANY, newRequest, result, T0 } from '../contracts/requests-samples.ts';
import { startProxy } from './proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-postgres-faults-'));
const server = await startPostgres({ folder });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

const away = { code: 'REQUESTS_AWAY', kind: 'retry' };

function opened(t: TestContext, schema: string, timeoutMs: number, url = server.url): Requests {
  const requests = postgresRequests({ url, schema, timeoutMs, connections: 3 });
  t.after(() => requests.close());
  return requests;
}

/** Repeats the call while the store is away. Throws any other error. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'REQUESTS_AWAY') throw error;
      await sleep(20);
    }
  }
}

test('a killed server loses nothing that it acknowledged, and no request is finished twice', async (t) => {
  const REQUESTS = 120;
  const WORKERS = 4;
  const requests = opened(t, 'killed', 4000);
  const finished = new Map<string, number>();
  const made = new Set<string>();
  let now = T0;
  let progress = 0;
  let wake = (): void => undefined;
  const atLeast = async (count: number): Promise<void> => {
    while (progress < count) await new Promise<void>((resolve) => (wake = resolve));
  };

  const asking = (async () => {
    for (let index = 0; index < REQUESTS; index += 1) {
      await persist(() => requests.ask(newRequest(`r${index}`, { maxAttempts: 1000 }), T0 + index));
      made.add(`r${index}`);
    }
  })();

  const worker = async (owner: string): Promise<void> => {
    while (finished.size < REQUESTS) {
      now += 1;
      // If the call's answer is lost, the leased request is free again after 200 ms.
      const got = await persist(() => requests.lease(owner, now, now + 200, MANY));
      if (got === undefined) {
        now += 20;
        await sleep(1);
        continue;
      }
      try {
        await persist(() => requests.renew(leaseOf(got), now, now + 200, { rows: 1 }));
        await persist(() => requests.finish(leaseOf(got), now, result(got, now + 1e6)));
        assert.ok(!finished.has(got.id), `${got.id} is finished twice`);
        finished.set(got.id, got.attempt);
        progress += 1;
        wake();
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'LEASE_LOST', String(error));
      }
    }
  };

  const working = Promise.all([asking, ...Array.from({ length: WORKERS }, (_, index) => worker(`worker ${index}`))]);
  for (const count of [REQUESTS / 4, REQUESTS / 2]) {
    await Promise.race([atLeast(count), working]);
    await server.kill();
    await server.start();
  }
  await working;

  assert.equal(made.size, REQUESTS);
  const shown = (each: Request) => [each.id, each.state, each.result?.object];
  assert.deepEqual(
    (await all(requests)).map(shown).sort(),
    [...finished].map(([id, attempt]) => [id, 'done', objectOf(id, attempt)]).sort(),
  );
});

test('a server that is down or has just restarted is away, and the same client continues afterwards', async (t) => {
  const requests = opened(t, 'gone', 4000);
  await asked(requests, 'r1', T0);
  await server.kill();
  await assert.rejects(requests.get('acme', 'r1-1'), away);
  await assert.rejects(requests.lease('ada', T0, T0 + 1, MANY), away);
  await assert.rejects(opened(t, 'gone', 4000).get('acme', 'r1-1'), away, 'nor can anybody begin');
  await server.start();
  assert.equal((await persist(() => requests.get('acme', 'r1-1')))?.state, 'waiting');
});

test('a paused server is away while it is paused, for connections that are open and for new ones', async (t) => {
  const requests = opened(t, 'paused', 1000);
  await asked(requests, 'r1', T0);
  server.pause();
  // Without a timeout all of these would hang, since the server is resumed only after them.
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 8 }, () => requests.get('acme', 'r1-1')),
    requests.lease('ada', T0, T0 + 1000, MANY),
    requests.fire(T0, () => newRequest('r2')),
    opened(t, 'paused', 1000).get('acme', 'r1-1'),
  ]).finally(() => server.resume());
  for (const outcome of outcomes) {
    assert.equal(outcome.status, 'rejected');
    assert.equal(outcome.reason.code, 'REQUESTS_AWAY', String(outcome.reason));
  }
  assert.equal((await persist(() => requests.get('acme', 'r1-1')))?.id, 'r1-1');
  // The server may have executed the interrupted lease, which has expired by now.
  assert.equal((await persist(() => requests.lease('bob', T0 + 1000, T0 + 2000, MANY)))?.owner, 'bob');
});

test('it can be closed while the server is paused', async () => {
  const requests = postgresRequests({ url: server.url, schema: 'closed', timeoutMs: 1000 });
  await requests.list('acme', {}, { limit: 1 });
  server.pause();
  const call = requests.get('acme', 'r1-1');
  const closed = requests.close().finally(() => server.resume());
  await assert.rejects(call, away);
  await closed;
  await requests.close();
  await assert.rejects(requests.get('acme', 'r1-1'), { code: 'USAGE' });
});

test('idle connections that the server ends are replaced', async (t) => {
  const requests = opened(t, 'ended', 4000);
  await asked(requests, 'r1', T0);
  const admin = new Client(server.url);
  await admin.connect();
  t.after(() => admin.end());
  await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tributary'");
  assert.equal((await persist(() => requests.get('acme', 'r1-1')))?.id, 'r1-1');
});

test('a lock of another session makes a call away after a while, and the server stops working on it', async (t) => {
  const requests = opened(t, 'locked', 1000);
  await asked(requests, 'r1', T0);
  const admin = new Client(server.url);
  await admin.connect();
  t.after(() => admin.end());
  await admin.query('BEGIN');
  await admin.query('LOCK TABLE locked.report_request');
  await assert.rejects(requests.lease('ada', T0, T0 + 1000, MANY), away);
  await admin.query('ROLLBACK');
  assert.equal((await requests.lease('bob', T0 + 1, T0 + 1000, MANY))?.attempt, 1);
});

test('an attempt whose answer was lost can finish again', async (t) => {
  const proxy = await startProxy(Number(new URL(server.url).port));
  t.after(() => proxy.stop());
  const requests = opened(t, 'answers', 4000, `postgres://postgres@127.0.0.1:${proxy.port}/postgres`);
  await asked(requests, 'r1', T0);
  const got = await requests.lease('ada', T0, T0 + 100, MANY);
  assert.ok(got);
  const made = result(got, T0 + 1000);
  const lost = proxy.loseAnswerTo("SET state = 'done'");
  await assert.rejects(requests.finish(leaseOf(got), T0 + 1, made), away);
  await lost;
  assert.equal((await requests.get('acme', 'r1-1'))?.state, 'done', 'it had happened');
  await requests.finish(leaseOf(got), T0 + 2, made);
  assert.equal((await requests.get('acme', 'r1-1'))?.updatedAt, T0 + 1);
});

test('a server with no connections left is away', async (t) => {
  const admin = new Client(server.url);
  await admin.connect();
  t.after(() => admin.end());
  await admin.query('CREATE ROLE limited LOGIN CONNECTION LIMIT 1');
  await admin.query('GRANT CREATE ON DATABASE postgres TO limited');
  const options = { url: server.url, user: 'limited', connections: 1, timeoutMs: 4000, schema: 'limited' };
  const one = postgresRequests(options);
  await one.list('acme', {}, { limit: 1 });
  const two = postgresRequests(options);
  t.after(() => two.close());
  await assert.rejects(two.get('acme', 'r1-1'), away);
  await one.close();
  assert.equal(await persist(() => two.get('acme', 'r1-1')), undefined);
});
