/** The contract of the cache port: see `sinks/cache/port.ts`. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { compareVersions, type Version } from '../../sinks/port.ts';
import { liveContract, recordingListener, withoutRepeats } from './cache-live.ts';
import { counters, courses, first, inCourse, type OpenCache, opening, visits } from './cache-samples.ts';
import { byCodePoints, HOSTILE, versioned } from './versioned.ts';

export function cacheContract(name: string, make: (t: TestContext) => Promise<OpenCache>): void {
  describe(`cache contract: ${name}`, { timeout: 120_000 }, () => {
    const opened = opening(make);

    test('a record is read as it was written, replaced by the next one, and gone when it is removed', async (t) => {
      const { cache, tenant } = await opened(t);
      const entry = [tenant, 'ann'];
      assert.deepEqual(await cache.read(counters, entry), []);
      for (const number of [1, 2]) {
        const record = { user: 'ann', count: number };
        assert.deepEqual(
          await cache.apply(counters, [{ key: entry, version: { token: 1, revision: number }, record }]),
          ['written'],
        );
        assert.deepEqual(await cache.read(counters, entry), [record]);
      }
      const removal = { key: entry, version: { token: 1, revision: 3 }, record: undefined };
      assert.deepEqual(await cache.apply(counters, [removal]), ['written']);
      assert.deepEqual(await cache.read(counters, entry), []);
    });

    test('every kind of value comes back as it was', async (t) => {
      const { cache, tenant } = await opened(t);
      const values = [0, -0.5, 2 ** 53 - 1, true, null, '', 'ä\u0000\n"', ['a', ['b']], { ['__proto__x']: 1 }];
      const record = { user: 'ann', values };
      await cache.apply(counters, [{ key: [tenant, 'ann'], version: first, record }]);
      assert.deepEqual(await cache.read(counters, [tenant, 'ann']), [record]);
    });

    versioned('cache', async (t) => {
      const { cache, tenant } = await opened(t);
      const key = [tenant, 'ann', 'maths'];
      return {
        async write(version, number) {
          const [result] = await cache.apply(courses, [inCourse(key, version, number)]);
          return result;
        },
        async read() {
          const [record] = await cache.read(courses, [tenant, 'ann']);
          return record?.['count'] as number | undefined;
        },
      };
    });

    test('an entry is read in the order of its sort fields, whatever order they were written in', async (t) => {
      const { cache, tenant } = await opened(t);
      const names = ['b', 'a!', 'a', 'B', 'a b', 'aa', 'é', 'z', '\u{1F393}', '\uFF5E', '10', '9', 'a"', 'a\\'];
      await cache.apply(
        courses,
        names.map((course, number) => inCourse([tenant, 'ann', course], first, number)),
      );
      const records = await cache.read(courses, [tenant, 'ann']);
      assert.deepEqual(
        records.map((record) => record['course']),
        [...names].sort(byCodePoints),
      );
    });

    test('several names do not run together, neither in an entry nor in a field', async (t) => {
      const { cache, tenant } = await opened(t);
      const keys = [
        ['a', 'bc', 'd', 'ef'],
        ['ab', 'c', 'd', 'ef'],
        ['a', 'bc', 'de', 'f'],
        ['a', 'bc', 'd', 'e'],
        ['a,bc', 'd', 'e', 'f'],
        ['a', 'bc', '","', ','],
        ['a', 'bc', ',', '","'],
        ['a', 'bc', 'd\u0001', 'e'],
        ['a', 'bc', 'd', '\u0001e'],
      ];
      const record = ([user, course, unit, content]: string[]) => ({ user, course, unit, content, count: 1 });
      const changes = keys.map((key) => ({ key: [tenant, ...key], version: first, record: record(key) }));
      await cache.apply(visits, changes);
      const expected = keys
        .filter(([user, course]) => user === 'a' && course === 'bc')
        .sort((a, b) => byCodePoints(a[2] ?? '', b[2] ?? '') || byCodePoints(a[3] ?? '', b[3] ?? ''));
      assert.deepEqual(await cache.read(visits, [tenant, 'a', 'bc']), expected.map(record));
      assert.equal((await cache.read(visits, [tenant, 'ab', 'c'])).length, 1);
      assert.equal((await cache.read(visits, [tenant, 'a,bc', 'd'])).length, 1);
    });

    test('fields of one entry have versions of their own', async (t) => {
      const { cache, tenant } = await opened(t);
      const write = (course: string, revision: number, number: number | undefined) =>
        inCourse([tenant, 'ann', course], { token: 1, revision }, number);
      await cache.apply(courses, [write('a', 9, 1), write('b', 1, 1)]);
      assert.deepEqual(await cache.apply(courses, [write('a', 8, 2), write('b', 2, 2)]), ['stale', 'written']);
      await cache.apply(courses, [write('a', 10, undefined)]);
      assert.deepEqual(await cache.read(courses, [tenant, 'ann']), [{ user: 'ann', course: 'b', count: 2 }]);
    });

    test('tenants and caches do not see each other', async (t) => {
      const { cache, tenant } = await opened(t);
      await cache.apply(counters, [{ key: [tenant, 'ann'], version: first, record: { user: 'ann', count: 1 } }]);
      assert.deepEqual(await cache.read(counters, [`${tenant}2`, 'ann']), []);
      assert.deepEqual(await cache.read(courses, [tenant, 'ann']), []);
      const removal = { key: [`${tenant}2`, 'ann'], version: { token: 9, revision: 9 }, record: undefined };
      await cache.apply(counters, [removal]);
      assert.equal((await cache.read(counters, [tenant, 'ann'])).length, 1);
    });

    test('any text serves as tenant, as name of an entry and as name of a field', async (t) => {
      const { cache, tenant } = await opened(t);
      const changes = HOSTILE.map((value) => inCourse([tenant + value, value, value], first, 1));
      assert.deepEqual(
        await cache.apply(courses, changes),
        changes.map(() => 'written'),
      );
      for (const value of HOSTILE) {
        const expected = [{ user: value, course: value, count: 1 }];
        assert.deepEqual(await cache.read(courses, [tenant + value, value]), expected);
      }
    });

    test('a call without changes does nothing', async (t) => {
      const { cache } = await opened(t);
      assert.deepEqual(await cache.apply(courses, []), []);
    });

    test('records, removals and versions are there when the cache is opened again', async (t) => {
      const { cache, tenant, open } = await opened(t);
      const [kept, removed] = [
        [tenant, 'ann', 'kept'],
        [tenant, 'ann', 'removed'],
      ];
      const newer = { token: 2, revision: 1 };
      await cache.apply(courses, [inCourse(kept, newer, 1), inCourse(removed, newer, undefined)]);
      const again = await open.reopen();
      assert.deepEqual(await again.read(courses, [tenant, 'ann']), [{ user: 'ann', course: 'kept', count: 1 }]);
      const older = [inCourse(kept, first, 2), inCourse(removed, first, 2)];
      assert.deepEqual(await again.apply(courses, older), ['stale', 'stale']);
    });

    liveContract(opened);

    test('after any writes in any order the newest versions are stored, and subscribers received them', async (t) => {
      const { cache, tenant } = await opened(t);
      const write = fc.record({
        course: fc.constantFrom('a', 'b', 'c'),
        token: fc.integer({ min: 1, max: 3 }),
        revision: fc.integer({ min: 1, max: 4 }),
        count: fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined }),
      });
      const calls = fc.array(fc.uniqueArray(write, { selector: ({ course }) => course, maxLength: 3 }), {
        maxLength: 12,
      });
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(calls, async (steps) => {
          runs += 1;
          const user = `user-${runs}`;
          const model = new Map<string, { version: Version; count: number | undefined }>();
          const accepted: [string, number | undefined][] = [];
          const recorder = recordingListener();
          const leave = await cache.subscribe(courses, [tenant, user], recorder.listener);
          for (const step of steps) {
            const expected = step.map(({ course, token, revision, count: number }) => {
              const before = model.get(course);
              const version = { token, revision };
              if (before !== undefined && compareVersions(version, before.version) < 0) return 'stale';
              model.set(course, { version, count: number });
              accepted.push([course, number]);
              return 'written';
            });
            const changes = step.map(({ course, token, revision, count: number }) =>
              inCourse([tenant, user, course], { token, revision }, number),
            );
            assert.deepEqual(await cache.apply(courses, changes), expected);
            const left = [...model].filter(([, { count: number }]) => number !== undefined).sort();
            assert.deepEqual(
              await cache.read(courses, [tenant, user]),
              left.map(([course, { count: number }]) => ({ user, course, count: number })),
            );
          }
          await cache.apply(courses, [inCourse([tenant, user, 'end'], first, 1)]);
          await recorder.until('end', 1);
          await leave();
          for (const course of ['a', 'b', 'c']) {
            const of = (all: [unknown, number | undefined][]) =>
              withoutRepeats(all.filter(([each]) => each === course));
            const updates = recorder.updates().map(({ key, record }): [unknown, number | undefined] => {
              return [key[2], record?.['count'] as number | undefined];
            });
            assert.deepEqual(of(updates), of(accepted));
          }
        }),
      );
    });
  });
}
