/** The tables port while Cassandra is killed, paused and away. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Entries } from '../../core/entries.ts';
import { kindOf } from '../../core/errors.ts';
import { startCassandra } from '../../servers/cassandra.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import type { RowWrite, Tables } from '../../sinks/tables/port.ts';
import { keysWhere } from '../contracts/keys-where.ts';
import { assertHolds, board, learners, place, v, write } from '../contracts/tables-samples.ts';
import { printed } from './ending.ts';
import { startProxy } from './proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-cassandra-'));
const server = await startCassandra({ folder });
const url = `${server.url}/faults`;
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});
const BACK_OFF_MS = 50;
const USERS = Array.from({ length: 100 }, (_, i) => `user-${i}`);

test('nothing acknowledged is lost when Cassandra is killed during writes, and writing resumes', async (t) => {
  const tables = await prepared(t);
  const held = new Map<string, RowWrite>();
  let entries = new Map(USERS.map((user) => [user, Entries.empty<number>()]));
  let restart: Promise<void> | undefined;
  let [isBack, away, rounds] = [false, 0, 0];
  for (let revision = 1; !isBack || rounds < 3; revision += 1) {
    const before = entries;
    entries = new Map(USERS.map((user) => [user, entriesOf(before, user).set(`entry-${revision}`, revision)]));
    const rows = USERS.map((user) =>
      write(['kill', user, 'b'], v(1, revision), {
        whole: revision === 1,
        outbox: `says ${revision}`,
        data: { progress: revision, counts: entriesOf(entries, user) },
      }),
    );
    const writing = until(tables, rows, () => (away += 1));
    // The server is killed during the call.
    if (revision === 20) {
      restart = server.kill().then(() => server.start());
      void restart.then(() => (isBack = true));
    }
    assert.deepEqual(
      await writing,
      USERS.map(() => 'written'),
    );
    for (const row of rows) held.set(row.key.join(), row);
    entries = new Map(USERS.map((user) => [user, entriesOf(entries, user).settled()]));
    if (isBack) rounds += 1;
  }
  await restart;
  assert.ok(away > 0, 'it was away');
  for (const row of held.values()) await assertHolds(tables, row);
  await server.kill();
  await server.start();
  const next = opened(t);
  for (const row of held.values()) await assertHolds(next, row);
  assert.deepEqual((await keysWhere(next, learners, 0, 'kill', 'courseId', 'course-1')).length, USERS.length);
});

test('a paused Cassandra is reported within a bounded time, and used again when it is resumed', async (t) => {
  const tables = await prepared(t);
  const [fresh, reader] = [opened(t), opened(t)];
  const row = write(['pause', 'ada', 'b'], v(1, 1));
  await tables.write(learners, [row]);
  await assertHolds(reader, row);
  server.pause();
  t.after(() => server.resume());
  const many = USERS.flatMap((user) => Array.from({ length: 10 }, (_, i) => write(['pause', user, `b${i}`], v(1, 2))));
  const calls = [
    tables.write(learners, many),
    tables.apply(board, [place(['pause', 'c', '1', 'ada'], v(1, 1))]),
    tables.claim('job', 'topic', 1),
    tables.token('job', 'topic', 1),
    reader.read(
      learners,
      many.map(({ key }) => key),
    ),
    reader.due(learners, [0], 1, 1),
    keysWhere(reader, learners, 0, 'pause', 'courseId', 'course-1'),
    reader.select(learners, ['pause'], { limit: 1 }),
    fresh.prepare([learners]),
  ];
  for (const result of await Promise.allSettled(calls)) {
    assert.equal(result.status, 'rejected');
    assert.equal(
      kindOf((result as PromiseRejectedResult).reason),
      'retry',
      String((result as PromiseRejectedResult).reason),
    );
  }
  server.resume();
  const next = write(['pause', 'ada', 'b'], v(1, 3), { whole: true });
  assert.deepEqual(await until(tables, [next]), ['written']);
  for (const each of [tables, reader, fresh]) {
    await until(each, []);
    await assertHolds(each, next);
  }
});

test('the late effects of a write that timed out are not visible', async (t) => {
  const tables = await prepared(t);
  const key = ['late', 'ada', 'b'];
  const counts = Entries.stored([['kept', 1]]);
  await tables.write(learners, [write(key, v(1, 1), { whole: true, data: { counts } })]);
  // Larger values, which would win cell by cell.
  const lost = {
    at: 'z',
    outbox: 'z',
    data: { progress: 99, region: 'z', counts: counts.set('lost', 9).set('both', 9) },
  };
  const first = write(key, v(1, 2), lost);
  server.pause();
  t.after(() => server.resume());
  await assert.rejects(tables.write(learners, [first]), { code: 'TABLES_AWAY' });
  server.resume();
  // The first write is in the server's buffers. If it takes effect, then before, between or after the cells of this one.
  const second = write(key, v(1, 2), { at: 'a', data: { progress: 1, region: null, counts: counts.set('both', 2) } });
  assert.deepEqual(await until(tables, [second]), ['written']);
  await assertHolds(tables, second);
  const third = write(key, v(1, 3), {
    data: {
      counts: Entries.stored([
        ['kept', 1],
        ['both', 2],
      ]),
    },
  });
  assert.deepEqual(await tables.write(learners, [third]), ['written']);
  await assertHolds(tables, third);
});

test('a client that was made while Cassandra was away works once it is back', async (t) => {
  await server.kill();
  const tables = opened(t);
  const row = write(['away', 'ada', 'b'], v(1, 1));
  await assert.rejects(tables.prepare([learners]), { code: 'TABLES_AWAY' });
  await assert.rejects(tables.write(learners, [row]), { code: 'TABLES_AWAY' });
  await server.start();
  await tables.prepare([learners, board]);
  assert.deepEqual(await tables.write(learners, [row]), ['written']);
  await assertHolds(tables, row);
});

test('a process that closed its tables ends, whatever Cassandra does', async (t) => {
  await server.start();
  await prepared(t);
  assert.equal(await ended('await tables.token("job", "topic", 1)'), 'ended');
  assert.equal(await ended('await tables.token("job", "topic", 1)', '?dc=nowhere'), 'threw');
  assert.equal(await ended('await tables.token("job", "topic", 1); process.kill(pid, "SIGSTOP")'), 'ended');
  assert.equal(await ended('await tables.token("job", "topic", 1)'), 'threw');
  server.resume();
  await server.kill();
  assert.equal(await ended('await tables.token("job", "topic", 1)'), 'threw');
});

test('tables that are closed while their client finds Cassandra again leave no connection open', async (t) => {
  await server.start();
  const { hostname, port } = new URL(server.url);
  const first = await startProxy(Number(port));
  const tables = cassandraTables({ url: url.replace(`${hostname}:${port}`, `127.0.0.1:${first.port}`) });
  t.after(() => tables.close());
  await tables.prepare([learners]);
  await first.stop();
  await assert.rejects(tables.token('job', 'topic', 0), { code: 'TABLES_AWAY' });
  const second = await startProxy(Number(port), first.port);
  t.after(() => second.stop());
  await second.asked('system.peers');
  await tables.close();
  await second.deserted();
});

/** The output of a process that uses tables and then closes them. */
function ended(work: string, parameters = ''): Promise<string> {
  return printed(`
    import { cassandraTables } from ${JSON.stringify(new URL('../../sinks/tables/cassandra/tables.ts', import.meta.url).href)};
    const pid = ${server.pid};
    const tables = cassandraTables({ url: ${JSON.stringify(url + parameters)} });
    let outcome = 'ended';
    try { ${work}; } catch { outcome = 'threw'; }
    await tables.close();
    console.log(outcome);`);
}

/** Repeats the write while Cassandra is away, as the runtime does. */
async function until(tables: Tables, rows: readonly RowWrite[], wasAway: () => void = () => {}) {
  for (;;) {
    try {
      await tables.token('job', 'topic', 0);
      return await tables.write(learners, rows);
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
      wasAway();
      await sleep(BACK_OFF_MS);
    }
  }
}

function entriesOf(entries: ReadonlyMap<string, Entries<number>>, user: string): Entries<number> {
  return entries.get(user) as Entries<number>;
}

async function prepared(t: TestContext): Promise<Tables> {
  const tables = opened(t);
  await tables.prepare([learners, board]);
  return tables;
}

function opened(t: TestContext): Tables {
  const tables = cassandraTables({ url });
  t.after(() => tables.close());
  return tables;
}
