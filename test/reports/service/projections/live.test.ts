/** Live records over a cache that loses what it publishes, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineCache } from '../../../../core/target.ts';
import { liveRecords } from '../../../../reports/service/projections/live.ts';

const cache = defineCache({
  name: 'counts',
  doc: 'Counts.',
  key: ['user'],
  sort: ['course'],
  live: true,
  record: {
    type: 'record',
    name: 'Count',
    fields: [
      { name: 'user', type: 'string', doc: 'The user.' },
      { name: 'course', type: 'string', doc: 'The course.' },
      { name: 'n', type: 'int', doc: 'The count.' },
    ],
  },
});
const count = (course: string, n: number) => ({ user: 'ada', course, n });

test('what was not published is told when the entry is read again; who goes away is no longer subscribed', async () => {
  let entry = [count('a', 1), count('b', 1)];
  let [now, subscribers] = [0, 0];
  const gone = new AbortController();
  const projections = {
    tables: { select: async () => assert.fail('no table is read') },
    search: { search: async () => assert.fail('nothing is searched') },
    cache: {
      read: async () => entry,
      async subscribe() {
        subscribers += 1;
        return async () => {
          subscribers -= 1;
        };
      },
    },
  };
  const clock = {
    now: () => now,
    async sleep(ms: number) {
      now += ms;
    },
  };
  const followed = {
    cache,
    entry: ['acme', 'ada'],
    shown: async (records: readonly object[]) => [...records] as never,
  };
  const events = liveRecords(followed, { projections, clock }, gone.signal);
  const arrived = async () => {
    const found: string[] = [];
    for (let next = await events.next(); !next.done && !next.value.startsWith('event: current'); ) {
      found.push(next.value.trim());
      next = await events.next();
    }
    return found;
  };
  assert.equal((await arrived()).length, 2);
  entry = [count('a', 2)];
  assert.deepEqual(await arrived(), [
    `event: record\ndata: ${JSON.stringify(count('a', 2))}`,
    'event: removed\ndata: {"user":"ada","course":"b"}',
  ]);
  assert.deepEqual(await arrived(), [], 'what is the same is not told again');
  assert.equal(subscribers, 1);
  gone.abort();
  assert.equal((await events.next()).done, true);
  assert.equal(subscribers, 0);
});
