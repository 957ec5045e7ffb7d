/** The contract of the tables port for keys, prefixes and indexed fields. */
import assert from 'node:assert/strict';
import { Entries } from '../../core/entries.ts';
import type { Key } from '../../sinks/port.ts';
import type { RowWrite } from '../../sinks/tables/port.ts';
import { countOf } from '../harness/count.ts';
import { keysWhere } from './keys-where.ts';
import { assertHolds, HOSTILE, learner, learners, type Scene, shown, v, write } from './tables-samples.ts';

export function keysContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest('a prefix covers the rows whose key begins with exactly its parts', async ({ tables, tenant, key }) => {
    const keys = [key('a', 'b'), key('a', 'ba'), key('ab', 'b'), key('a b', 'b'), key('A', 'b'), key('aé', 'b')];
    await tables.write(
      learners,
      keys.map((each, i) => write(each, v(1, i), { data: { counts: Entries.of([['i', i]]) } })),
    );
    const under = async (...parts: string[]) => {
      const rows = await tables.under(learners, [tenant, ...parts]);
      for (const row of rows) {
        const i = keys.findIndex((each) => byText(each, row.key) === 0);
        assert.deepEqual(shown(row.data), shown(learner(row.key, { counts: Entries.of([['i', i]]) })));
      }
      return rows.map((row) => row.key).sort(byText);
    };
    assert.deepEqual(await under('a'), [key('a', 'b'), key('a', 'ba')]);
    assert.deepEqual(await under('ab'), [key('ab', 'b')]);
    assert.deepEqual(await under('a', 'b'), [key('a', 'b')]);
    assert.deepEqual(await under('b'), []);
    assert.deepEqual(await under('a%'), []);
    assert.deepEqual(await tables.under(learners, [`${tenant}x`, 'a']), []);
  });

  tablesTest('rows are found by an indexed field, in one partition and tenant', async (s) => {
    const { tables, tenant, partition } = s;
    const elsewhere = [`${tenant}-2`, 'ada', 'b1'];
    const rows = [
      write(s.key('ada', 'b1'), v(1, 1), { partition, data: { region: "Bo'ness" } }),
      write(s.key('ada', 'b2'), v(1, 1), { partition, data: { region: "Bo'ness", courseId: 'course-2' } }),
      write(s.key('bob', 'b1'), v(1, 1), { partition, data: { region: 'Ness' } }),
      write(s.key('cid', 'b1'), v(1, 1), { partition, data: { region: null } }),
      write(s.key('dan', 'b1'), v(1, 1), { partition: partition + 1, data: { region: "Bo'ness" } }),
      write(elsewhere, v(1, 1), { partition, data: { region: "Bo'ness" } }),
    ];
    await tables.write(learners, rows);
    const where = async (field: string, value: string) =>
      (await keysWhere(tables, learners, partition, tenant, field, value)).map((key) => key.join(' ')).sort();
    assert.deepEqual(await where('region', "Bo'ness"), [`${tenant} ada b1`, `${tenant} ada b2`]);
    assert.deepEqual(await where('courseId', 'course-2'), [`${tenant} ada b2`]);
    assert.deepEqual(await where('region', 'null'), []);
    assert.deepEqual(await keysWhere(tables, learners, partition, `${tenant}-2`, 'region', "Bo'ness"), [elsewhere]);
    await tables.write(learners, [write(s.key('ada', 'b1'), v(1, 2), { partition, data: { region: 'Ness' } })]);
    assert.deepEqual(await where('region', "Bo'ness"), [`${tenant} ada b2`]);
    assert.deepEqual(await where('region', 'Ness'), [`${tenant} ada b1`, `${tenant} bob b1`]);
  });

  tablesTest(
    'rows of several partitions are found page by page, each once, whatever is written meanwhile',
    async (s) => {
      const { tables, tenant, partition } = s;
      const partitions = [partition, partition + 2];
      const keys = Array.from({ length: 30 }, (_, i) => s.key(`user-${i % 4}`, `b${i}`));
      const row = (i: number, revision: number, over: Partial<RowWrite> = {}) =>
        write(keys[i] as Key, v(1, revision), {
          partition: partition + (i % 3),
          data: { region: i % 5 === 0 ? 'Kent' : 'Wales' },
          ...over,
        });
      await tables.write(
        learners,
        keys.map((_, i) => row(i, 1)),
      );
      await tables.write(learners, [
        write([`${tenant}-2`, 'ada', 'b1'], v(1, 1), { partition, data: { region: 'Wales' } }),
      ]);
      const gone = row(2, 2, { keepMs: 1e6, data: undefined });
      await tables.write(learners, [gone]);
      const expected = keys.filter((_, i) => i % 3 !== 1 && i % 5 !== 0).map((key) => key.join());
      for (const limit of [1, 4, expected.length - 1, expected.length, 100]) {
        const found: string[] = [];
        let after: string | undefined;
        do {
          const page = await tables.matching(
            learners,
            { partitions, tenant, field: 'region', value: 'Wales' },
            { limit, after },
          );
          assert.ok(page.items.length <= limit, 'a page keeps to the limit');
          assert.ok(page.items.length === limit || page.next === undefined, 'only the last page is short');
          found.push(...page.items.map((key) => key.join()));
          after = page.next;
          // The rows of the page are written again, with another version and partition.
          const moved = page.items.map((key) => keys.findIndex((each) => each.join() === key.join()));
          await tables.write(
            learners,
            moved.filter((i) => i !== 2).map((i) => row(i, limit + 2, { whole: true, partition: partition + 2 })),
          );
        } while (after !== undefined);
        assert.deepEqual(found.sort(), expected.toSorted(), `by ${limit}`);
      }
      const none = await tables.matching(
        learners,
        { partitions: [partition + 1], tenant, field: 'region', value: 'nowhere' },
        { limit: 5 },
      );
      assert.deepEqual(none, { items: [], next: undefined });
      for (const after of ['x', '["a"]']) {
        const wrong = tables.matching(
          learners,
          { partitions, tenant, field: 'region', value: 'Wales' },
          { limit: 1, after },
        );
        await assert.rejects(wrong, { code: 'USAGE' });
      }
      await assert.rejects(
        tables.matching(learners, { partitions, tenant, field: 'state', value: 'open' }, { limit: 1 }),
        { code: 'USAGE' },
      );
    },
  );

  tablesTest('tenants are separate', async ({ tables, tenant }) => {
    const [one, two] = [[tenant, 'ada', 'b1'] as const, [`${tenant}'2`, 'ada', 'b1'] as const];
    const counts = Entries.of([['n', 1]]);
    const first = write(one, v(1, 1), { data: { progress: 1, counts } });
    const second = write(two, v(9, 9), { data: { progress: 2 } });
    await tables.write(learners, [first, second]);
    await assertHolds(tables, first);
    await assertHolds(tables, second);
    const next = write(one, v(1, 2), { whole: true, data: { progress: 3 } });
    assert.deepEqual(await tables.write(learners, [next]), ['written']);
    await assertHolds(tables, next);
    await assertHolds(tables, second);
    assert.equal(await countOf(tables, learners, tenant), 1);
    assert.equal((await tables.select(learners, [two[0]], { limit: 10 })).items.length, 1);
  });

  tablesTest('keys, entries, timers and values can be any text', async (s) => {
    const { tables, key, tenant, partition, longestIndexed } = s;
    const counts = Entries.of(HOSTILE.map((each, i) => [each, i]));
    const timers = Object.fromEntries(HOSTILE.map((each, i) => [each, i]));
    const by = Object.fromEntries(HOSTILE.map((each) => [each, each]));
    const rows = HOSTILE.map((each, i) => {
      const region = Buffer.byteLength(each) > longestIndexed ? null : each;
      const data = { region, tags: HOSTILE, last: { at: i, sign: null, by }, counts };
      return write(key(each, HOSTILE.at(-i) as string), v(1, 1), { at: each, outbox: each, partition, timers, data });
    });
    assert.deepEqual(new Set(await tables.write(learners, rows)), new Set(['written']));
    for (const [i, row] of rows.entries()) {
      await assertHolds(tables, row);
      const user = HOSTILE[i] as string;
      assert.deepEqual(
        (await tables.under(learners, [tenant, user])).map((each) => each.key),
        [row.key],
      );
      const region = row.data?.['region'] as string | null;
      if (region !== null)
        assert.deepEqual(await keysWhere(tables, learners, partition, tenant, 'region', region), [row.key]);
    }
    assert.equal(await countOf(tables, learners, tenant), HOSTILE.length);
    assert.equal((await tables.due(learners, [partition], 1000, 100_000)).length, HOSTILE.length ** 2);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });
}

function byText(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
