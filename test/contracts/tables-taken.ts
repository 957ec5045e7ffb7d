/** The contract of the tables port for rows that a new owner takes over unchanged. */
import assert from 'node:assert/strict';
import { Entries } from '../../core/entries.ts';
import { keysWhere } from './keys-where.ts';
import { assertHolds, assertLost, learners, type Scene, v, write } from './tables-samples.ts';

export function takenContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  const counts = Entries.stored([
    ['n', 1],
    ['m', 2],
  ]);

  tablesTest('a row that is taken over keeps its data under the new version', async (s) => {
    const { tables, partition, tenant } = s;
    const key = s.key('ada', 'b1');
    const data = { region: 'Wales', progress: 5, counts };
    await tables.write(learners, [write(key, v(1, 5), { whole: true, partition, timers: { end: 9 }, data })]);
    const more = { whole: true, partition: partition + 1, at: 'later', outbox: 'news', timers: { next: 7 }, data };
    const taken = write(key, v(2, 5), { ...more, taken: { from: v(1, 5) } });
    assert.deepEqual(await tables.write(learners, [taken]), ['written']);
    await assertHolds(tables, taken);
    assert.deepEqual(await keysWhere(tables, learners, partition + 1, tenant, 'region', 'Wales'), [key]);
    assert.deepEqual(await tables.due(learners, [partition, partition + 1], 10, 10), [
      { partition: partition + 1, key, name: 'next', due: 7 },
    ]);
    // Nothing that the older owner writes from now on becomes visible.
    for (const late of [
      write(key, v(1, 6), { partition, data: { ...data, progress: 6, counts: counts.set('n', 6).set('x', 6) } }),
      write(key, v(1, 6), { partition, data: { ...data, counts: counts.delete('m') } }),
      write(key, v(1, 6), { partition, whole: true, data: { progress: 7 } }),
      write(key, v(1, 6), { partition, whole: true, data: undefined }),
    ]) {
      assertLost(await tables.write(learners, [late]), s);
      await assertHolds(tables, taken);
    }
    const next = write(key, v(2, 6), { partition, data: { ...data, counts: counts.set('o', 3) } });
    await tables.write(learners, [next]);
    await assertHolds(tables, next);
  });

  tablesTest(
    'what an older owner wrote after the row was read is not visible in a row that is taken over',
    async (s) => {
      const { tables, partition } = s;
      const key = s.key('ada', 'b1');
      const data = { progress: 5, counts };
      await tables.write(learners, [write(key, v(1, 5), { whole: true, partition, data })]);
      const late = { progress: 6, counts: counts.set('n', 6).set('x', 6).delete('m') };
      await tables.write(learners, [write(key, v(1, 6), { partition, data: late })]);
      const taken = write(key, v(2, 5), { whole: true, partition, taken: { from: v(1, 5) }, data });
      assert.deepEqual(await tables.write(learners, [taken]), ['written']);
      await assertHolds(tables, taken);
    },
  );

  tablesTest('a newer owner prevents a row from being taken over', async (s) => {
    const key = s.key('ada', 'b1');
    const held = write(key, v(3, 6), { whole: true, data: { progress: 6, counts } });
    await s.tables.write(learners, [write(key, v(1, 5), { whole: true }), held]);
    for (const from of [v(1, 5), v(3, 6)]) {
      assertLost(await s.tables.write(learners, [write(key, v(2, 5), { whole: true, taken: { from } })]), s);
      await assertHolds(s.tables, held);
    }
  });

  tablesTest('a row that was deleted, or never existed, is taken over as deleted', async (s) => {
    const { tables } = s;
    const [ada, bob, cid] = [s.key('ada', 'b1'), s.key('bob', 'b1'), s.key('cid', 'b1')];
    await tables.write(learners, [write(ada, v(1, 5), { whole: true, outbox: 'bye', data: undefined })]);
    const taken = [
      write(ada, v(2, 5), { whole: true, taken: { from: v(1, 5) }, outbox: 'bye', at: 'here', data: undefined }),
      write(bob, v(2, 0), { whole: true, taken: { from: undefined }, data: undefined }),
      // As if the row had been deleted after the owner read it.
      write(cid, v(2, 5), { whole: true, taken: { from: v(1, 5) }, data: undefined }),
    ];
    assert.deepEqual(await tables.write(learners, taken), ['written', 'written', 'written']);
    for (const row of taken) await assertHolds(tables, row);
    for (const { key } of taken) {
      assertLost(await tables.write(learners, [write(key, v(1, 9), { whole: true, data: { counts } })]), s);
    }
    for (const row of taken) await assertHolds(tables, row);
  });
}
