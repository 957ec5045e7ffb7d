import assert from 'node:assert/strict';
import { test } from 'node:test';
import { survey } from '../../demo/survey.ts';
import { notify, projectCourse, summarizeBatch, trackProgress } from '../../jobs/index.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Transport } from '../../topics/log/transport.ts';

type State = Record<string, { ends: number[]; committed: Record<string, number[]> }>;

/** Topics by name, with the ends of their partitions and the offsets of each job. `timers` has due times by the name of the row's table. */
function stores(state: State, timers: Record<string, number> = {}, meanwhile: () => void = () => {}) {
  const transport: Pick<Transport, 'lag' | 'describe'> = {
    async lag(group, topic) {
      const { ends, committed } = state[topic] ?? { ends: [], committed: {} };
      return ends.map((end, partition) => {
        const at = committed[group]?.[partition];
        return { partition, begin: 0, end, committed: at, lag: end - (at ?? 0) };
      });
    },
    async describe(names) {
      meanwhile();
      return (names ?? []).map((name) => {
        const partitions = state[name]?.ends.map((end, partition) => ({ partition, begin: 0, end })) ?? [];
        return { name, id: undefined, partitions };
      });
    },
  };
  const tables: Pick<Tables, 'due'> = {
    async due(table, [partition], before) {
      const due = timers[table.name];
      return partition === 1 && due !== undefined && due <= before
        ? [{ partition, key: ['default', 'x'], name: 'timer', due }]
        : [];
    },
  };
  return { transport, tables } as { transport: Transport; tables: Tables };
}

const caughtUp = (): State => ({
  'enrollment.events': { ends: [3, 4], committed: { 'track-progress': [3, 4] } },
  'batch.events': { ends: [1, 0], committed: { 'summarize-batch': [1, 0] } },
});
const jobs = [trackProgress, summarizeBatch];

test('jobs that have read everything and wait for nothing are idle', async () => {
  assert.deepEqual(await survey(stores(caughtUp()), jobs, 1000), {
    quiet: true,
    topics: [
      { topic: 'enrollment.events', read: 7, total: 7 },
      { topic: 'batch.events', read: 1, total: 1 },
    ],
  });
});

test('a job that is behind in one partition is not idle', async () => {
  const state = caughtUp();
  state['batch.events'] = { ends: [1, 2], committed: { 'summarize-batch': [1] } };
  const { quiet, topics } = await survey(stores(state), jobs, 1000);
  assert.equal(quiet, false);
  assert.deepEqual(topics.at(-1), { topic: 'batch.events', read: 1, total: 3 });
});

test('a job that never committed has read nothing', async () => {
  const state: State = { 'content.events': { ends: [2, 0], committed: {} } };
  assert.deepEqual(await survey(stores(state), [projectCourse], 0), {
    quiet: false,
    topics: [{ topic: 'content.events', read: 0, total: 2 }],
  });
});

test('a timer that is due is work, and a timer in the future is not', async () => {
  const timers = { batch_summary: 1000 };
  assert.equal((await survey(stores(caughtUp(), timers), jobs, 1000)).quiet, false);
  assert.equal((await survey(stores(caughtUp(), timers), jobs, 999)).quiet, true);
});

test('a log that grew during the survey is not idle, though every job was at its end', async () => {
  const state = caughtUp();
  const grow = () => {
    state['batch.events']?.ends.splice(1, 1, 1);
  };
  assert.equal((await survey(stores(state, {}, grow), jobs, 1000)).quiet, false);
});

test('of a topic with two jobs only what both have read counts as read', async () => {
  const state: State = { 'notification.events': { ends: [5, 5], committed: { notify: [5, 2], other: [1, 4] } } };
  const { topics } = await survey(stores(state), [notify, { ...notify, name: 'other' }], 0);
  assert.deepEqual(topics, [{ topic: 'notification.events', read: 3, total: 10 }]);
});
