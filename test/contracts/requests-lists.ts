/** The contract of the requests port for lists. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RequestFilter, Requests } from '../../sinks/requests/port.ts';
import type { About } from './requests.ts';
import { asked, leased, newRequest, T0 } from './requests-samples.ts';

async function ids(requests: Requests, filter: RequestFilter): Promise<string[]> {
  return (await requests.list('acme', filter, { limit: 100 })).requests.map(({ id }) => id);
}

export function listsContract(about: About): void {
  about('a list has the newest of the tenant first, and each filter narrows it', async (requests) => {
    for (const [at, hash] of ['r3', 'r1', 'r2'].entries()) await asked(requests, hash, T0 + at);
    await asked(requests, 'r4', T0 + 4, { report: 'grades', requestedBy: 'bob' });
    await requests.ask(newRequest('r1', { requestedBy: 'bob' }), T0 + 5);
    await asked(requests, 'other', T0 + 5, { tenant: 'umbrella' });
    assert.equal((await leased(requests, 'ada', T0 + 6, T0 + 100)).id, 'r3-1');
    await requests.cancel('acme', 'r2-1', T0 + 7);
    for (const [filter, expected] of [
      [{}, ['r4', 'r2', 'r1', 'r3']],
      [{ states: ['waiting'] }, ['r4', 'r1']],
      [{ states: ['running', 'cancelled', 'done'] }, ['r2', 'r3']],
      [{ states: ['cancelled', 'running', 'cancelled'], createdFrom: T0 + 1 }, ['r2']],
      [{ states: [] }, []],
      [{ report: 'grades' }, ['r4']],
      [{ report: 'grades', states: ['running'] }, []],
      [{ asker: 'bob' }, ['r4', 'r1']],
      [{ asker: 'eve' }, ['r2', 'r1', 'r3']],
      [{ asker: 'bob', report: 'progress', states: ['waiting'] }, ['r1']],
      [{ createdFrom: T0 + 1 }, ['r4', 'r2', 'r1']],
      [{ createdTo: T0 + 2 }, ['r1', 'r3']],
      [{ asker: 'eve', createdFrom: T0 + 1, createdTo: T0 + 2 }, ['r1']],
    ] as const) {
      assert.deepEqual(
        await ids(requests, filter),
        expected.map((hash) => `${hash}-1`),
        JSON.stringify(filter),
      );
    }
    assert.deepEqual(await requests.list('nobody', {}, { limit: 100 }), { requests: [], next: null });
  });

  about('a page ends at its limit, and its cursor continues after it', async (requests) => {
    for (let index = 0; index < 4; index += 1) await asked(requests, `r${index}`, T0 + index);
    const first = await requests.list('acme', {}, { limit: 2 });
    assert.deepEqual(
      first.requests.map(({ id }) => id),
      ['r3-1', 'r2-1'],
    );
    assert.equal((await requests.list('acme', {}, { limit: 2 })).next, first.next, 'a cursor is stable');
    await leased(requests, 'ada', T0 + 5, T0 + 100);
    const open = { states: ['running', 'waiting'] } as const;
    const opened = await requests.list('acme', open, { limit: 3 });
    const rest = await requests.list('acme', open, { limit: 3, cursor: opened.next });
    const found = [...opened.requests, ...rest.requests].map(({ id }) => id);
    assert.deepEqual([found, rest.next], [['r3-1', 'r2-1', 'r1-1', 'r0-1'], null], 'across states');
    const last = await requests.list('acme', {}, { limit: 2, cursor: first.next });
    assert.deepEqual([last.requests.map(({ id }) => id), last.next], [['r1-1', 'r0-1'], null]);
    for (const page of [
      { limit: 0 },
      { limit: 1001 },
      { limit: 1.5 },
      { limit: 1, cursor: 'x' },
      { limit: 1, cursor: '' },
      { limit: 1, cursor: Buffer.from('[1,"a",2]').toString('base64url') },
    ]) {
      await assert.rejects(requests.list('acme', {}, page), { code: 'USAGE' }, JSON.stringify(page));
    }
  });

  about('page after page has each request once, whatever is added and changes meanwhile', async (requests) => {
    let now = T0;
    let count = 0;
    let round = 0;
    const step = fc.record({ add: fc.nat(3), limit: fc.integer({ min: 1, max: 4 }), wait: fc.nat(1) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), fc.boolean(), async (steps, byAsker) => {
        round += 1;
        const tenant = `tenant ${round}`;
        const add = async (): Promise<void> => {
          count += 1;
          await requests.ask(newRequest(`r${count}`, { tenant }), now);
        };
        for (let index = 0; index < 7; index += 1) await add();
        const before = (await requests.list(tenant, {}, { limit: 1000 })).requests.map(({ id }) => id);
        const seen: string[] = [];
        let cursor: string | null = null;
        for (const { add: more, limit, wait } of [...steps, { add: 0, limit: 1000, wait: 0 }]) {
          const page = await requests.list(tenant, byAsker ? { asker: 'eve' } : {}, { limit, cursor });
          seen.push(...page.requests.map(({ id }) => id));
          cursor = page.next;
          if (cursor === null) break;
          now += wait;
          for (let index = 0; index < more; index += 1) await add();
          await requests.cancel(tenant, seen[0] ?? '', now);
        }
        assert.equal(new Set(seen).size, seen.length, 'none is shown twice');
        assert.deepEqual(
          before.filter((id) => !seen.includes(id)),
          [],
          'none is left out',
        );
      }),
      { numRuns: 20 },
    );
  });
}
