/** The contract of the requests port for asking for reports. */
import assert from 'node:assert/strict';
import type { Lease, Request, Requests } from '../../sinks/requests/port.ts';
import type { About } from './requests.ts';
import { all, asked, existing, finished, leased, leaseOf, newRequest, result, T0 } from './requests-samples.ts';

const error = { code: 'TABLES_AWAY', message: 'the tables are away' };

export function asksContract(about: About): void {
  about('a request waits with the values it was asked with', async (requests) => {
    const given = newRequest('h_1-A', {
      parameters: '{"course":"Größe \\"ü\\" 🎓","deep":{"list":[1,null,true]},"nul":"a\\u0000b","half":"\\ud800"}',
      options: { delimiter: '\t', 'a\0': '\ud800' },
      columns: null,
      protection: { kind: 'age', fingerprint: 'age1ü' },
      roles: [],
      estimateRows: 2 ** 40,
      rowLimit: 0,
      trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      secret: 'sealed',
    });
    const { secret, freshMs, ...kept } = given;
    const expected: Request = {
      ...kept,
      id: 'h_1-A-1',
      generation: 1,
      schedule: null,
      state: 'waiting',
      createdAt: T0,
      updatedAt: T0,
      attempt: 0,
      notBefore: T0,
      owner: null,
      leaseUntil: null,
      progress: 0,
      error: null,
      result: null,
    };
    assert.deepEqual(await requests.ask(given, T0), { request: expected, isNew: true });
    assert.deepEqual(await requests.get('acme', 'h_1-A-1'), expected);
    assert.equal(await requests.get('acme', 'h_1-A-2'), undefined);
  });

  about('who asks for what waits or runs gets that request, and the first one counts', async (requests) => {
    const first = await asked(requests, 'r1', T0);
    const other = newRequest('r1', { report: 'another', maxAttempts: 1, requestedBy: 'bob' });
    assert.deepEqual(await requests.ask(other, T0 + 1), { request: first, isNew: false });
    const { secret, ...running } = await leased(requests, 'ada', T0 + 2, T0 + 100);
    assert.deepEqual(await requests.ask(other, T0 + 3), { request: running, isNew: false });
    await requests.fail(leaseOf(running), T0 + 4, error, T0 + 50);
    assert.equal((await requests.ask(other, T0 + 5)).isNew, false, 'also between two attempts');
    assert.equal((await all(requests)).length, 1);
  });

  about('each who asked is listed once, with the time of the first time', async (requests) => {
    await asked(requests, 'r1', T0);
    for (const [at, user] of ['zoe', 'bob', 'eve', 'bob'].entries()) {
      await requests.ask(newRequest('r1', { requestedBy: user }), T0 + 1 + at);
    }
    assert.deepEqual(await requests.askers('acme', 'r1-1'), [
      { user: 'eve', at: T0 },
      { user: 'zoe', at: T0 + 1 },
      { user: 'bob', at: T0 + 2 },
    ]);
    assert.deepEqual(await requests.askers('umbrella', 'r1-1'), []);
    assert.deepEqual(await requests.askers('acme', 'r2-1'), []);
  });

  about('a result that is fresh enough is given again, until it expires', async (requests) => {
    const done = await finished(requests, 'r1', T0, T0 + 1000);
    const ask = (now: number, freshMs: number) => requests.ask(newRequest('r1', { freshMs, requestedBy: 'bob' }), now);
    assert.deepEqual(await ask(T0 + 100, 100), { request: done, isNew: false });
    assert.deepEqual(
      (await requests.askers('acme', done.id)).map(({ user }) => user),
      ['eve', 'bob'],
    );
    assert.deepEqual(await ask(T0 + 999, 5000), { request: done, isNew: false });
    const { request, isNew } = await ask(T0 + 1000, 5000);
    assert.deepEqual([request.id, isNew], ['r1-2', true], 'it has expired, although nobody said so yet');
  });

  about('a result that is too old is made anew, and the newest result is given', async (requests) => {
    await finished(requests, 'r1', T0, T0 + 10_000);
    const again = await requests.ask(newRequest('r1', { freshMs: 99 }), T0 + 100);
    assert.deepEqual([again.request.id, again.request.generation, again.isNew], ['r1-2', 2, true]);
    const lease = leaseOf(await leased(requests, 'ada', T0 + 100, T0 + 200));
    await requests.finish(lease, T0 + 150, result(lease, T0 + 10_000));
    assert.equal((await requests.ask(newRequest('r1', { freshMs: 9000 }), T0 + 300)).request.id, 'r1-2');
  });

  about('what failed, was cancelled or expired runs again when it is asked for', async (requests) => {
    const fresh = { freshMs: 10_000 };
    await asked(requests, 'r1', T0, fresh);
    await requests.fail(leaseOf(await leased(requests, 'ada', T0, T0 + 100)), T0 + 1, error, null);
    assert.equal((await asked(requests, 'r1', T0 + 2, fresh)).id, 'r1-2');
    await requests.cancel('acme', 'r1-2', T0 + 3);
    assert.equal((await asked(requests, 'r1', T0 + 4, fresh)).id, 'r1-3');
    const lease = leaseOf(await leased(requests, 'ada', T0 + 5, T0 + 100));
    await requests.finish(lease, T0 + 6, result(lease, T0 + 50));
    await requests.expire(T0 + 50, 10);
    const again = await asked(requests, 'r1', T0 + 51, fresh);
    assert.deepEqual([again.id, again.state, again.attempt], ['r1-4', 'waiting', 0]);
    const states = (await all(requests)).map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(states, ['r1-4 waiting', 'r1-3 expired', 'r1-2 cancelled', 'r1-1 failed']);
  });

  about('many identical asks at once make one request, and each who asked is known', async (requests) => {
    const users = Array.from({ length: 30 }, (_, index) => `user ${String(index).padStart(2, '0')}`);
    const got = await Promise.all(users.map((user) => requests.ask(newRequest('r1', { requestedBy: user }), T0)));
    assert.equal(got.filter(({ isNew }) => isNew).length, 1);
    for (const { request } of got) assert.equal(request.id, 'r1-1');
    assert.equal((await all(requests)).length, 1);
    assert.deepEqual(
      (await requests.askers('acme', 'r1-1')).map(({ user }) => user),
      users,
    );
  });

  about('identical asks while the request is worked on and ends never run beside each other', async (requests) => {
    const made = new Set<string>();
    let now = T0;
    const ask = async (user: string): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        now += 1;
        made.add((await requests.ask(newRequest('r1', { requestedBy: user }), now)).request.id);
      }
    };
    const work = async (owner: string): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        now += 1;
        const got = await requests.lease(owner, now, now + 1000, 10);
        if (got === undefined) continue;
        await requests.fail(leaseOf(got), now, error, null);
      }
    };
    await Promise.all([...['a', 'b', 'c', 'd'].map(ask), ...['x', 'y'].map(work)]);
    const ids = (await all(requests)).map(({ id }) => id).sort();
    assert.deepEqual(ids, [...made].sort(), 'what was answered is there, and nothing else');
    const open = (await all(requests)).filter(({ state }) => state === 'waiting' || state === 'running');
    assert.ok(open.length <= 1);
  });

  about('two tenants do not share a request, even with the same hash', async (requests) => {
    await finished(requests, 'r1', T0, T0 + 1000);
    const other = await asked(requests, 'r1', T0 + 1, { tenant: 'umbrella', freshMs: 1000 });
    assert.equal(other.id, 'r1-2', 'ids are unique in the installation');
    assert.equal(await requests.get('acme', other.id), undefined);
    assert.equal(await requests.cancel('acme', other.id, T0 + 2), false);
    assert.equal((await existing(requests, other.id, 'umbrella')).state, 'waiting');
  });

  about('a request that no store can keep is refused', async (requests) => {
    const refused = { code: 'USAGE', message: /choose another|give a whole|use 1 to 128|not JSON|seal/ };
    for (const text of ['', 'a\0b', 'a\ud800', 'ü'.repeat(301)]) {
      for (const field of ['hash', 'tenant', 'report', 'format', 'requestedBy']) {
        await assert.rejects(requests.ask(newRequest('r1', { [field]: text }), T0), refused, `${field} ${text}`);
      }
      await assert.rejects(requests.get('acme', text), refused);
      await assert.rejects(requests.get(text, 'r1-1'), refused);
      await assert.rejects(requests.askers(text, 'r1-1'), refused);
      await assert.rejects(requests.list(text, {}, { limit: 1 }), refused);
      await assert.rejects(requests.list('acme', { report: text }, { limit: 1 }), refused);
      await assert.rejects(requests.list('acme', { asker: text }, { limit: 1 }), refused);
      await assert.rejects(requests.cancel('acme', text, T0), refused);
      await assert.rejects(requests.lease(text, T0, T0 + 1, 1), refused);
    }
    for (const changes of [
      { hash: 'a/b' },
      { hash: '../x' },
      { hash: 'x'.repeat(129) },
      { maxAttempts: 0 },
      { maxAttempts: 1.5 },
      { maxAttempts: Number.NaN },
      { estimateRows: -1 },
      { rowLimit: 0.5 },
      { freshMs: -1 },
      { parameters: '{' },
      { secret: 'a\0b' },
    ]) {
      await assert.rejects(requests.ask(newRequest('r1', changes), T0), refused, JSON.stringify(changes));
    }
    assert.deepEqual(await all(requests), []);
    const longest = (letter: string): string => letter.repeat(300);
    const given = newRequest('x'.repeat(128), {
      tenant: longest('ü'),
      report: longest('é'),
      requestedBy: longest('語'),
    });
    const { request } = await requests.ask(given, T0);
    const { tenant, report, requestedBy } = given;
    for (const filter of [{ report }, { asker: requestedBy }]) {
      assert.deepEqual(await requests.list(tenant, filter, { limit: 1 }), { requests: [request], next: null });
    }
  });

  about(
    'a secret is given to who leases and to nobody else, and is gone once the request has ended',
    async (requests) => {
      const secret = 'a sealed secret';
      const [first] = [await asked(requests, 'r1', T0, { secret })];
      const shown = async (): Promise<string> =>
        JSON.stringify([
          await all(requests),
          await requests.get('acme', 'r1-1'),
          first,
          await requests.unannounced(10),
        ]);
      const lease = await leased(requests, 'ada', T0, T0 + 100);
      assert.equal(lease.secret, secret);
      await requests.fail(leaseOf(lease), T0 + 1, error, T0 + 1);
      assert.doesNotMatch(await shown(), /sealed/);
      const again = await leased(requests, 'ada', T0 + 2, T0 + 100);
      assert.equal(again.secret, secret, 'the next attempt needs it, too');
      await requests.finish(leaseOf(again), T0 + 3, result(again, T0 + 50));
      assert.doesNotMatch(await shown(), /sealed/);
    },
  );
}

/** `stored` returns the number of secrets in the store. */
export async function forgetsSecrets(requests: Requests, stored: () => Promise<number>): Promise<void> {
  const begin = async (hash: string): Promise<Lease> => {
    await asked(requests, hash, T0, { secret: 'sealed', maxAttempts: 1 });
    return leaseOf(await leased(requests, 'ada', T0, T0 + 100));
  };
  const done = await begin('done');
  const failed = await begin('failed');
  await begin('cancelled');
  await begin('dead');
  assert.equal(await stored(), 4);
  await requests.finish(done, T0 + 1, result(done, T0 + 1000));
  assert.equal(await stored(), 3, 'done');
  await requests.fail(failed, T0 + 2, error, T0 + 3);
  assert.equal(await stored(), 2, 'failed');
  await requests.cancel('acme', 'cancelled-1', T0 + 3);
  assert.equal(await stored(), 1, 'cancelled');
  await requests.expire(T0 + 100, 10);
  assert.equal(await stored(), 0, 'its worker died');
}
