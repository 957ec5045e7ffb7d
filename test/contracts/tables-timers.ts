/** The contract of the tables port for timers. */
import assert from 'node:assert/strict';
import type { Key } from '../../sinks/port.ts';
import { learners, type Scene, v, write } from './tables-samples.ts';

export function timersContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest('due timers of a partition come in the order of their time, as many as asked for', async (s) => {
    const { tables, partition } = s;
    const [ada, bob] = [s.key('ada', 'b1'), s.key('bob', 'b1')];
    await tables.write(learners, [
      write(ada, v(1, 1), { partition, timers: { third: 300, first: 100, sixth: 600 } }),
      write(bob, v(1, 1), { partition, timers: { second: 200, fourth: 400, fifth: 500 } }),
      write(s.key('cid', 'b1'), v(1, 1), { partition: partition + 1, timers: { elsewhere: 50 } }),
      write(s.key('dan', 'b1'), v(1, 1), { partition }),
    ]);
    const all = [
      { partition, key: ada, name: 'first', due: 100 },
      { partition, key: bob, name: 'second', due: 200 },
      { partition, key: ada, name: 'third', due: 300 },
      { partition, key: bob, name: 'fourth', due: 400 },
      { partition, key: bob, name: 'fifth', due: 500 },
      { partition, key: ada, name: 'sixth', due: 600 },
    ];
    for (const limit of [1, 2, 3, 4, 5, 6, 100]) {
      assert.deepEqual(await tables.due(learners, [partition], 600, limit), all.slice(0, limit), `limit ${limit}`);
    }
    assert.deepEqual(await tables.due(learners, [partition], 400, 100), all.slice(0, 4), 'due at the very time');
    assert.deepEqual(await tables.due(learners, [partition], 399, 100), all.slice(0, 3));
    assert.deepEqual(await tables.due(learners, [partition], 99, 100), []);
    assert.deepEqual(await tables.due(learners, [partition + 1], 1000, 100), [
      { partition: partition + 1, key: s.key('cid', 'b1'), name: 'elsewhere', due: 50 },
    ]);
  });

  tablesTest('one search finds the due timers of several partitions, and of no other', async (s) => {
    const { tables, partition } = s;
    const users = ['ada', 'bob', 'cid', 'dan'];
    const keys = users.map((user) => s.key(user, 'b1'));
    await tables.write(
      learners,
      keys.map((key, i) => write(key, v(1, 1), { partition: partition + i, timers: { late: 900 - i, soon: 100 + i } })),
    );
    const found = async (places: readonly number[], before: number, limit = 100) => {
      const due = await tables.due(
        learners,
        places.map((each) => partition + each),
        before,
        limit,
      );
      return due.map(({ key, name, partition: of }) => `${key[1]} ${name} of ${of - partition}`);
    };
    assert.deepEqual(await found([2, 0, 3], 500), ['ada soon of 0', 'cid soon of 2', 'dan soon of 3']);
    assert.deepEqual(await found([2, 0], 900, 3), ['ada soon of 0', 'cid soon of 2', 'cid late of 2']);
    assert.deepEqual(await found([1], 500), ['bob soon of 1'], 'a partition that was not asked for before');
    assert.deepEqual(await found([], 500), []);
    await tables.write(learners, [write(keys[0] as Key, v(1, 2), { partition, timers: { again: 50 } })]);
    assert.deepEqual(await found([2, 0], 500), ['ada again of 0', 'cid soon of 2']);
  });

  tablesTest('the timers of a row are those of its newest version', async (s) => {
    const { tables, partition } = s;
    const [ada, bob] = [s.key('ada', 'b1'), s.key('bob', 'b1')];
    const due = async () =>
      (await tables.due(learners, [partition], 1000, 100)).map(({ name, due }) => `${name} ${due}`);
    await tables.write(learners, [
      write(ada, v(1, 1), { partition, timers: { start: 10, end: 20 } }),
      write(bob, v(1, 1), { partition, timers: { end: 15 } }),
    ]);
    assert.deepEqual(await due(), ['start 10', 'end 15', 'end 20']);
    await tables.write(learners, [write(ada, v(1, 2), { partition, timers: { end: 30 } })]);
    assert.deepEqual(await due(), ['end 15', 'end 30']);
    await tables.write(learners, [write(ada, v(2, 1), { partition, whole: true, timers: { other: 5 } })]);
    assert.deepEqual(await due(), ['other 5', 'end 15']);
    await tables.write(learners, [write(bob, v(1, 2), { partition })]);
    assert.deepEqual(await due(), ['other 5']);
    await tables.write(learners, [write(ada, v(2, 2), { partition, data: undefined })]);
    assert.deepEqual(await due(), []);
    await tables.write(learners, [write(ada, v(2, 3), { partition, timers: { again: 40 } })]);
    assert.deepEqual(await due(), ['again 40']);
  });
}
