/** What every implementation of the tables port keeps of timers and claims. */
import assert from 'node:assert/strict';
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
      { key: ada, name: 'first', due: 100 },
      { key: bob, name: 'second', due: 200 },
      { key: ada, name: 'third', due: 300 },
      { key: bob, name: 'fourth', due: 400 },
      { key: bob, name: 'fifth', due: 500 },
      { key: ada, name: 'sixth', due: 600 },
    ];
    for (const limit of [1, 2, 3, 4, 5, 6, 100]) {
      assert.deepEqual(await tables.due(learners, [partition], 600, limit), all.slice(0, limit), `limit ${limit}`);
    }
    assert.deepEqual(await tables.due(learners, [partition], 400, 100), all.slice(0, 4), 'due at the very time');
    assert.deepEqual(await tables.due(learners, [partition], 399, 100), all.slice(0, 3));
    assert.deepEqual(await tables.due(learners, [partition], 99, 100), []);
    assert.deepEqual(await tables.due(learners, [partition + 1], 1000, 100), [
      { key: s.key('cid', 'b1'), name: 'elsewhere', due: 50 },
    ]);
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

  tablesTest('a claim counts up the token of its partition alone', async ({ tables, job }) => {
    const claims: [string, string, number][] = [
      [job, 'topic', 0],
      [job, 'topic', 1],
      [job, 'topic-2', 0],
      [`${job}'`, 'topic', 0],
    ];
    for (const each of claims) assert.equal(await tables.token(...each), 0);
    for (const [i, each] of claims.entries()) {
      for (let token = 1; token <= i + 1; token++) assert.equal(await tables.claim(...each), token);
    }
    for (const [i, each] of claims.entries()) assert.equal(await tables.token(...each), i + 1);
  });

  tablesTest('claims at the same time get numbers of their own', async ({ tables, job }) => {
    const tokens = await Promise.all(Array.from({ length: 12 }, () => tables.claim(job, 'topic', 7)));
    assert.equal(new Set(tokens).size, tokens.length);
    assert.equal(await tables.token(job, 'topic', 7), Math.max(...tokens));
    const next = await tables.claim(job, 'topic', 7);
    assert.ok(next > Math.max(...tokens));
  });
}
