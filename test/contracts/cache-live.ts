/** The contract of the cache port for live updates. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LiveUpdate } from '../../sinks/cache/port.ts';
import { counters, courses, first, inCourse, type Open } from './cache-samples.ts';
import { HOSTILE } from './versioned.ts';

export function liveContract(opened: Open): void {
  describe('live updates', () => {
    test('a subscriber receives what was accepted for its entry, in order, and nothing stale', async (t) => {
      const { cache, tenant } = await opened(t);
      const recorder = recordingListener();
      await cache.subscribe(courses, [tenant, 'ann'], recorder.listener);
      const write = (course: string, revision: number, number: number | undefined) =>
        cache.apply(courses, [inCourse([tenant, 'ann', course], { token: 1, revision }, number)]);
      await write('a', 2, 1);
      await write('a', 1, 2);
      await cache.apply(courses, [inCourse([tenant, 'bob', 'a'], first, 3)]);
      await cache.apply(courses, [inCourse([`${tenant}2`, 'ann', 'a'], first, 4)]);
      await write('a', 2, 5);
      await write('a', 3, undefined);
      await write('a', 2, 6);
      await write('b', 1, 7);
      await recorder.until('b', 7);
      assert.deepEqual(recorder.updates(), [
        { key: [tenant, 'ann', 'a'], record: { user: 'ann', course: 'a', count: 1 } },
        { key: [tenant, 'ann', 'a'], record: { user: 'ann', course: 'a', count: 5 } },
        { key: [tenant, 'ann', 'a'], record: undefined },
        { key: [tenant, 'ann', 'b'], record: { user: 'ann', course: 'b', count: 7 } },
      ]);
    });

    test('what a subscriber received can be read', async (t) => {
      const { cache, tenant } = await opened(t);
      const read = Promise.withResolvers<unknown>();
      await cache.subscribe(courses, [tenant, 'ann'], () => {
        cache.read(courses, [tenant, 'ann']).then(read.resolve, read.reject);
      });
      await cache.apply(courses, [inCourse([tenant, 'ann', 'a'], first, 1)]);
      assert.deepEqual(await read.promise, [{ user: 'ann', course: 'a', count: 1 }]);
    });

    test('every subscriber is notified, and no longer after it unsubscribed', async (t) => {
      const { cache, tenant } = await opened(t);
      const [one, other] = [recordingListener(), recordingListener()];
      const leave = await cache.subscribe(courses, [tenant, 'ann'], one.listener);
      await cache.subscribe(courses, [tenant, 'ann'], other.listener);
      await cache.apply(courses, [inCourse([tenant, 'ann', 'a'], first, 1)]);
      await Promise.all([one.until('a', 1), other.until('a', 1)]);
      await leave();
      await cache.apply(courses, [inCourse([tenant, 'ann', 'b'], first, 2)]);
      await other.until('b', 2);
      assert.equal(one.updates().length, 1);
      assert.equal(other.updates().length, 2);
      await leave();
    });

    test('the same listener can be subscribed twice, and be unsubscribed once', async (t) => {
      const { cache, tenant } = await opened(t);
      const recorder = recordingListener();
      const leave = await cache.subscribe(courses, [tenant, 'ann'], recorder.listener);
      await cache.subscribe(courses, [tenant, 'ann'], recorder.listener);
      await leave();
      await cache.apply(courses, [inCourse([tenant, 'ann', 'a'], first, 1)]);
      await recorder.until('a', 1);
    });

    test('a listener that throws disturbs neither the writer nor other listeners', async (t) => {
      const { cache, tenant } = await opened(t);
      const recorder = recordingListener();
      await cache.subscribe(courses, [tenant, 'ann'], () => {
        throw new Error('a listener failed');
      });
      await cache.subscribe(courses, [tenant, 'ann'], recorder.listener);
      assert.deepEqual(await cache.apply(courses, [inCourse([tenant, 'ann', 'a'], first, 1)]), ['written']);
      assert.deepEqual(await cache.apply(courses, [inCourse([tenant, 'ann', 'b'], first, 2)]), ['written']);
      await Promise.all([recorder.until('a', 1), recorder.until('b', 2)]);
    });

    test('a change that a listener makes reaches all listeners after the change before it', async (t) => {
      const { cache, tenant } = await opened(t);
      const recorder = recordingListener();
      const answered = Promise.withResolvers<unknown>();
      await cache.subscribe(courses, [tenant, 'ann'], ({ record }) => {
        if (record?.['count'] !== 1) return;
        const answer = inCourse([tenant, 'ann', 'a'], { token: 1, revision: 2 }, 2);
        cache.apply(courses, [answer]).then(answered.resolve, answered.reject);
      });
      await cache.subscribe(courses, [tenant, 'ann'], recorder.listener);
      await cache.apply(courses, [inCourse([tenant, 'ann', 'a'], first, 1)]);
      assert.deepEqual(await answered.promise, ['written']);
      await recorder.until('a', 2);
      assert.deepEqual(
        recorder.updates().map(({ record }) => record?.['count']),
        [1, 2],
      );
    });

    test('any text serves as the entry to subscribe to', async (t) => {
      const { cache, tenant } = await opened(t);
      for (const value of HOSTILE) {
        const recorder = recordingListener();
        await cache.subscribe(courses, [tenant, value], recorder.listener);
        await cache.apply(courses, [inCourse([tenant, value, value], first, 1)]);
        await recorder.until(value, 1);
      }
    });

    test('a cache that is not live refuses to be subscribed to', async (t) => {
      const { cache, tenant } = await opened(t);
      await assert.rejects(
        cache.subscribe(counters, [tenant, 'ann'], () => {}),
        { code: 'USAGE', message: /contract_counters/ },
      );
    });
  });
}

/** A listener that records updates, and that a test can wait for. */
export function recordingListener() {
  const all: LiveUpdate[] = [];
  let wake = (): void => {};
  return {
    listener(update: LiveUpdate): void {
      all.push(update);
      wake();
    },
    /** The updates received, without repeats. */
    updates: () => withoutRepeats(all),
    async until(course: string, number: number): Promise<void> {
      const isIt = ({ key, record }: LiveUpdate): boolean => key[2] === course && record?.['count'] === number;
      while (!all.some(isIt)) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

export function withoutRepeats<T>(all: readonly T[]): T[] {
  return all.filter((each, index) => index === 0 || JSON.stringify(each) !== JSON.stringify(all[index - 1]));
}
