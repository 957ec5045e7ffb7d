/** The contract of the requests port for expired results and their objects. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Requests } from '../../sinks/requests/port.ts';
import { existing, leased, leaseOf, newRequest, result, T0 } from './requests-samples.ts';

export function expiryContract(name: string, make: (t: TestContext) => Promise<Requests>): void {
  const expiryTest = (title: string, body: (requests: Requests) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };

  expiryTest('results past their time expire, the oldest first, and name their objects', async (requests) => {
    await finished(requests, 'a', T0, T0 + 1001);
    await finished(requests, 'b', T0 + 1, T0 + 1000);
    await finished(requests, 'c', T0 + 2, T0 + 1002);
    await requests.create(newRequest('waits', 1), T0 + 4);
    assert.deepEqual(await requests.expire(T0 + 999), []);
    assert.deepEqual(await requests.expire(T0 + 1001), [removable('b'), removable('a')]);
    const states = (await requests.list('acme', { limit: 10 })).map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(states, ['waits waiting', 'c done', 'b expired', 'a expired']);
    const { updatedAt, result: kept } = await existing(requests, 'a');
    assert.equal(updatedAt, T0 + 1001);
    assert.deepEqual(kept, result('reports/a', T0 + 1001), 'what it was stays on record');
  });

  expiryTest('an object stays known until it is confirmed to be removed', async (requests) => {
    for (const id of ['a', 'b', 'c']) await finished(requests, id, T0, T0 + 10);
    const all = ['a', 'b', 'c'].map(removable);
    assert.deepEqual(await requests.expire(T0 + 10), all);
    // The caller that got the answer crashed.
    assert.deepEqual(await requests.expire(T0 + 20), all);
    await requests.confirmRemoved(['b']);
    assert.deepEqual(await requests.expire(T0 + 30), [removable('a'), removable('c')]);
    await requests.confirmRemoved(['b', 'a', 'c']);
    assert.deepEqual(await requests.expire(T0 + 40), []);
    const { state, updatedAt, result: kept } = await existing(requests, 'a');
    assert.deepEqual([state, updatedAt, kept], ['expired', T0 + 10, result('reports/a', T0 + 10)]);
  });

  expiryTest('only expired results can be confirmed to be removed', async (requests) => {
    await finished(requests, 'done', T0, T0 + 10);
    await requests.create(newRequest('waits', 1), T0);
    await requests.confirmRemoved([]);
    await requests.confirmRemoved(['done', 'waits', 'nothing']);
    assert.equal((await existing(requests, 'done')).state, 'done');
    assert.equal((await existing(requests, 'waits')).state, 'waiting');
    assert.deepEqual(await requests.expire(T0 + 10), [removable('done')]);
  });

  expiryTest(
    'concurrent expiries report the expired objects and nothing else, and none of them is lost',
    async (requests) => {
      for (const id of ['a', 'b']) await finished(requests, id, T0, T0 + 10);
      const told = await Promise.all(Array.from({ length: 10 }, () => requests.expire(T0 + 10)));
      assert.deepEqual([...new Set(told.flat().map(({ object }) => object))].sort(), ['reports/a', 'reports/b']);
      assert.deepEqual(await requests.expire(T0 + 11), [removable('a'), removable('b')]);
      await Promise.all(Array.from({ length: 10 }, () => requests.confirmRemoved(['b', 'a'])));
      assert.deepEqual(await requests.expire(T0 + 12), []);
    },
  );
}

function removable(id: string): { id: string; object: string } {
  return { id, object: `reports/${id}` };
}

async function finished(requests: Requests, id: string, now: number, expiresAt: number): Promise<void> {
  await requests.create(newRequest(id, 1), now);
  const lease = await leased(requests, 'ada', now, now + 100);
  assert.equal(lease.id, id);
  await requests.finish(leaseOf(lease), now, result(`reports/${id}`, expiresAt));
}
