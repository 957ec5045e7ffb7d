/** The contract of the requests port for attempts and their leases. */
import assert from 'node:assert/strict';
import type { Lease, Requests } from '../../sinks/requests/port.ts';
import { companionOf } from '../../sinks/requests/rules.ts';
import type { About } from './requests.ts';
import { all, asked, existing, leased, leaseOf, MANY, result, T0 } from './requests-samples.ts';

const away = { code: 'TABLES_AWAY', message: 'the tables are away', whatToDo: 'wait' };

export function leasesContract(about: About): void {
  about('a leased request runs, and nobody else gets it', async (requests) => {
    assert.equal(await requests.lease('ada', T0, T0 + 100, MANY), undefined);
    await asked(requests, 'r1', T0);
    const { secret, ...first } = await leased(requests, 'ada', T0 + 2, T0 + 100);
    const { id, state, attempt, owner, leaseUntil, updatedAt, progress } = first;
    assert.deepEqual(
      { id, state, attempt, owner, leaseUntil, updatedAt, progress },
      { id: 'r1-1', state: 'running', attempt: 1, owner: 'ada', leaseUntil: T0 + 100, updatedAt: T0 + 2, progress: 0 },
    );
    assert.equal(secret, null);
    assert.deepEqual(await requests.get('acme', 'r1-1'), first);
    assert.equal(await requests.lease('bob', T0 + 99, T0 + 200, MANY), undefined);
  });

  about('of several workers that lease at once each gets a different request', async (requests) => {
    for (let index = 0; index < 20; index += 1) await asked(requests, `r${index}`, T0 + index);
    const got = await Promise.all(
      Array.from({ length: 25 }, (_, worker) => requests.lease(`worker ${worker}`, T0 + 50, T0 + 100, MANY)),
    );
    const ids = got.flatMap((request) => request?.id ?? []);
    assert.equal(new Set(ids).size, 20, 'every request is leased');
    assert.equal(ids.length, 20, 'no request is leased twice');
    for (const request of await all(requests)) assert.equal(request.attempt, 1);
  });

  about('one request is leased out of its turn, unless somebody has it or it is over', async (requests) => {
    await asked(requests, 'r1', T0, { estimateRows: 1 });
    await asked(requests, 'r2', T0, { estimateRows: 1000, secret: 'sealed', maxAttempts: 2 });
    const one = await requests.leaseOne('r2-1', 'ada', T0, T0 + 100);
    assert.deepEqual(
      [one?.id, one?.state, one?.attempt, one?.owner, one?.leaseUntil, one?.secret],
      ['r2-1', 'running', 1, 'ada', T0 + 100, 'sealed'],
    );
    assert.equal(await requests.leaseOne('r2-1', 'bob', T0 + 99, T0 + 200), undefined, 'somebody has it');
    const taken = await requests.leaseOne('r2-1', 'bob', T0 + 100, T0 + 200);
    assert.equal(taken?.attempt, 2);
    const lease = leaseOf(taken ?? assert.fail('its lease has run out'));
    assert.equal(await requests.leaseOne('r2-1', 'eve', T0 + 200, T0 + 300), undefined, 'no attempt is left');
    await requests.finish(lease, T0 + 150, result(lease, T0 + 1000));
    assert.equal(await requests.leaseOne('r2-1', 'ada', T0 + 300, T0 + 400), undefined, 'it is over');
    assert.equal(await requests.leaseOne('r9-1', 'ada', T0, T0 + 100), undefined);
    const { id } = await leased(requests, 'ada', T0 + 300, T0 + 400);
    assert.equal(id, 'r1-1');
  });

  about('a renewed lease lasts longer and reports the progress', async (requests) => {
    await asked(requests, 'r1', T0, { estimateRows: 10 });
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    assert.equal(await requests.renew(lease, T0 + 90, T0 + 190, { rows: 5000 }), 'held');
    const { progress, estimateRows, leaseUntil, updatedAt } = await existing(requests, 'r1-1');
    assert.deepEqual([progress, estimateRows, leaseUntil, updatedAt], [5000, 10, T0 + 190, T0 + 90]);
    await requests.renew(lease, T0 + 91, T0 + 190, { rows: 6000, estimateRows: 8000 });
    assert.equal((await existing(requests, 'r1-1')).estimateRows, 8000);
    assert.equal(await requests.lease('bob', T0 + 189, T0 + 300, MANY), undefined);
    await assert.rejects(requests.renew(lease, T0 + 92, T0 + 200, { rows: -1 }), { code: 'USAGE' });
  });

  about('a lease that ran out goes to another as the next attempt, and the old owner has lost it', async (requests) => {
    await asked(requests, 'r1', T0);
    const old = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.renew(old, T0 + 50, T0 + 150, { rows: 70 });
    const { secret, ...taken } = await leased(requests, 'bob', T0 + 150, T0 + 250);
    const { attempt, owner, progress } = taken;
    assert.deepEqual({ attempt, owner, progress }, { attempt: 2, owner: 'bob', progress: 0 });
    await loses(requests, old);
    assert.deepEqual(await requests.get('acme', 'r1-1'), taken, 'nothing was changed');
    await requests.finish(leaseOf(taken), T0 + 200, result(taken, T0 + 1000));
    assert.equal((await existing(requests, 'r1-1')).state, 'done');
    await loses(requests, old);
  });

  about('an owner that leases its own request again has two attempts, of which the older is lost', async (requests) => {
    await asked(requests, 'r1', T0);
    const old = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    const taken = await leased(requests, 'ada', T0 + 100, T0 + 200);
    assert.equal(taken.attempt, 2);
    await loses(requests, old);
    assert.equal((await existing(requests, 'r1-1')).leaseUntil, T0 + 200);
  });

  about('of several workers that take over a lease at once one gets it', async (requests) => {
    await asked(requests, 'r1', T0);
    await leased(requests, 'ada', T0, T0 + 100);
    const got = await Promise.all(
      Array.from({ length: 10 }, (_, worker) => requests.lease(`worker ${worker}`, T0 + 100, T0 + 200, MANY)),
    );
    assert.deepEqual(
      got.flatMap((request) => request?.attempt ?? []),
      [2],
    );
  });

  about('a late worker may go on as long as nobody took over', async (requests) => {
    await asked(requests, 'r1', T0, { maxAttempts: 1 });
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    assert.equal(await requests.renew(lease, T0 + 200, T0 + 300, { rows: 1 }), 'held');
    assert.equal(await requests.finish(lease, T0 + 400, result(lease, T0 + 1000)), 'held');
    assert.equal((await existing(requests, 'r1-1')).state, 'done');
  });

  about('a finished request has its result exactly as it was given, and nobody has its lease', async (requests) => {
    await asked(requests, 'r1', T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    const made = {
      ...result(lease, T0 + 1000),
      companion: companionOf('r1-1', 1),
      rows: 2 ** 40,
      bytes: 2 ** 50,
      truncated: true,
      protection: 'zip' as const,
      definitionVersion: 'Größe "ü" 🎓',
      positions: {
        'table "x"': {
          version: 2n ** 63n - 1n,
          positions: { 'a/0': 2n ** 62n, 'a/1': 0n, 'a/2': 2 ** 53 - 1, 'a/3': 0 },
        },
        empty: { version: 0, positions: {} },
      },
    };
    assert.equal(await requests.finish(lease, T0 + 50, made), 'held');
    const done = await existing(requests, 'r1-1');
    assert.deepEqual(done.result, { ...made, finishedAt: T0 + 50 });
    const { state, owner, leaseUntil, error, updatedAt, progress } = done;
    assert.deepEqual(
      { state, owner, leaseUntil, error, updatedAt, progress },
      { state: 'done', owner: null, leaseUntil: null, error: null, updatedAt: T0 + 50, progress: 2 ** 40 },
    );
    await assert.rejects(requests.renew(lease, T0 + 60, T0 + 90, { rows: 1 }), { code: 'LEASE_LOST' });
    await assert.rejects(requests.fail(lease, T0 + 60, away, T0 + 70), { code: 'LEASE_LOST' });
    assert.deepEqual(await requests.get('acme', 'r1-1'), done);
    assert.equal(await requests.lease('bob', T0 + 500, T0 + 600, MANY), undefined);
  });

  about('a result with objects of another attempt is refused', async (requests) => {
    await asked(requests, 'r1', T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    const made = result(lease, T0 + 1000);
    for (const bad of [
      { object: 'reports/r1-1/2' },
      { object: 'elsewhere' },
      { companion: 'reports/r1-1/2.companion' },
      { rows: -1 },
      { bytes: 0.5 },
      { expiresAt: Number.NaN },
    ]) {
      await assert.rejects(requests.finish(lease, T0 + 1, { ...made, ...bad }), { code: 'USAGE' }, JSON.stringify(bad));
    }
    assert.equal((await existing(requests, 'r1-1')).state, 'running');
  });

  about('an attempt that did not get the answer can finish again', async (requests) => {
    await asked(requests, 'r1', T0);
    const lost = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    const lease = leaseOf(await leased(requests, 'ada', T0 + 100, T0 + 200));
    const made = result(lease, T0 + 1000);
    await requests.finish(lease, T0 + 150, made);
    const done = await existing(requests, 'r1-1');
    assert.equal(await requests.finish(lease, T0 + 160, made), 'held');
    await assert.rejects(requests.finish(lost, T0 + 170, result(lost, T0 + 1000)), { code: 'LEASE_LOST' });
    assert.deepEqual(await requests.get('acme', 'r1-1'), done, 'nothing was changed');
    await requests.expire(T0 + 1000, 10);
    assert.equal(await requests.finish(lease, T0 + 1001, made), 'held');
    assert.equal((await existing(requests, 'r1-1')).state, 'expired');
  });

  about(
    'a failed attempt waits for its time and then for the next, until the attempts are used up',
    async (requests) => {
      await asked(requests, 'r1', T0, { maxAttempts: 2 });
      const first = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
      assert.equal(await requests.fail(first, T0 + 1, away, T0 + 50), 'held');
      const waiting = await existing(requests, 'r1-1');
      const { state, owner, leaseUntil, notBefore, updatedAt } = waiting;
      assert.deepEqual([state, owner, leaseUntil, notBefore, updatedAt], ['waiting', null, null, T0 + 50, T0 + 1]);
      assert.deepEqual(waiting.error, away);
      assert.equal(await requests.fail(first, T0 + 2, away, T0 + 90), 'held', 'it may not have got the answer');
      assert.deepEqual(await requests.get('acme', 'r1-1'), waiting);
      await loses(requests, first);
      assert.equal(await requests.lease('bob', T0 + 49, T0 + 100, MANY), undefined);
      const second = leaseOf(await leased(requests, 'bob', T0 + 50, T0 + 100));
      assert.equal(second.attempt, 2);
      const last = { code: 'STORE_BROKEN', message: 'still away' };
      await requests.fail(second, T0 + 60, last, T0 + 70);
      const failed = await existing(requests, 'r1-1');
      assert.deepEqual([failed.state, failed.error, failed.owner, failed.leaseUntil], ['failed', last, null, null]);
      assert.equal(await requests.fail(second, T0 + 61, last, T0 + 70), 'held');
      assert.equal(await requests.lease('ada', T0 + 500, T0 + 600, MANY), undefined);
    },
  );

  about('a released request waits for its next attempt at once, and has as many left as before', async (requests) => {
    await asked(requests, 'r1', T0, { maxAttempts: 1, secret: 'sealed' });
    const first = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    assert.equal(await requests.release(first, T0 + 10), 'held');
    const { state, owner, leaseUntil, error } = await existing(requests, 'r1-1');
    assert.deepEqual([state, owner, leaseUntil, error], ['waiting', null, null, null]);
    assert.equal(await requests.release(first, T0 + 11), 'held', 'it may not have got the answer');
    const next = await leased(requests, 'bob', T0 + 11, T0 + 111);
    assert.deepEqual([next.attempt, next.secret], [2, 'sealed'], 'no two attempts have one number');
    await assert.rejects(requests.release(first, T0 + 12), { code: 'LEASE_LOST' });
    await requests.fail(leaseOf(next), T0 + 20, away, T0 + 30);
    assert.equal((await existing(requests, 'r1-1')).state, 'failed', 'no attempt is left');
  });

  about('a final failure leaves no further attempt', async (requests) => {
    await asked(requests, 'r1', T0, { maxAttempts: 5 });
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    const error = { code: 'NOT_FOUND', message: 'Größe "ü" 🎓: a\0b \ud800', whatToDo: 'ask for another\0' };
    await requests.fail(lease, T0 + 1, error, null);
    const { state, error: kept } = await existing(requests, 'r1-1');
    const expected = { code: 'NOT_FOUND', message: 'Größe "ü" 🎓: a\uFFFDb \uFFFD', whatToDo: 'ask for another\uFFFD' };
    assert.deepEqual([state, kept], ['failed', expected]);
    assert.equal(await requests.fail(lease, T0 + 2, error, null), 'held');
    assert.equal(await requests.lease('ada', T0 + 2, T0 + 100, MANY), undefined);
  });

  for (const call of ['lease', 'expire'] as const) {
    about(
      `a request whose last lease runs out fails at the next ${call}, and does not wait for ever`,
      async (requests) => {
        await asked(requests, 'r1', T0, { maxAttempts: 1 });
        const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
        const next = (now: number): Promise<unknown> =>
          call === 'lease' ? requests.lease('bob', now, now + 100, MANY) : requests.expire(now, 10);
        await next(T0 + 99);
        assert.equal((await existing(requests, 'r1-1')).state, 'running');
        await next(T0 + 100);
        const failed = await existing(requests, 'r1-1');
        const { state, attempt, owner, leaseUntil, updatedAt, error } = failed;
        assert.deepEqual([state, attempt, owner, leaseUntil, updatedAt], ['failed', 1, null, null, T0 + 100]);
        assert.equal(error?.code, 'LEASE_LOST');
        assert.match(error.message, /attempt 1 of 1/);
        assert.match(error.whatToDo ?? '', /ask again/);
        await loses(requests, lease);
      },
    );
  }

  about(
    'a cancelled request is over, whether it was waiting or running, and its worker is told so',
    async (requests) => {
      await asked(requests, 'runs', T0);
      await asked(requests, 'waits', T0 + 1);
      const lease = leaseOf(await leased(requests, 'ada', T0 + 2, T0 + 100));
      assert.equal(lease.id, 'runs-1');
      assert.equal(await requests.cancel('acme', 'waits-1', T0 + 3), true);
      assert.equal(await requests.cancel('acme', 'runs-1', T0 + 3), true);
      for (const id of ['waits-1', 'runs-1']) {
        const { state, owner, leaseUntil, updatedAt } = await existing(requests, id);
        assert.deepEqual([state, owner, leaseUntil, updatedAt], ['cancelled', null, null, T0 + 3]);
        assert.equal(await requests.cancel('acme', id, T0 + 4), false, 'it cannot be cancelled twice');
      }
      assert.equal(await requests.renew(lease, T0 + 5, T0 + 200, { rows: 1 }), 'cancelled');
      assert.equal(await requests.finish(lease, T0 + 5, result(lease, T0 + 1000)), 'cancelled');
      assert.equal(await requests.fail(lease, T0 + 5, away, T0 + 6), 'cancelled');
      await loses(requests, { ...lease, attempt: 2 });
      await loses(requests, { id: 'waits-1', owner: 'ada', attempt: 0 });
      const { state, result: made, updatedAt } = await existing(requests, 'runs-1');
      assert.deepEqual([state, made, updatedAt], ['cancelled', null, T0 + 3]);
      assert.equal(await requests.lease('bob', T0 + 500, T0 + 600, MANY), undefined);
      assert.equal(await requests.cancel('acme', 'nothing', T0 + 5), false);
    },
  );

  about('a worker that lost its lease before the request was cancelled has lost it', async (requests) => {
    await asked(requests, 'r1', T0);
    const old = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await leased(requests, 'bob', T0 + 100, T0 + 200);
    await requests.cancel('acme', 'r1-1', T0 + 150);
    await loses(requests, old);
  });

  about('a request that has ended, or is of another tenant, cannot be cancelled', async (requests) => {
    await asked(requests, 'r1', T0);
    assert.equal(await requests.cancel('umbrella', 'r1-1', T0), false);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.finish(lease, T0 + 1, result(lease, T0 + 1000));
    assert.equal(await requests.cancel('acme', 'r1-1', T0 + 2), false);
    assert.equal((await existing(requests, 'r1-1')).state, 'done');
  });

  about('the lease of a request that never existed is lost', async (requests) => {
    await loses(requests, { id: 'nothing-1', owner: 'ada', attempt: 1 });
    await asked(requests, 'r1', T0);
    await loses(requests, { id: 'r1-1', owner: 'ada', attempt: 0 });
    assert.equal((await existing(requests, 'r1-1')).state, 'waiting');
  });

  about('an attempt runs, is listed as a result, or is over', async (requests) => {
    await asked(requests, 'r1', T0);
    assert.equal(await requests.attemptState('r1-1', 1), 'over');
    await leased(requests, 'ada', T0, T0 + 100);
    assert.equal(await requests.attemptState('r1-1', 1), 'running');
    const second = leaseOf(await leased(requests, 'bob', T0 + 100, T0 + 200));
    const states = (): Promise<string[]> => Promise.all([1, 2, 3].map((each) => requests.attemptState('r1-1', each)));
    assert.deepEqual(await states(), ['over', 'running', 'over']);
    await requests.finish(second, T0 + 150, result(second, T0 + 1000));
    assert.deepEqual(await states(), ['over', 'listed', 'over']);
    await requests.expire(T0 + 1000, 10);
    assert.deepEqual(await states(), ['over', 'over', 'over']);
    assert.equal(await requests.attemptState('nothing-1', 1), 'over');
    await asked(requests, 'r2', T0);
    await leased(requests, 'ada', T0 + 200, T0 + 300);
    await requests.cancel('acme', 'r2-1', T0 + 201);
    assert.equal(await requests.attemptState('r2-1', 1), 'over');
  });
}

/** Asserts that every call that the attempt could still make fails with LEASE_LOST. */
async function loses(requests: Requests, lease: Lease): Promise<void> {
  const lost = { code: 'LEASE_LOST' };
  const late = { code: 'QUERY_AWAY', message: 'too late' };
  await assert.rejects(requests.renew(lease, T0 + 900, T0 + 9000, { rows: 99 }), lost);
  await assert.rejects(requests.finish(lease, T0 + 900, result(lease, T0 + 9000)), lost);
  await assert.rejects(requests.fail(lease, T0 + 900, late, T0 + 901), lost);
  await assert.rejects(requests.fail(lease, T0 + 900, late, null), lost);
}
