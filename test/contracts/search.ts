/** The contract of the search port: see `sinks/search/port.ts`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type IndexDef, keyFields } from '../../core/target.ts';
import { type Change, compareVersions, type Version } from '../../sinks/port.ts';
import { filtersContract, pagesContract } from './search-lists.ts';
import { rangesContract, sortContract } from './search-order.ts';
import { blank, courses, fields, first, found, type OpenSearch, opening, put, remove } from './search-samples.ts';
import { wordsContract } from './search-words.ts';
import { HOSTILE, versioned } from './versioned.ts';

export function searchContract(name: string, make: (t: TestContext) => Promise<OpenSearch>): void {
  describe(`search contract: ${name}`, { timeout: 300_000 }, () => {
    const opened = opening(make);

    describe('documents', () => {
      test('a document is returned as it was written, replaced by the next one, and gone when it is removed', async (t) => {
        const { search, tenant } = await opened(t);
        const all = { tenant, words: '', limit: 10 };
        assert.deepEqual(await search.search(courses, all), { items: [], next: undefined, total: 0 });
        for (const revision of [1, 2]) {
          const sizes = { ['a "b"']: 1, toString: 2 };
          const change = put(tenant, 'a', { learners: revision, sizes, note: 'ä\n"' }, { token: 1, revision });
          assert.deepEqual(await search.apply(courses, [change]), ['written']);
          assert.deepEqual(await search.search(courses, all), { items: [change.record], next: undefined, total: 1 });
        }
        assert.deepEqual(await search.apply(courses, [remove(tenant, 'a', { token: 1, revision: 3 })]), ['written']);
        assert.deepEqual(await search.search(courses, all), { items: [], next: undefined, total: 0 });
      });

      versioned('search', async (t) => {
        const { search, tenant } = await opened(t);
        return {
          async write(version, number) {
            const change = put(tenant, 'a', { learners: number ?? 0, title: `number ${number}` }, version);
            const [result] = await search.apply(courses, [
              number === undefined ? { ...change, record: undefined } : change,
            ]);
            return result;
          },
          async read() {
            const { items } = await search.search(courses, { tenant, words: '', limit: 10 });
            const number = items[0]?.['learners'] as number | undefined;
            // The words must match the document's current content.
            for (const each of [10, 11, 20, 90]) {
              assert.deepEqual(await found(search, { tenant, words: `number ${each}` }), each === number ? ['a'] : []);
            }
            return number;
          },
        };
      });

      test('a sweep keeps documents, and keeps recent removals so that older writes stay refused', async (t) => {
        const { search, tenant } = await opened(t);
        const change = put(tenant, 'a', {}, { token: 1, revision: 2 });
        await search.apply(courses, [change, remove(tenant, 'b', { token: 1, revision: 2 })]);
        await search.sweep([courses]);
        const older = put(tenant, 'b', {}, { token: 1, revision: 1 });
        assert.deepEqual(await search.apply(courses, [older]), ['stale']);
        const { items } = await search.search(courses, { tenant, words: '', limit: 10 });
        assert.deepEqual(items, [change.record]);
      });

      test('missing indexes are reported, made by preparing, and nothing is missing afterwards', async (t) => {
        const { search } = await opened(t);
        const { index, larger, other } = own();
        for (const each of [index, larger]) {
          const requests = await search.missing([courses, each]);
          assert.ok(requests.length > 0);
          assert.ok(requests.join().includes(index.name));
          assert.deepEqual(await search.missing([each]), requests, 'saying it changes nothing');
          await search.prepare([each]);
          assert.deepEqual(await search.missing([courses, each]), []);
        }
        await assert.rejects(search.missing([other]), { code: 'TABLE_DRIFTED' });
        await assert.rejects(search.prepare([other]), { code: 'TABLE_DRIFTED' });
      });

      test('an index that is begun anew is empty, matches its current declaration, and accepts any version', async (t) => {
        const { search, tenant } = await opened(t);
        const { index, other } = own();
        await search.prepare([index]);
        const versions = { token: 7, revision: 7 };
        await search.apply(index, [put(tenant, 'a', { title: 'old' }, versions), remove(tenant, 'b', versions)]);
        for (const each of [index, other]) {
          await search.renew(each);
          assert.deepEqual(await search.missing([each]), []);
          assert.deepEqual(await found(search, { tenant }, each), []);
          assert.deepEqual(await found(search, { tenant, words: 'old' }, each), []);
          const changes = [put(tenant, 'a', { title: 'new' }), put(tenant, 'b', { title: 'new' })];
          const keyed = changes.map((change) => ({
            ...change,
            key: [tenant, ...keyFields(each).map((name) => change.record?.[name] as string)],
          }));
          assert.deepEqual(await search.apply(each, keyed), ['written', 'written']);
          assert.deepEqual((await found(search, { tenant, words: 'new' }, each)).sort(), ['a', 'b']);
        }
      });

      test('any text serves as tenant, as key and as words', async (t) => {
        const { search, tenant } = await opened(t);
        const change = (value: string): Change => ({
          key: [tenant + value, value, value],
          version: first,
          record: { ...blank, org: value, course: value, title: value },
        });
        const changes = HOSTILE.map(change);
        const results = await search.apply(courses, changes);
        assert.deepEqual(
          results,
          changes.map(() => 'written'),
        );
        for (const value of HOSTILE) {
          const expected = { items: [change(value).record], next: undefined, total: 1 };
          const request = { tenant: tenant + value, words: '', limit: 10 };
          assert.deepEqual(await search.search(courses, request), expected);
          assert.deepEqual(await search.search(courses, { ...request, filter: { course: value } }), expected);
        }
      });

      test('tenants do not see each other', async (t) => {
        const { search, tenant } = await opened(t);
        await search.apply(courses, [put(tenant, 'a', { title: 'algebra' })]);
        const other = `${tenant}2`;
        assert.deepEqual(await found(search, { tenant: other }), []);
        assert.deepEqual(await found(search, { tenant: other, words: 'algebra' }), []);
        assert.deepEqual(await found(search, { tenant: other, filter: { state: 'live' } }), []);
        await search.apply(courses, [remove(other, 'a', { token: 9, revision: 9 })]);
        assert.deepEqual(await found(search, { tenant, words: 'algebra' }), ['a']);
      });

      test('a call without changes does nothing, and neither does one without indexes', async (t) => {
        const { search } = await opened(t);
        assert.deepEqual(await search.apply(courses, []), []);
        await search.prepare([]);
      });

      test('documents, removals and versions are there when the search is opened again', async (t) => {
        const { search, tenant, open } = await opened(t);
        const newer = { token: 2, revision: 1 };
        await search.apply(courses, [put(tenant, 'a', { title: 'algebra' }, newer), remove(tenant, 'b', newer)]);
        const again = await open.reopen();
        await again.prepare([courses]);
        assert.deepEqual(await found(again, { tenant, words: 'algebra' }), ['a']);
        const older = [put(tenant, 'a', { title: 'biology' }), put(tenant, 'b', { title: 'biology' })];
        assert.deepEqual(await again.apply(courses, older), ['stale', 'stale']);
        assert.deepEqual(await found(again, { tenant, words: 'biology' }), []);
      });
    });

    wordsContract(opened);
    filtersContract(opened);
    pagesContract(opened);
    rangesContract(opened);
    sortContract(opened);

    describe('prepare', () => {
      const version2 = (changed: {
        text?: readonly string[];
        more?: readonly { name: string; type: 'int' | 'string'; doc: string }[];
      }) => {
        const name = `contract_${randomUUID().replaceAll('-', '')}`;
        const make = (
          text: readonly string[],
          more: readonly { name: string; type: 'int' | 'string'; doc: string }[],
        ): IndexDef => ({
          ...courses,
          name,
          text,
          record: { ...courses.record, fields: [...fields, ...more] },
        });
        return [make(courses.text, []), make(changed.text ?? courses.text, changed.more ?? [])] as const;
      };

      test('preparing twice keeps the documents', async (t) => {
        const { search, tenant, open } = await opened(t);
        await search.apply(courses, [put(tenant, 'a', { title: 'algebra' })]);
        await search.prepare([courses, courses]);
        assert.deepEqual(await found(search, { tenant, words: 'algebra' }), ['a']);
        const again = await open.reopen();
        await again.prepare([courses]);
        assert.deepEqual(await found(again, { tenant, words: 'algebra' }), ['a']);
      });

      test('a field that was added can be written and filtered by, and earlier documents still match', async (t) => {
        const { search, tenant } = await opened(t);
        const more = [
          { name: 'credits', type: 'int', doc: 'Added.' },
          { name: 'summary', type: 'string', doc: 'Added to the text.' },
        ] as const;
        const [before, after] = version2({ more, text: [...courses.text, 'summary'] });
        await search.prepare([before]);
        await search.apply(before, [put(tenant, 'a', { title: 'algebra', learners: 1 })]);
        await search.prepare([after]);
        const added = put(tenant, 'b', { title: 'biology' });
        await search.apply(after, [{ ...added, record: { ...added.record, credits: 6, summary: 'of cells' } }]);
        assert.deepEqual(await found(search, { tenant, filter: { credits: 6 } }, after), ['b']);
        assert.deepEqual(await found(search, { tenant, words: 'cells' }, after), ['b']);
        assert.deepEqual(await found(search, { tenant, words: 'algebra', filter: { learners: 1 } }, after), ['a']);
        assert.deepEqual(await search.apply(after, [put(tenant, 'a', {}, { token: 0, revision: 9 })]), ['stale']);
      });
    });

    test('after any writes in any order words, filters and pages show the newest versions', async (t) => {
      const { search, tenant } = await opened(t);
      const title = fc.subarray(['red', 'green', 'blue']);
      const write = fc.record({
        course: fc.constantFrom('a', 'b', 'c', 'd'),
        token: fc.integer({ min: 1, max: 3 }),
        revision: fc.integer({ min: 1, max: 3 }),
        what: fc.option(fc.record({ title, learners: fc.integer({ min: 0, max: 2 }) }), { nil: undefined }),
      });
      const calls = fc.array(fc.uniqueArray(write, { selector: ({ course }) => course, maxLength: 4 }), {
        maxLength: 8,
      });
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(calls, fc.integer({ min: 1, max: 3 }), async (steps, limit) => {
          runs += 1;
          const own = `${tenant}-${runs}`;
          const model = new Map<
            string,
            { version: Version; what: { title: string[]; learners: number } | undefined }
          >();
          for (const step of steps) {
            const expected = step.map(({ course, token, revision, what }) => {
              const [before, version] = [model.get(course), { token, revision }];
              if (before !== undefined && compareVersions(version, before.version) < 0) return 'stale';
              model.set(course, { version, what });
              return 'written';
            });
            const changes = step.map(({ course, token, revision, what }) =>
              what === undefined
                ? remove(own, course, { token, revision })
                : put(own, course, { title: what.title.join(' '), learners: what.learners }, { token, revision }),
            );
            assert.deepEqual(await search.apply(courses, changes), expected);
          }
          const matching = (test: (what: { title: string[]; learners: number }) => boolean): string[] =>
            [...model]
              .filter(([, { what }]) => what !== undefined && test(what))
              .map(([course]) => course)
              .sort();
          for (const word of ['red', 'green', 'blue']) {
            const all = await found(search, { tenant: own, words: word });
            assert.deepEqual(
              all.sort(),
              matching(({ title: words }) => words.includes(word)),
            );
          }
          for (const learners of [0, 1, 2]) {
            const all = await found(search, { tenant: own, filter: { learners } });
            assert.deepEqual(
              all,
              matching((what) => what.learners === learners),
            );
          }
          const all: unknown[] = [];
          for (let after: string | undefined; ; ) {
            const page = await search.search(courses, { tenant: own, words: '', limit, after });
            all.push(...page.items.map((item) => item['course']));
            after = page.next;
            if (after === undefined) break;
          }
          assert.deepEqual(
            all,
            matching(() => true),
          );
        }),
        { numRuns: 50 },
      );
    });
  });
}

/** An index for one test, the same index with one more field, and an index with another key and the same name. */
function own(): { index: IndexDef; larger: IndexDef; other: IndexDef } {
  const index: IndexDef = { ...courses, name: `contract_${randomUUID().slice(0, 8)}` };
  const added = { name: 'level', type: 'string', doc: 'Matched exactly.', default: '' } as const;
  const larger = { ...index, record: { ...index.record, fields: [...index.record.fields, added] } };
  return { index, larger, other: { ...index, key: ['course'], sort: ['org'] } };
}
