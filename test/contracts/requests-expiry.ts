/** The contract of the requests port for expired results, their objects, and the removal of old requests. */
import assert from 'node:assert/strict';
import type { Request } from '../../sinks/requests/port.ts';
import { companionOf, objectOf } from '../../sinks/requests/rules.ts';
import type { About } from './requests.ts';
import { all, asked, existing, finished, leased, leaseOf, result, T0 } from './requests-samples.ts';

export function expiryContract(about: About): void {
  about('results past their time expire, the oldest first, and name their objects', async (requests) => {
    await finished(requests, 'a', T0, T0 + 1001);
    await finished(requests, 'b', T0 + 1, T0 + 1000);
    await finished(requests, 'c', T0 + 2, T0 + 1002);
    await asked(requests, 'waits', T0 + 4);
    assert.deepEqual(await requests.expire(T0 + 999, 10), []);
    assert.deepEqual(await requests.expire(T0 + 1001, 10), [removable('b'), removable('a')]);
    const states = (await all(requests)).map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(states, ['waits-1 waiting', 'c-1 done', 'b-1 expired', 'a-1 expired']);
  });

  about('once it has expired, nothing offers the file', async (requests) => {
    await finished(requests, 'a', T0, T0 + 10);
    await requests.expire(T0 + 10, 10);
    const { state, updatedAt, result: made, progress } = await existing(requests, 'a-1');
    assert.deepEqual([state, updatedAt, made, progress], ['expired', T0 + 10, null, 12]);
    assert.doesNotMatch(JSON.stringify(await all(requests)), /reports\//);
    assert.deepEqual(await requests.unannounced(10), []);
  });

  about('the files of one tenant are outdated together, and expire at once', async (requests) => {
    await finished(requests, 'a', T0, T0 + 1001);
    await finished(requests, 'b', T0 + 1, T0 + 2000);
    await asked(requests, 'waits', T0 + 4);
    assert.equal(await requests.outdate('globex', T0 + 10), 0);
    assert.deepEqual(await requests.expire(T0 + 10, 10), []);
    assert.equal(await requests.outdate('acme', T0 + 10), 2);
    assert.equal(await requests.outdate('acme', T0 + 10), 0, 'once');
    assert.deepEqual(await requests.expire(T0 + 10, 10), [removable('a'), removable('b')]);
    assert.equal((await existing(requests, 'waits-1')).state, 'waiting');
  });

  about('a result with a companion names both objects', async (requests) => {
    await asked(requests, 'a', T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.finish(lease, T0, { ...result(lease, T0 + 10), companion: companionOf('a-1', 1) });
    const objects = [objectOf('a-1', 1), companionOf('a-1', 1)];
    assert.deepEqual(await requests.expire(T0 + 10, 10), [{ tenant: 'acme', id: 'a-1', objects }]);
  });

  about('an object stays known until it is confirmed to be removed', async (requests) => {
    for (const hash of ['a', 'b', 'c']) await finished(requests, hash, T0, T0 + 10);
    const whole = ['a', 'b', 'c'].map(removable);
    assert.deepEqual(await requests.expire(T0 + 10, 2), whole.slice(0, 2));
    assert.equal((await existing(requests, 'c-1')).state, 'done', 'no call does more than its limit');
    // As if the caller that got the answer had crashed.
    assert.deepEqual(await requests.expire(T0 + 20, 10), whole);
    await requests.confirmRemoved(['b-1']);
    assert.deepEqual(await requests.expire(T0 + 30, 10), [removable('a'), removable('c')]);
    await requests.confirmRemoved(['b-1', 'a-1', 'c-1']);
    assert.deepEqual(await requests.expire(T0 + 40, 10), []);
    const { state, updatedAt } = await existing(requests, 'a-1');
    assert.deepEqual([state, updatedAt], ['expired', T0 + 10]);
  });

  about('only expired results can be confirmed to be removed', async (requests) => {
    await finished(requests, 'done', T0, T0 + 10);
    await asked(requests, 'waits', T0);
    await requests.confirmRemoved([]);
    await requests.confirmRemoved(['done-1', 'waits-1', 'nothing']);
    assert.equal((await existing(requests, 'done-1')).state, 'done');
    assert.equal((await existing(requests, 'waits-1')).state, 'waiting');
    assert.deepEqual(await requests.expire(T0 + 10, 10), [removable('done')]);
  });

  about(
    'concurrent expiries report the expired objects and nothing else, and none of them is lost',
    async (requests) => {
      for (const hash of ['a', 'b']) await finished(requests, hash, T0, T0 + 10);
      const answers = await Promise.all(Array.from({ length: 10 }, () => requests.expire(T0 + 10, 10)));
      const objects = answers.flat().flatMap((each) => each.objects);
      assert.deepEqual([...new Set(objects)].sort(), [objectOf('a-1', 1), objectOf('b-1', 1)]);
      assert.deepEqual(await requests.expire(T0 + 11, 10), [removable('a'), removable('b')]);
      await Promise.all(Array.from({ length: 10 }, () => requests.confirmRemoved(['b-1', 'a-1'])));
      assert.deepEqual(await requests.expire(T0 + 12, 10), []);
    },
  );

  about(
    'what ended long ago is forgotten, but not before its objects are removed and its failure announced',
    async (requests) => {
      await asked(requests, 'cancelled', T0, { requestedBy: 'bob' });
      await requests.cancel('acme', 'cancelled-1', T0 + 10);
      await asked(requests, 'failed', T0);
      const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
      await requests.fail(lease, T0 + 10, { code: 'NOT_FOUND', message: 'no such course' }, null);
      await finished(requests, 'expired', T0, T0 + 10);
      await requests.expire(T0 + 10, 10);
      await finished(requests, 'done', T0, T0 + 1e9);
      await asked(requests, 'runs', T0);
      await leased(requests, 'ada', T0, T0 + 1e9);
      await asked(requests, 'waits', T0);
      const states = async (): Promise<string> =>
        (await all(requests))
          .map(({ state }) => state)
          .sort()
          .join(' ');

      assert.equal(await requests.purge(T0 + 10, 10), 0, 'they ended at this time, not before');
      assert.equal(await requests.purge(T0 + 11, 10), 1);
      assert.equal(await states(), 'done expired failed running waiting');
      assert.equal((await requests.list('acme', { asker: 'bob' }, { limit: 10 })).requests.length, 0);
      assert.deepEqual(await requests.askers('acme', 'cancelled-1'), []);
      assert.deepEqual(await requests.expire(T0 + 11, 10), [removable('expired')], 'its object is still known');
      await requests.confirmRemoved(['expired-1']);
      await requests.confirmAnnounced(['failed-1']);
      assert.equal(await requests.purge(T0 + 11, 10), 2);
      assert.equal(await states(), 'done running waiting');
      assert.equal(await requests.purge(T0 + 11, 10), 0);
    },
  );

  about('what ended first is forgotten first, at most as many as asked for', async (requests) => {
    for (const [at, hash] of ['b', 'a', 'c'].entries()) {
      await asked(requests, hash, T0);
      await requests.cancel('acme', `${hash}-1`, T0 + at);
    }
    assert.equal(await requests.purge(T0 + 10, 2), 2);
    assert.deepEqual(
      (await all(requests)).map(({ id }) => id),
      ['c-1'],
    );
    assert.equal(await requests.purge(T0 + 10, 2), 1);
  });

  about('an id is never used again, also when its request is forgotten', async (requests) => {
    const again = async (now: number): Promise<Request> => {
      const request = await asked(requests, 'r1', now);
      await requests.cancel('acme', request.id, now);
      return request;
    };
    const ids = new Set<string>();
    for (let index = 0; index < 3; index += 1) ids.add((await again(T0)).id);
    await requests.purge(T0 + 1, 10);
    for (let index = 0; index < 2; index += 1) ids.add((await again(T0 + 2)).id);
    await asked(requests, 'r2', T0 + 2);
    await requests.cancel('acme', 'r2-4', T0 + 2);
    await requests.purge(T0 + 3, 10);
    assert.deepEqual(await all(requests), []);
    ids.add((await again(T0 + 4)).id);
    assert.equal(ids.size, 6);
  });
}

function removable(hash: string): { tenant: string; id: string; objects: string[] } {
  return { tenant: 'acme', id: `${hash}-1`, objects: [objectOf(`${hash}-1`, 1)] };
}
