/** The contract of the search port for filters and pages. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Search, SearchRequest } from '../../sinks/search/port.ts';
import { blank, courses, first, found, type Open, put, remove, type Wanted } from './search-samples.ts';
import { byCodePoints } from './versioned.ts';

export function filtersContract(opened: Open): void {
  describe('filters', () => {
    const sample = async (t: TestContext) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [
        put(tenant, 'a', {
          title: 'algebra',
          state: 'draft',
          owner: 'Ann',
          batches: ['1', '2'],
          learners: 7,
          rating: 0.5,
        }),
        put(tenant, 'b', {
          title: 'algebra',
          owner: 'ann',
          batches: ['2'],
          learners: 2 ** 40,
          rating: -3,
          open: false,
        }),
        put(tenant, 'c', { title: 'biology', owner: 'Ann B', learners: 7, rating: 0.25 }),
      ]);
      return (filter: SearchRequest['filter'] & {}, words = '') => found(search, { tenant, words, filter });
    };

    test('a text is matched as a whole, with its case', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ owner: 'Ann' }), ['a']);
      assert.deepEqual(await find({ owner: 'Ann B' }), ['c']);
      assert.deepEqual(await find({ owner: '' }), []);
      assert.deepEqual(await find({ state: 'live' }), ['b', 'c']);
      assert.deepEqual(await find({ course: 'b' }), ['b']);
      assert.deepEqual(await find({ org: 'org' }), ['a', 'b', 'c']);
    });

    test('numbers and booleans are matched by value', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ learners: 7 }), ['a', 'c']);
      assert.deepEqual(await find({ learners: 2 ** 40 }), ['b']);
      assert.deepEqual(await find({ learners: 8 }), []);
      assert.deepEqual(await find({ rating: 0.5 }), ['a']);
      assert.deepEqual(await find({ rating: -3 }), ['b']);
      assert.deepEqual(await find({ open: true }), ['a', 'c']);
      assert.deepEqual(await find({ open: false }), ['b']);
    });

    test('an array is matched by any of its items', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ batches: '2' }), ['a', 'b']);
      assert.deepEqual(await find({ batches: '1' }), ['a']);
      assert.deepEqual(await find({ batches: '12' }), []);
    });

    test('all filters and all words must match', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ learners: 7, open: true }), ['a', 'c']);
      assert.deepEqual(await find({ learners: 7, open: true }, 'algebra'), ['a']);
      assert.deepEqual(await find({ learners: 7, open: false }), []);
      assert.deepEqual(await find({ batches: '2', learners: 7 }, 'alg*'), ['a']);
      assert.deepEqual(await find({}, 'biology'), ['c']);
    });

    test('a filter follows the document', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [put(tenant, 'a', { learners: 1, owner: 'Ann' })]);
      await search.apply(courses, [put(tenant, 'a', { learners: 2 }, { token: 1, revision: 2 })]);
      assert.deepEqual(await found(search, { tenant, filter: { learners: 1 } }), []);
      assert.deepEqual(await found(search, { tenant, filter: { owner: 'Ann' } }), []);
      assert.deepEqual(await found(search, { tenant, filter: { learners: 2 } }), ['a']);
      await search.apply(courses, [remove(tenant, 'a', { token: 1, revision: 3 })]);
      assert.deepEqual(await found(search, { tenant, filter: { learners: 2 } }), []);
    });

    test('a field that cannot be filtered by is refused, and the message names those that can', async (t) => {
      const find = await sample(t);
      for (const name of ['nothing', 'title', 'sizes', '__proto__', 'constructor', 'state" = 1 --']) {
        const filter = JSON.parse(`{ ${JSON.stringify(name)}: "x" }`);
        await assert.rejects(find(filter), (error: { code?: string; message: string }) => {
          assert.equal(error.code, 'USAGE');
          assert.ok(error.message.includes(name));
          assert.match(error.message, /state, owner, batches, learners, rating, open/);
          return true;
        });
      }
    });

    test('a value of another kind than the field is refused', async (t) => {
      const find = await sample(t);
      const wrong = [{ learners: '7' }, { open: 'true' }, { open: 1 }, { state: 1 }, { batches: 2 }];
      for (const filter of wrong) {
        const [name] = Object.keys(filter);
        await assert.rejects(find(filter), { code: 'USAGE', message: new RegExp(`${name}`) });
      }
    });
  });
}

export function pagesContract(opened: Open): void {
  describe('pages', () => {
    /** All courses in the order of the pages, each with the total of its page. */
    const pages = async (search: Search, wanted: Wanted & { limit: number }): Promise<[unknown, number][]> => {
      const all: [unknown, number][] = [];
      for (let after: string | undefined; ; ) {
        const { items, next, total } = await search.search(courses, { words: '', ...wanted, after });
        assert.ok(items.length <= wanted.limit);
        all.push(...items.map((item): [unknown, number] => [item['course'], total]));
        if (next === undefined) return all;
        assert.equal(items.length, wanted.limit, 'only the last page is short');
        after = next;
      }
    };

    test('without words documents come in the order of the key, each once, whatever the size of the pages', async (t) => {
      const { search, tenant } = await opened(t);
      const names = ['b', 'a!', 'a', 'B', 'a b', 'aa', 'é', '\u{1F393}', '\uFF5E', '10', '9', 'a"', 'a\\'];
      await search.apply(
        courses,
        names.map((course) => put(tenant, course, {})),
      );
      const expected = [...names].sort(byCodePoints).map((course) => [course, names.length]);
      for (const limit of [1, 2, 5, names.length - 1, names.length, 100]) {
        assert.deepEqual(await pages(search, { tenant, limit }), expected);
      }
    });

    test('the key is ordered field by field', async (t) => {
      const { search, tenant } = await opened(t);
      const keys = [
        ['a', 'z'],
        ['a!', 'a'],
        ['aa', 'a'],
        ['b', 'a'],
      ];
      const changes = keys.map(([org = '', course = '']) => {
        return { key: [tenant, org, course], version: first, record: { ...blank, org, course } };
      });
      await search.apply(courses, changes.toReversed());
      let after: string | undefined;
      for (const { record } of changes) {
        const page = await search.search(courses, { tenant, words: '', limit: 1, after });
        assert.deepEqual(page.items, [record]);
        after = page.next;
      }
      assert.equal(after, undefined);
    });

    test('with words and filters, too, pages hold every match once, equal ones in the order of the key', async (t) => {
      const { search, tenant } = await opened(t);
      const names = Array.from({ length: 23 }, (_, number) => `course-${String(number).padStart(2, '0')}`);
      const what = (number: number) => ({ title: number % 2 === 0 ? 'algebra' : 'biology', open: number % 3 === 0 });
      await search.apply(courses, names.map((course, number) => put(tenant, course, what(number))).reverse());
      const matches = (test: (what: { title: string; open: boolean }) => boolean) => {
        const all = names.filter((_, number) => test(what(number)));
        return all.map((course) => [course, all.length]);
      };
      for (const limit of [1, 3, 12, 100]) {
        const words = 'algebra';
        const isAlgebra = matches(({ title }) => title === words);
        assert.deepEqual(await pages(search, { tenant, words, limit }), isAlgebra);
        const filter = { open: true };
        assert.deepEqual(
          await pages(search, { tenant, filter, limit }),
          matches(({ open }) => open),
        );
        const both = matches(({ title, open }) => open && title === words);
        assert.deepEqual(await pages(search, { tenant, words, filter, limit }), both);
      }
    });

    test('writes between two pages do not disturb the order of the key', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(
        courses,
        ['b', 'd', 'f'].map((course) => put(tenant, course, {})),
      );
      const { next } = await search.search(courses, { tenant, words: '', limit: 2 });
      await search.apply(courses, [
        put(tenant, 'a', {}),
        remove(tenant, 'd', { token: 1, revision: 2 }),
        put(tenant, 'e', {}),
      ]);
      const page = await search.search(courses, { tenant, words: '', limit: 2, after: next });
      assert.deepEqual(
        page.items.map((item) => item['course']),
        ['e', 'f'],
      );
    });

    test('a garbled paging token is refused', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(
        courses,
        ['a', 'b', 'c'].map((course) => put(tenant, course, { title: 'algebra' })),
      );
      for (const words of ['', 'algebra']) {
        const { next } = await search.search(courses, { tenant, words, limit: 1 });
        assert.ok(next);
        for (const after of ['', 'x', '🎓', '2', 'null', `x${next}`, next.slice(2), 'W10', 'LTE', 'bnVsbA']) {
          const request = search.search(courses, { tenant, words, limit: 1, after });
          await assert.rejects(request, { code: 'USAGE', message: /first page/ }, `after ${after}`);
        }
      }
    });
  });
}
