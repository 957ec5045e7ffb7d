/** The contract of the requests port: see `sinks/requests/port.ts`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Lease, Request, Requests } from '../../sinks/requests/port.ts';
import { expiryContract } from './requests-expiry.ts';
import { behavesLikeTheModel } from './requests-model.ts';
import { existing, leased, leaseOf, newRequest, result, T0 } from './requests-samples.ts';
import { schedulesContract } from './requests-schedules.ts';

/** `make` answers an empty store of its own at every call. */
export function requestsContract(name: string, make: (t: TestContext) => Promise<Requests>): void {
  const requestsTest = (title: string, body: (requests: Requests) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };

  requestsTest('a request waits with the values it was made with', async (requests) => {
    const asked = {
      ...newRequest('r1', 3),
      parameters: { course: 'Größe "ü" 🎓', from: 1, deep: { list: [1, null, true] } },
    };
    const expected: Request = {
      ...asked,
      state: 'waiting',
      createdAt: T0,
      updatedAt: T0,
      attempt: 0,
      owner: null,
      leaseUntil: null,
      progress: 0,
      error: null,
      result: null,
    };
    assert.deepEqual(await requests.create(asked, T0), expected);
    assert.deepEqual(await requests.get('r1'), expected);
    assert.equal(await requests.get('r2'), undefined);
  });

  requestsTest('asking twice makes one request, and the first one counts', async (requests) => {
    await requests.create(newRequest('r1', 3), T0);
    const running = await leased(requests, 'ada', T0 + 1, T0 + 100);
    const again = await requests.create({ ...newRequest('r1', 1), report: 'another' }, T0 + 2);
    assert.deepEqual(again, running);
    const made = await Promise.all(Array.from({ length: 10 }, () => requests.create(newRequest('r2', 3), T0 + 3)));
    for (const each of made) assert.deepEqual(each, made[0]);
    assert.equal((await requests.list('acme', { limit: 100 })).length, 2);
  });

  requestsTest('a request that may never be tried is refused', async (requests) => {
    for (const attempts of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(requests.create(newRequest('r1', attempts), T0), { code: 'USAGE' });
    }
    assert.equal(await requests.get('r1'), undefined);
  });

  requestsTest('a text that stores cannot keep unchanged is refused', async (requests) => {
    for (const text of ['', 'a\0b', 'a\ud800', 'ü'.repeat(301)]) {
      const refused = { code: 'USAGE', message: /choose another/ };
      for (const field of ['id', 'tenant', 'report', 'requestedBy']) {
        await assert.rejects(
          requests.create({ ...newRequest('r1', 3), [field]: text }, T0),
          refused,
          `${field} ${text}`,
        );
      }
      await assert.rejects(requests.get(text), refused);
      await assert.rejects(requests.list(text, { limit: 1 }), refused);
      await assert.rejects(requests.cancel(text, T0), refused);
      await assert.rejects(requests.lease(text, T0, T0 + 1), refused);
    }
    assert.deepEqual(await requests.list('acme', { limit: 1 }), []);
    const longest = (letter: string): string => letter.repeat(300);
    const asked = { ...newRequest(longest('語'), 3), tenant: longest('ü'), report: longest('é') };
    await requests.create({ ...asked, requestedBy: longest('ß') }, T0);
    const [found] = await requests.list(asked.tenant, { limit: 1, report: asked.report });
    assert.equal(found?.id, asked.id);
  });

  requestsTest('parameters and errors are kept with any text', async (requests) => {
    const parameters = {
      nul: 'a\0b',
      half: '\ud800',
      big: 1e300,
      small: -1.5e-9,
      deep: [[['ü']]],
      'a\0': null,
      list: [],
    };
    await requests.create({ ...newRequest('r1', 3), parameters }, T0);
    assert.deepEqual((await existing(requests, 'r1')).parameters, parameters);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    const positions = { 'topic "x"/0': Number.MAX_SAFE_INTEGER };
    await requests.fail(lease, T0 + 1, 'Größe "ü" 🎓: a\0b \ud800', false);
    assert.match((await existing(requests, 'r1')).error ?? '', /^Größe "ü" 🎓: a.b .$/);
    const again = leaseOf(await leased(requests, 'ada', T0 + 2, T0 + 100));
    const made = { ...result('r1/2', T0 + 1000), positions, rows: 2 ** 40, bytes: 2 ** 50 };
    await requests.finish(again, T0 + 3, made);
    assert.deepEqual((await existing(requests, 'r1')).result, made);
  });

  requestsTest('a list has the newest of the tenant first, by state and report', async (requests) => {
    for (const [at, id] of ['r3', 'r1', 'r2'].entries()) await requests.create(newRequest(id, 3), T0 + at);
    await requests.create({ ...newRequest('r4', 3), report: 'grades' }, T0 + 4);
    await requests.create({ ...newRequest('other', 3), tenant: 'umbrella' }, T0 + 5);
    await leased(requests, 'ada', T0 + 6, T0 + 100);
    const ids = async (filter: Parameters<Requests['list']>[1]): Promise<string[]> =>
      (await requests.list('acme', filter)).map(({ id }) => id);
    assert.deepEqual(await ids({ limit: 100 }), ['r4', 'r2', 'r1', 'r3']);
    assert.deepEqual(await ids({ limit: 2 }), ['r4', 'r2']);
    assert.deepEqual(await ids({ limit: 100, state: 'waiting' }), ['r4', 'r2', 'r1']);
    assert.deepEqual(await ids({ limit: 100, state: 'running' }), ['r3']);
    assert.deepEqual(await ids({ limit: 100, report: 'grades' }), ['r4']);
    assert.deepEqual(await ids({ limit: 100, report: 'grades', state: 'running' }), []);
    assert.deepEqual(await requests.list('nobody', { limit: 100 }), []);
  });

  requestsTest('the oldest request is leased first, and none when there is none', async (requests) => {
    assert.equal(await requests.lease('ada', T0, T0 + 100), undefined);
    await requests.create(newRequest('b', 3), T0);
    await requests.create(newRequest('a', 3), T0 + 1);
    const first = await leased(requests, 'ada', T0 + 2, T0 + 100);
    const { id, state, attempt, owner, leaseUntil, updatedAt, progress } = first;
    assert.deepEqual(
      { id, state, attempt, owner, leaseUntil, updatedAt, progress },
      { id: 'b', state: 'running', attempt: 1, owner: 'ada', leaseUntil: T0 + 100, updatedAt: T0 + 2, progress: 0 },
    );
    assert.deepEqual(await requests.get('b'), first);
    assert.equal((await leased(requests, 'ada', T0 + 3, T0 + 100)).id, 'a');
    assert.equal(await requests.lease('ada', T0 + 4, T0 + 100), undefined);
  });

  requestsTest('of several workers that lease at once each gets a different request', async (requests) => {
    for (let index = 0; index < 20; index += 1) await requests.create(newRequest(`r${index}`, 3), T0 + index);
    const got = await Promise.all(
      Array.from({ length: 25 }, (_, worker) => requests.lease(`worker ${worker}`, T0 + 50, T0 + 100)),
    );
    const ids = got.flatMap((request) => request?.id ?? []);
    assert.equal(new Set(ids).size, 20, 'every request is leased');
    assert.equal(ids.length, 20, 'no request is leased twice');
    for (const request of await requests.list('acme', { limit: 100 })) assert.equal(request.attempt, 1);
  });

  requestsTest('a renewed lease lasts longer and reports the progress', async (requests) => {
    await requests.create(newRequest('r1', 3), T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.renew(lease, T0 + 90, T0 + 190, 5000);
    const { progress, leaseUntil, updatedAt } = await existing(requests, 'r1');
    assert.deepEqual({ progress, leaseUntil, updatedAt }, { progress: 5000, leaseUntil: T0 + 190, updatedAt: T0 + 90 });
    assert.equal(await requests.lease('bob', T0 + 189, T0 + 300), undefined);
  });

  requestsTest(
    'a lease that ran out goes to another as the next attempt, and the old owner has lost it',
    async (requests) => {
      await requests.create(newRequest('r1', 3), T0);
      const old = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
      await requests.renew(old, T0 + 50, T0 + 150, 70);
      const taken = await leased(requests, 'bob', T0 + 150, T0 + 250);
      const { attempt, owner, progress } = taken;
      assert.deepEqual({ attempt, owner, progress }, { attempt: 2, owner: 'bob', progress: 0 });
      await loses(requests, old);
      assert.deepEqual(await requests.get('r1'), taken, 'nothing was changed');
      await requests.finish(leaseOf(taken), T0 + 200, result('r1/2', T0 + 1000));
      assert.equal((await existing(requests, 'r1')).state, 'done');
    },
  );

  requestsTest(
    'an owner that leases its own request again has two attempts, of which the older is lost',
    async (requests) => {
      await requests.create(newRequest('r1', 3), T0);
      const old = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
      const taken = await leased(requests, 'ada', T0 + 100, T0 + 200);
      assert.equal(taken.attempt, 2);
      await loses(requests, old);
      assert.deepEqual(await requests.get('r1'), taken);
    },
  );

  requestsTest('of several workers that take over a lease at once one gets it', async (requests) => {
    await requests.create(newRequest('r1', 3), T0);
    await leased(requests, 'ada', T0, T0 + 100);
    const got = await Promise.all(
      Array.from({ length: 10 }, (_, worker) => requests.lease(`worker ${worker}`, T0 + 100, T0 + 200)),
    );
    assert.deepEqual(
      got.flatMap((request) => request?.attempt ?? []),
      [2],
    );
  });

  requestsTest('a late worker may go on as long as nobody took over', async (requests) => {
    await requests.create(newRequest('r1', 1), T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.renew(lease, T0 + 200, T0 + 300, 1);
    await requests.finish(lease, T0 + 400, result('r1/1', T0 + 1000));
    assert.equal((await existing(requests, 'r1')).state, 'done');
  });

  requestsTest('a finished request has its result, and nobody has its lease', async (requests) => {
    await requests.create(newRequest('r1', 3), T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    const made = result('r1/1', T0 + 1000);
    await requests.finish(lease, T0 + 50, made);
    const done = await existing(requests, 'r1');
    assert.deepEqual(done.result, made);
    const { state, owner, leaseUntil, error, updatedAt } = done;
    assert.deepEqual(
      { state, owner, leaseUntil, error, updatedAt },
      { state: 'done', owner: null, leaseUntil: null, error: null, updatedAt: T0 + 50 },
    );
    await loses(requests, lease);
    assert.deepEqual(await requests.get('r1'), done);
    assert.equal(await requests.lease('bob', T0 + 500, T0 + 600), undefined);
  });

  requestsTest(
    'an attempt that did not get the answer can finish again, but only with the same object',
    async (requests) => {
      await requests.create(newRequest('r1', 3), T0);
      const lost = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
      const lease = leaseOf(await leased(requests, 'ada', T0 + 100, T0 + 200));
      const made = result('r1/2', T0 + 1000);
      await requests.finish(lease, T0 + 150, made);
      const done = await existing(requests, 'r1');
      await requests.finish(lease, T0 + 160, made);
      await assert.rejects(requests.finish(lost, T0 + 170, made), { code: 'LEASE_LOST' });
      await assert.rejects(requests.finish(lease, T0 + 170, result('r1/x', T0 + 1000)), { code: 'LEASE_LOST' });
      assert.deepEqual(await requests.get('r1'), done, 'nothing was changed');
      await requests.expire(T0 + 1000);
      await requests.finish(lease, T0 + 1001, made);
      assert.equal((await existing(requests, 'r1')).state, 'expired');
    },
  );

  requestsTest('a failed attempt waits for the next, until the attempts are used up', async (requests) => {
    await requests.create(newRequest('r1', 2), T0);
    const first = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.fail(first, T0 + 1, 'the tables are away', false);
    const waiting = await existing(requests, 'r1');
    assert.deepEqual([waiting.state, waiting.owner, waiting.leaseUntil], ['waiting', null, null]);
    assert.equal(waiting.error, 'the tables are away');
    await loses(requests, first);
    const second = leaseOf(await leased(requests, 'bob', T0 + 2, T0 + 100));
    assert.equal(second.attempt, 2);
    await requests.fail(second, T0 + 3, 'still away', false);
    const failed = await existing(requests, 'r1');
    assert.deepEqual(
      [failed.state, failed.error, failed.owner, failed.leaseUntil],
      ['failed', 'still away', null, null],
    );
    assert.equal(await requests.lease('ada', T0 + 500, T0 + 600), undefined);
  });

  requestsTest('a final failure leaves no further attempt', async (requests) => {
    await requests.create(newRequest('r1', 5), T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.fail(lease, T0 + 1, 'no such course', true);
    const { state, error } = await existing(requests, 'r1');
    assert.deepEqual({ state, error }, { state: 'failed', error: 'no such course' });
    assert.equal(await requests.lease('ada', T0 + 2, T0 + 100), undefined);
  });

  for (const call of ['lease', 'expire'] as const) {
    requestsTest(
      `a request whose last lease runs out fails at the next ${call}, and does not wait for ever`,
      async (requests) => {
        await requests.create(newRequest('r1', 1), T0);
        const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
        const next = (now: number) => (call === 'lease' ? requests.lease('bob', now, now + 100) : requests.expire(now));
        await next(T0 + 99);
        assert.equal((await existing(requests, 'r1')).state, 'running');
        await next(T0 + 100);
        const failed = await existing(requests, 'r1');
        const { state, attempt, owner, leaseUntil, updatedAt } = failed;
        assert.deepEqual(
          { state, attempt, owner, leaseUntil, updatedAt },
          { state: 'failed', attempt: 1, owner: null, leaseUntil: null, updatedAt: T0 + 100 },
        );
        assert.match(failed.error ?? '', /attempt 1 of 1/);
        await loses(requests, lease);
      },
    );
  }

  requestsTest('a cancelled request is over, whether it was waiting or running', async (requests) => {
    await requests.create(newRequest('waits', 3), T0 + 1);
    await requests.create(newRequest('runs', 3), T0);
    const lease = leaseOf(await leased(requests, 'ada', T0 + 2, T0 + 100));
    assert.equal(lease.id, 'runs');
    assert.equal(await requests.cancel('waits', T0 + 3), true);
    assert.equal(await requests.cancel('runs', T0 + 3), true);
    for (const id of ['waits', 'runs']) {
      const { state, owner, leaseUntil, updatedAt } = await existing(requests, id);
      assert.deepEqual([state, owner, leaseUntil, updatedAt], ['cancelled', null, null, T0 + 3]);
      assert.equal(await requests.cancel(id, T0 + 4), false, 'it cannot be cancelled twice');
    }
    await loses(requests, lease);
    assert.equal((await existing(requests, 'runs')).state, 'cancelled');
    assert.equal(await requests.lease('bob', T0 + 500, T0 + 600), undefined);
    assert.equal(await requests.cancel('nothing', T0 + 5), false);
  });

  requestsTest('a request that has ended cannot be cancelled', async (requests) => {
    await requests.create(newRequest('r1', 1), T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.finish(lease, T0 + 1, result('r1/1', T0 + 1000));
    assert.equal(await requests.cancel('r1', T0 + 2), false);
    assert.equal((await existing(requests, 'r1')).state, 'done');
  });

  requestsTest('the lease of a request that never existed is lost', async (requests) => {
    await loses(requests, { id: 'nothing', owner: 'ada', attempt: 1 });
    await requests.create(newRequest('r1', 1), T0);
    await loses(requests, { id: 'r1', owner: 'ada', attempt: 0 });
    assert.equal((await existing(requests, 'r1')).state, 'waiting');
  });

  test(`${name}: any sequence of calls has the results of the model`, async (t) => {
    await fc.assert(
      behavesLikeTheModel(() => make(t)),
      { numRuns: 60 },
    );
  });

  expiryContract(name, make);
  schedulesContract(name, make);
}

/** Everything that the attempt could still try is answered with LEASE_LOST. */
async function loses(requests: Requests, lease: Lease): Promise<void> {
  const lost = { code: 'LEASE_LOST' };
  await assert.rejects(requests.renew(lease, T0 + 900, T0 + 9000, 99), lost);
  await assert.rejects(requests.finish(lease, T0 + 900, result('stolen', T0 + 9000)), lost);
  await assert.rejects(requests.fail(lease, T0 + 900, 'too late', false), lost);
  await assert.rejects(requests.fail(lease, T0 + 900, 'too late', true), lost);
}
