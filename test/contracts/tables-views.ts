/** The contract of the tables port for views and lists. */
import assert from 'node:assert/strict';
import { Entries } from '../../core/entries.ts';
import type { Key } from '../../sinks/port.ts';
import { countOf } from '../harness/count.ts';
import {
  allPages,
  assertLost,
  board,
  HOSTILE,
  learner,
  learners,
  type Place,
  place,
  removal,
  type Scene,
  shown,
  v,
  write,
} from './tables-samples.ts';

export function viewsContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  /** All complete records of a tenant's view. */
  const records = async ({ tables, tenant }: Scene) =>
    (await tables.select(board, [tenant], { limit: 1000 })).items as readonly Place[];

  tablesTest('a view holds its newest records', async (s) => {
    const [ada, bob] = [key(s, 'c1', '1', 'ada'), key(s, 'c1', '2', 'bob')];
    const first = place(ada, v(1, 1), { progress: 5, doneAt: 1_700_000_000_000, parts: { a: 1, b: 2 } });
    const other = place(bob, v(1, 1));
    assert.deepEqual(await s.tables.apply(board, [first, other]), ['written', 'written']);
    assert.deepEqual(shown(await records(s)), shown([first.record, other.record]));
    const second = place(ada, v(1, 2), { progress: 6, parts: { b: 3, c: 4 } });
    assert.deepEqual(await s.tables.apply(board, [second]), ['written']);
    assertLost(await s.tables.apply(board, [first]), s);
    assert.deepEqual(await s.tables.apply(board, [second]), ['written'], 'an equal version is accepted');
    assert.deepEqual(shown(await records(s)), shown([second.record, other.record]));
    const newOwner = place(ada, v(2, 1), { progress: 7 });
    assert.deepEqual(await s.tables.apply(board, [newOwner]), ['written']);
    assertLost(await s.tables.apply(board, [place(ada, v(1, 3))]), s);
    assert.deepEqual(shown(await records(s)), shown([newOwner.record, other.record]));
    assert.equal(await countOf(s.tables, board, s.tenant), 2);
  });

  tablesTest('a removed record is gone, and an older write does not bring it back', async (s) => {
    const [ada, bob] = [key(s, 'c1', '1', 'ada'), key(s, 'c1', '2', 'bob')];
    await s.tables.apply(board, [place(ada, v(1, 1), { parts: { a: 1 } }), place(bob, v(1, 1))]);
    assert.deepEqual(await s.tables.apply(board, [removal(ada, v(1, 5))]), ['written']);
    assert.deepEqual(
      (await records(s)).map((each) => each.userId),
      ['bob'],
    );
    assert.equal(await countOf(s.tables, board, s.tenant), 1);
    assertLost(await s.tables.apply(board, [place(ada, v(1, 4), { parts: { b: 1 } })]), s);
    assert.equal((await records(s)).length, 1);
    const later = place(ada, v(1, 6), { progress: 6, parts: { c: 1 } });
    assert.deepEqual(await s.tables.apply(board, [later]), ['written']);
    assert.deepEqual(shown((await records(s))[0]), shown(later.record), 'nothing of what was removed shows');
    assert.equal(await countOf(s.tables, board, s.tenant), 2);
  });

  tablesTest('the removal of a record that never existed still refuses older writes', async (s) => {
    const ada = key(s, 'c1', '1', 'ada');
    assert.deepEqual(await s.tables.apply(board, [removal(ada, v(2, 2))]), ['written']);
    assertLost(await s.tables.apply(board, [place(ada, v(2, 1))]), s);
    assertLost(await s.tables.apply(board, [place(ada, v(1, 9))]), s);
    assert.deepEqual(await records(s), []);
    assert.equal(await countOf(s.tables, board, s.tenant), 0);
  });

  tablesTest('an older removal does not remove', async (s) => {
    const ada = key(s, 'c1', '1', 'ada');
    await s.tables.apply(board, [place(ada, v(2, 2), { parts: { a: 1 } })]);
    assertLost(await s.tables.apply(board, [removal(ada, v(2, 1))]), s);
    assert.deepEqual(shown(await records(s)), shown([place(ada, v(2, 2), { parts: { a: 1 } }).record]));
  });

  tablesTest('the pages of any prefix have all of its records once, in the order of the key', async (s) => {
    const keys: Key[] = [];
    for (const course of ['C', 'a', 'aa', 'b']) {
      for (const rank of ['10', '9', 'x'])
        for (const user of ['Z', 'ada', 'bob']) keys.push(key(s, course, rank, user));
    }
    const shuffled = keys.map((_, i) => keys[(i * 7) % keys.length] as Key);
    assert.equal(new Set(shuffled).size, keys.length);
    await s.tables.apply(
      board,
      shuffled.map((each) => place(each, v(1, 1), { parts: { [each[3] as string]: 1 } })),
    );
    const gone = keys.filter((_, i) => i % 5 === 2);
    await s.tables.apply(
      board,
      gone.map((each) => removal(each, v(1, 2))),
    );
    const live = keys.filter((each) => !gone.includes(each));
    for (const parts of [[], ['a'], ['aa'], ['b', '9'], ['C', 'x', 'ada'], ['none']]) {
      const prefix = [s.tenant, ...parts];
      const expected = live
        .filter((each) => prefix.every((part, i) => each[i] === part))
        .map((each) => place(each, v(1, 1), { parts: { [each[3] as string]: 1 } }).record);
      for (const limit of [1, 2, 3, expected.length, 100].filter((each) => each > 0)) {
        const items = (await allPages(s.tables, board, prefix, limit)) as Place[];
        if (prefix.length <= board.key.length && !s.ordersKeys) {
          assertKeysTogether(items);
          items.sort(byKey);
        }
        assert.deepEqual(shown(items), shown(expected), `${parts} by ${limit}`);
      }
    }
    assert.equal(await countOf(s.tables, board, s.tenant), live.length);
  });

  tablesTest('a list continues after its page, whatever was written meanwhile', async (s) => {
    const keys = ['b', 'd', 'f', 'h'].map((user) => key(s, 'c1', '1', user));
    await s.tables.apply(
      board,
      keys.map((each) => place(each, v(1, 1))),
    );
    const first = await s.tables.select(board, [s.tenant, 'c1'], { limit: 2 });
    await s.tables.apply(board, [
      place(key(s, 'c1', '1', 'a'), v(1, 1)),
      place(key(s, 'c1', '1', 'e'), v(1, 1)),
      removal(key(s, 'c1', '1', 'd'), v(1, 2)),
    ]);
    const second = await s.tables.select(board, [s.tenant, 'c1'], { limit: 10, after: first.next });
    assert.deepEqual(
      second.items.map((each) => each['userId']),
      ['e', 'f', 'h'],
    );
    assert.equal(second.next, undefined);
  });

  tablesTest('rows are listed as records of plain data with only the declared fields', async (s) => {
    const ada = s.key('ada', 'b1');
    const contents = Entries.of([['__proto__', { at: 1, score: 2 }]]);
    const data = { region: 'Wales', tags: ['x'], contents };
    await s.tables.write(learners, [write(ada, v(1, 1), { outbox: 'x', timers: { t: 1 }, data })]);
    const { items } = await s.tables.select(learners, [s.tenant], { limit: 10 });
    const expected = { ...learner(ada, data), contents: contents.toJSON(), counts: {} };
    assert.deepEqual(shown(items), shown([expected]));
    const item = items[0] as { contents: object };
    assert.equal(Object.getPrototypeOf(item.contents), Object.prototype);
    assert.ok(Object.hasOwn(item.contents, '__proto__'));
  });

  tablesTest('a page after an unknown token is refused', async ({ tables, tenant }) => {
    const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const after of ['', 'garbled', '%%%', token({}), token([1, 2, 3]), token([]), token(null)]) {
      await assert.rejects(tables.select(board, [tenant], { limit: 10, after }), { code: 'USAGE' }, after);
    }
  });

  tablesTest('records of any text are listed once each', async (s) => {
    const keys = HOSTILE.map((each, i) => key(s, each, HOSTILE.at(-i) as string, each));
    await s.tables.apply(
      board,
      keys.map((each) => place(each, v(1, 1), { parts: Object.fromEntries(HOSTILE.map((name, i) => [name, i])) })),
    );
    const items = (await allPages(s.tables, board, [s.tenant], 3)) as Place[];
    assert.deepEqual(items.map((each) => each.userId).sort(), [...HOSTILE].sort());
    for (const { courseId, rank, userId, parts } of items) {
      assert.equal(courseId, userId);
      assert.deepEqual(Object.entries(parts).sort(), HOSTILE.map((name, i) => [name, i]).sort());
      const one = await s.tables.select(board, [s.tenant, courseId, rank], { limit: 5 });
      assert.deepEqual(
        one.items.map((each) => each['userId']),
        [userId],
      );
    }
  });

  /** Asserts that records with the same key are adjacent, and in the order of the view. */
  function assertKeysTogether(items: readonly Place[]): void {
    const courses = [...new Set(items.map((each) => each.courseId))];
    const grouped = courses.flatMap((course) => items.filter((each) => each.courseId === course).sort(byKey));
    assert.deepEqual(shown(items), shown(grouped));
  }

  function byKey(a: Place, b: Place): number {
    const [left, right] = [a, b].map((each) => [each.courseId, each.rank, each.userId].join('/')) as [string, string];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  function key({ tenant }: Scene, courseId: string, rank: string, userId: string): Key {
    return [tenant, courseId, rank, userId];
  }
}
