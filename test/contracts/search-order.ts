/** The contract of the search port for ranges of values, and for sorting by a field. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Range, Search, SearchRequest, Sort } from '../../sinks/search/port.ts';
import { courses, found, type Open, put, remove, type Wanted } from './search-samples.ts';
import { byCodePoints } from './versioned.ts';

export function rangesContract(opened: Open): void {
  describe('ranges', () => {
    const sample = async (t: TestContext) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [
        put(tenant, 'a', { title: 'algebra', learners: -5, rating: 0.1, owner: 'Ann', batches: ['1', '5'] }),
        put(tenant, 'b', { title: 'algebra', learners: 7, rating: 0.30000000000000004, owner: 'ann', batches: ['3'] }),
        put(tenant, 'c', { title: 'biology', learners: 2 ** 53 - 2, rating: -1e300, owner: 'é' }),
        put(tenant, 'd', { title: 'biology', learners: 0, rating: 1e300 }),
      ]);
      return (ranges: Readonly<Record<string, Range>>, besides: Partial<SearchRequest> = {}) =>
        found(search, { tenant, ranges, ...besides });
    };

    test('numbers are within by value, with the bound or without it', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ learners: { gte: 0 } }), ['b', 'c', 'd']);
      assert.deepEqual(await find({ learners: { gt: 0 } }), ['b', 'c']);
      assert.deepEqual(await find({ learners: { lte: 7 } }), ['a', 'b', 'd']);
      assert.deepEqual(await find({ learners: { lt: 7 } }), ['a', 'd']);
      assert.deepEqual(await find({ learners: { gt: -5, lt: 7 } }), ['d']);
      assert.deepEqual(await find({ learners: { gt: 6.5, lte: 7.5 } }), ['b']);
      assert.deepEqual(await find({ learners: { gt: 7, lt: 7 } }), []);
      assert.deepEqual(await find({ rating: { gt: 0.3 } }), ['b', 'd']);
      assert.deepEqual(await find({ rating: { gte: 0.1, lte: 0.1 } }), ['a']);
    });

    test('a bound that no whole number reaches is beyond all of them', async (t) => {
      const find = await sample(t);
      for (const far of [2 ** 53, 1e19, 1e300]) {
        assert.deepEqual(await find({ learners: { lt: far } }), ['a', 'b', 'c', 'd'], String(far));
        assert.deepEqual(await find({ learners: { gt: -far } }), ['a', 'b', 'c', 'd'], String(far));
        assert.deepEqual(await find({ learners: { gte: far } }), [], String(far));
        assert.deepEqual(await find({ learners: { lte: -far } }), [], String(far));
      }
    });

    test('texts are within by their code points, and a missing value is in no range', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ owner: { gte: '' } }), ['a', 'b', 'c']);
      assert.deepEqual(await find({ owner: { gte: 'B' } }), ['b', 'c']);
      assert.deepEqual(await find({ owner: { lt: 'ann' } }), ['a']);
      assert.deepEqual(await find({ owner: { gte: 'Ann', lte: 'Ann' } }), ['a']);
      assert.deepEqual(await find({ course: { gt: 'b' } }), ['c', 'd']);
    });

    test('an array matches if one item is within the range', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ batches: { gte: '3' } }), ['a', 'b']);
      assert.deepEqual(await find({ batches: { gte: '2', lte: '4' } }), ['b'], 'no two items together');
    });

    test('all ranges, filters and words must hold', async (t) => {
      const find = await sample(t);
      assert.deepEqual(await find({ learners: { gte: 0 }, rating: { lt: 0 } }), ['c']);
      assert.deepEqual(await find({ learners: { gte: 0 } }, { filter: { owner: 'ann' } }), ['b']);
      assert.deepEqual(await find({ learners: { gte: 0 } }, { words: 'biology' }), ['c', 'd']);
    });

    test('a field without ranges is refused with the reason', async (t) => {
      const find = await sample(t);
      const wrong: [Readonly<Record<string, Range>>, RegExp][] = [
        [{ nothing: { gt: 1 } }, /has no field "nothing" to filter by; it has org, course, state/],
        [{ title: { gt: 'a' } }, /has no field "title"/],
        [{ open: { gt: 1 } }, /open .* is true or false, and has no ranges/],
        [{ learners: { gt: '1' } }, /learners .* is filtered by a number, not by a string/],
        [{ owner: { gt: 1 } }, /owner .* is filtered by a string, not by a number/],
        [{ learners: { gt: Number.NaN } }, /learners has the bound NaN; give a finite number/],
        [{ rating: { lt: Number.POSITIVE_INFINITY } }, /rating has the bound Infinity/],
        [{ learners: {} }, /the range of learners has no bound/],
        [{ learners: { above: 1 } as Range }, /has "above"; bounds are gt, gte, lt, lte/],
      ];
      for (const [ranges, message] of wrong) await assert.rejects(find(ranges), { code: 'USAGE', message });
    });
  });
}

export function sortContract(opened: Open): void {
  describe('sort', () => {
    /** All courses in the order of the pages. */
    const pages = async (search: Search, wanted: Wanted & { limit: number }): Promise<unknown[]> => {
      const all: unknown[] = [];
      for (let after: string | undefined; ; ) {
        const page = await search.search(courses, { words: '', ...wanted, after });
        all.push(...page.items.map((item) => item['course']));
        if (page.next === undefined) {
          assert.equal(page.total, all.length);
          return all;
        }
        assert.equal(page.items.length, wanted.limit, 'only the last page is short');
        after = page.next;
      }
    };

    test('numbers and texts order in both directions, missing values come last, and equal ones are in the order of the key', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [
        put(tenant, 'a', { learners: 9, rating: 0.5, owner: 'b' }),
        put(tenant, 'b', { learners: 10, rating: -2, owner: null }),
        put(tenant, 'c', { learners: -1, rating: 0.5, owner: 'B' }),
        put(tenant, 'd', { learners: 9, rating: 1e300, owner: null }),
        put(tenant, 'e', { learners: 2 ** 53 - 2, rating: -1e300, owner: '\u{1F393}' }),
      ]);
      const expected: [Sort, string[]][] = [
        [{ field: 'learners' }, ['c', 'a', 'd', 'b', 'e']],
        [{ field: 'learners', descending: true }, ['e', 'b', 'a', 'd', 'c']],
        [{ field: 'rating' }, ['e', 'b', 'a', 'c', 'd']],
        [{ field: 'rating', descending: true }, ['d', 'a', 'c', 'b', 'e']],
        [{ field: 'owner' }, ['c', 'a', 'e', 'b', 'd']],
        [{ field: 'owner', descending: true }, ['e', 'a', 'c', 'b', 'd']],
        [{ field: 'state' }, ['a', 'b', 'c', 'd', 'e']],
        [{ field: 'course', descending: true }, ['e', 'd', 'c', 'b', 'a']],
      ];
      for (const [sort, order] of expected) {
        for (const limit of [1, 2, 3, 100]) {
          assert.deepEqual(await pages(search, { tenant, sort, limit }), order, `${JSON.stringify(sort)} ${limit}`);
        }
      }
    });

    test('with words the order is that of the field, and not of the best match', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [
        put(tenant, 'a', { title: 'algebra', learners: 1 }),
        put(tenant, 'b', { title: 'algebra among many other words', learners: 2, open: false }),
        put(tenant, 'c', { title: 'algebra algebra', learners: 3 }),
        put(tenant, 'd', { title: 'biology', learners: 4 }),
      ]);
      const wanted = { tenant, words: 'algebra', sort: { field: 'learners', descending: true } };
      assert.deepEqual(await pages(search, { ...wanted, limit: 1 }), ['c', 'b', 'a']);
      assert.deepEqual(await pages(search, { ...wanted, limit: 1, filter: { open: true } }), ['c', 'a']);
      assert.deepEqual(await pages(search, { ...wanted, limit: 2, ranges: { learners: { lt: 3 } } }), ['b', 'a']);
    });

    test('any documents come in the order of the field and then of the key, whatever the size of the pages', async (t) => {
      const { search, tenant } = await opened(t);
      const what = fc.record({
        learners: fc.integer({ min: -2, max: 2 }),
        owner: fc.constantFrom(null, 'a', 'B', 'é', ''),
      });
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(what, { minLength: 1, maxLength: 12 }),
          fc.constantFrom('learners' as const, 'owner' as const),
          fc.boolean(),
          fc.integer({ min: 1, max: 4 }),
          async (documents, field, descending, limit) => {
            runs += 1;
            const own = `${tenant}-${runs}`;
            const named = documents.map((each, i) => ({ ...each, course: `c${String(i).padStart(2, '0')}` }));
            await search.apply(
              courses,
              named.map(({ course, ...each }) => put(own, course, each)),
            );
            const compared = (a: unknown, b: unknown): number => {
              const order = typeof a === 'string' ? byCodePoints(a, b as string) : Number(a) - Number(b);
              return descending ? -order : order;
            };
            const sorted = named.toSorted(
              (a, b) =>
                Number(a[field] === null) - Number(b[field] === null) ||
                (a[field] === null ? 0 : compared(a[field], b[field])) ||
                byCodePoints(a.course, b.course),
            );
            const all = await pages(search, { tenant: own, sort: { field, descending }, limit });
            assert.deepEqual(
              all,
              sorted.map(({ course }) => course),
            );
          },
        ),
        { numRuns: 25 },
      );
    });

    test('writes between two pages disturb no other documents', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(courses, [
        ...['a', 'b', 'c', 'd'].map((course, i) => put(tenant, course, { learners: 10 * i })),
      ]);
      const wanted = { tenant, words: '', sort: { field: 'learners' }, limit: 2 };
      const { next } = await search.search(courses, wanted);
      await search.apply(courses, [
        put(tenant, 'before', { learners: 5 }),
        put(tenant, 'between', { learners: 15 }),
        remove(tenant, 'b', { token: 1, revision: 2 }),
      ]);
      const page = await search.search(courses, { ...wanted, after: next });
      assert.deepEqual(
        page.items.map((item) => item['course']),
        ['between', 'c'],
      );
    });

    test('a field without an order is refused with the reason, and so is a token of another order', async (t) => {
      const { search, tenant } = await opened(t);
      await search.apply(
        courses,
        ['a', 'b'].map((course) => put(tenant, course, {})),
      );
      const sorted = (field: string, after?: string) =>
        search.search(courses, { tenant, words: '', sort: { field }, limit: 1, after });
      await assert.rejects(sorted('nothing'), {
        code: 'USAGE',
        message: /has no field "nothing" to sort by; it has org/,
      });
      await assert.rejects(sorted('title'), { code: 'USAGE', message: /has no field "title" to sort by/ });
      for (const field of ['batches', 'open'])
        await assert.rejects(sorted(field), { code: 'USAGE', message: new RegExp(`cannot be sorted by ${field}`) });
      const { next } = await sorted('learners');
      await assert.rejects(sorted('owner', next), { code: 'USAGE', message: /first page/ });
      const unsorted = await search.search(courses, { tenant, words: '', limit: 1 });
      await assert.rejects(sorted('learners', unsorted.next), { code: 'USAGE', message: /first page/ });
    });
  });
}
