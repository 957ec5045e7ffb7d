/** The contract of the requests port for the order in which requests are leased. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Requests } from '../../sinks/requests/port.ts';
import type { About } from './requests.ts';
import { asked, leased, leaseOf, MANY, result, T0 } from './requests-samples.ts';

const HOUR = 3_600_000;

/** Leases the next requests for longer than the test, and returns their hashes. */
async function order(requests: Requests, count: number, now: number, tenantLimit = MANY): Promise<string[]> {
  const hashes: string[] = [];
  for (let index = 0; index < count; index += 1) {
    hashes.push((await requests.lease('ada', now, now + HOUR, tenantLimit))?.hash ?? 'none');
  }
  return hashes;
}

export function fairnessContract(about: About): void {
  about('within a tenant the one asked first is leased first', async (requests) => {
    for (const [at, hash] of ['b', 'a', 'c'].entries()) await asked(requests, hash, T0 + at);
    assert.deepEqual(await order(requests, 4, T0 + 10), ['b', 'a', 'c', 'none']);
  });

  about('a request with few rows goes before a large one that was asked shortly before', async (requests) => {
    await asked(requests, 'large', T0, { estimateRows: 60_000 });
    await asked(requests, 'small', T0 + 30_000, { estimateRows: 100 });
    await asked(requests, 'late', T0 + 60_000, { estimateRows: 100 });
    assert.deepEqual(await order(requests, 3, T0 + 70_000), ['small', 'large', 'late'], 'waiting counts');
  });

  about('no request waits for one that was asked an hour later, however large it is', async (requests) => {
    let round = 0;
    const later = fc.record({ after: fc.integer({ min: 1, max: 2 * HOUR }), estimateRows: fc.nat(10_000_000) });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2 ** 40),
        fc.array(later, { minLength: 1, maxLength: 15 }),
        async (estimateRows, others) => {
          round += 1;
          const tenant = `tenant ${round}`;
          await asked(requests, `large-${round}`, T0, { tenant, estimateRows });
          for (const [index, other] of others.entries()) {
            await asked(requests, `r${index}-${round}`, T0 + other.after, { tenant, estimateRows: other.estimateRows });
          }
          const overtaking: number[] = [];
          for (;;) {
            const next = await leased(requests, 'ada', T0 + 3 * HOUR, T0 + 4 * HOUR);
            await requests.cancel(tenant, next.id, T0 + 3 * HOUR);
            if (next.hash === `large-${round}`) break;
            overtaking.push(next.createdAt - T0);
          }
          assert.ok(
            overtaking.every((after) => after < HOUR),
            `overtaken by one that was asked ${Math.max(...overtaking)} ms later`,
          );
          const left = (await requests.list(tenant, { states: ['waiting'] }, { limit: 100 })).requests;
          for (const { id } of left) await requests.cancel(tenant, id, T0 + 3 * HOUR);
        },
      ),
      { numRuns: 25 },
    );
  });

  about('the tenant with the fewest running requests is served first, however many it waits with', async (requests) => {
    for (let index = 0; index < 5; index += 1) await asked(requests, `many${index}`, T0 + index);
    await asked(requests, 'few0', T0 + 10, { tenant: 'umbrella' });
    await asked(requests, 'few1', T0 + 11, { tenant: 'umbrella' });
    assert.deepEqual(await order(requests, 7, T0 + 20), ['many0', 'few0', 'many1', 'few1', 'many2', 'many3', 'many4']);
  });

  about('a tenant with nothing running goes before one that was served longer ago', async (requests) => {
    await asked(requests, 'long', T0);
    await asked(requests, 'next', T0);
    await asked(requests, 'few0', T0, { tenant: 'umbrella' });
    await asked(requests, 'few1', T0, { tenant: 'umbrella' });
    assert.deepEqual(await order(requests, 1, T0 + 1), ['long']);
    const few = await leased(requests, 'ada', T0 + 2, T0 + 1000);
    await requests.finish(leaseOf(few), T0 + 3, result(few, T0 + HOUR));
    assert.deepEqual(await order(requests, 2, T0 + 4), ['few1', 'next']);
  });

  about('of tenants with equally many, the one that was served longest ago is next', async (requests) => {
    for (const tenant of ['a', 'b', 'c']) {
      for (let index = 0; index < 3; index += 1) await asked(requests, `${tenant}${index}`, T0 + index, { tenant });
    }
    const served: string[] = [];
    for (let index = 0; index < 9; index += 1) {
      const got = await leased(requests, 'ada', T0 + 10, T0 + 1000);
      served.push(got.hash);
      await requests.finish(leaseOf(got), T0 + 10, result(got, T0 + HOUR));
    }
    assert.deepEqual(served, ['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  });

  about(
    'a tenant has no more running requests than its limit, but leases that ran out do not count',
    async (requests) => {
      for (let index = 0; index < 5; index += 1) await asked(requests, `r${index}`, T0 + index);
      const first = await leased(requests, 'ada', T0 + 10, T0 + 100);
      assert.deepEqual(await order(requests, 2, T0 + 11, 2), ['r1', 'none']);
      await asked(requests, 'other', T0 + 12, { tenant: 'umbrella' });
      assert.deepEqual(await order(requests, 2, T0 + 13, 2), ['other', 'none']);
      assert.deepEqual(await order(requests, 2, T0 + 100, 2), ['r0', 'none'], 'it is taken over');
      await requests.cancel('acme', first.id, T0 + 101);
      assert.deepEqual(await order(requests, 2, T0 + 102, 2), ['r2', 'none']);
      await assert.rejects(requests.lease('ada', T0, T0 + 1, 0), { code: 'USAGE' });
    },
  );

  about('many workers at once do not exceed the limit of a tenant', async (requests) => {
    for (let index = 0; index < 20; index += 1) await asked(requests, `r${index}`, T0);
    const got = await Promise.all(
      Array.from({ length: 20 }, (_, worker) => requests.lease(`worker ${worker}`, T0 + 1, T0 + 100, 3)),
    );
    assert.equal(got.filter((each) => each !== undefined).length, 3);
  });

  about('a request whose time has not come does not hold up those behind it', async (requests) => {
    await asked(requests, 'first', T0);
    await asked(requests, 'second', T0 + 1);
    const lease = leaseOf(await leased(requests, 'ada', T0 + 2, T0 + 100));
    await requests.fail(lease, T0 + 3, { code: 'TABLES_AWAY', message: 'away' }, T0 + 50);
    assert.deepEqual(await order(requests, 2, T0 + 4), ['second', 'none']);
    assert.deepEqual(await order(requests, 1, T0 + 50), ['first'], 'it kept its place');
  });
}
