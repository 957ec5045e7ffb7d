/** How a process learns who was forgotten: from the table after a claim, and from the events that it reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgottenUsers } from '../../../core/forgotten-users.ts';
import { IN_MEMORY, openDatabase } from '../../../embedded/database.ts';
import {
  digestOf,
  Forgotten,
  type ForgottenStore,
  forgottenAt,
  rememberForgotten,
} from '../../../jobs/runtime/forgotten.ts';
import { sqliteTables } from '../../../sinks/tables/sqlite/tables.ts';

async function tables(t: { after(done: () => void): void }) {
  const database = openDatabase(IN_MEMORY);
  t.after(() => database.close());
  const opened = sqliteTables(database);
  await opened.prepare([forgottenUsers]);
  return opened;
}

test('whoever loads knows all who are in the table, by tenant and user', async (t) => {
  const store = await tables(t);
  for (let i = 0; i < 1200; i++) await rememberForgotten(store, digestOf('acme', `user-${i}`), 5);
  const forgotten = new Forgotten(store);
  assert.equal(forgotten.has('acme', 'user-1'), false);
  await forgotten.load();
  for (const i of [0, 999, 1000, 1199]) assert.ok(forgotten.has('acme', `user-${i}`), `user-${i}`);
  assert.equal(forgotten.has('default', 'user-1'), false);
  assert.equal(await forgottenAt(store, digestOf('acme', 'user-7')), 5);
  assert.equal(await forgottenAt(store, digestOf('acme', 'nobody')), undefined);
});

test('a call to load never settles with a reading that began before it', async () => {
  const digests = ['one'];
  const gates: (() => void)[] = [];
  const store: ForgottenStore = {
    apply: async () => [],
    select: async () => {
      const items = digests.map((digest) => ({ digest }));
      await new Promise<void>((open) => gates.push(open));
      return { items, next: undefined };
    },
  };
  const forgotten = new Forgotten(store);
  const first = forgotten.load();
  digests.push(digestOf('acme', 'ada'));
  const [second, third] = [forgotten.load(), forgotten.load()];
  gates.shift()?.();
  await first;
  assert.equal(forgotten.has('acme', 'ada'), false);
  while (gates.length === 0) await new Promise((done) => setImmediate(done));
  gates.shift()?.();
  await Promise.all([second, third]);
  assert.ok(forgotten.has('acme', 'ada'));
  assert.equal(gates.length, 0, 'those who ask at the same time share a reading');
});

test('after a reading that failed, the next one reads again', async () => {
  let fails = true;
  const store: ForgottenStore = {
    apply: async () => [],
    select: async () => {
      if (fails) throw new Error('away');
      return { items: [{ digest: digestOf('acme', 'ada') }], next: undefined };
    },
  };
  const forgotten = new Forgotten(store);
  await assert.rejects(forgotten.load(), /away/);
  fails = false;
  await forgotten.load();
  assert.ok(forgotten.has('acme', 'ada'));
});
