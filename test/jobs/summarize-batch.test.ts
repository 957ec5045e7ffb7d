/** When a batch starts and ends, and which events are emitted then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { batchCreated, batchEnded, batchRetired, batchStarted } from '../../schemas/batch.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import { at, creates, dates, ids, joins, key, leaves, moves, retires, statusOf, updates } from './batches.ts';

const started = [batchStarted, ids] as const;
const ended = [batchEnded, ids] as const;

test('a batch that is announced before its start is upcoming', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.when(creates(10, 20));
  await spec.thenRow(key, { ...ids, name: 'Spring', ...dates(10, 20), status: 'upcoming', learners: 0 });
  await spec.thenNothing();
});

test('it starts at its start and ends at its end, and emits each once', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 20));
  await spec.whenTimeIs(minute(10) - 1);
  await spec.thenNothing();
  await spec.whenTimeIs(minute(10));
  await spec.thenRow(key, { status: 'ongoing' });
  await spec.thenEmits(started);
  await spec.whenTimeIs(minute(20) - 1);
  await spec.thenNothing();
  await spec.whenTimeIs(minute(20));
  await spec.thenRow(key, { status: 'ended' });
  await spec.thenEmits(ended);
  await spec.whenTimeIs(minute(1000));
  await spec.thenNothing();
});

test('a batch without an end goes on', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, null));
  await spec.whenTimeIs(minute(1_000_000));
  await spec.thenRow(key, { status: 'ongoing', endsAt: null });
  await spec.thenEmits(started);
});

test('timers that are late, both at once, emit the start and then the end', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 20));
  await spec.whenTimeIs(minute(500));
  await spec.thenRow(key, { status: 'ended' });
  await spec.thenEmits(started, ended);
});

/** Batches announced at minute 30. */
const EMITTED: readonly (readonly [
  when: string,
  start: number,
  end: number | null,
  status: string,
  emits: readonly (typeof started | typeof ended)[],
])[] = [
  ['before its start', 31, 40, 'upcoming', []],
  ['at its start', 30, 40, 'ongoing', [started]],
  ['between its start and its end', 20, 40, 'ongoing', [started]],
  ['after its start, without an end', 20, null, 'ongoing', [started]],
  ['at its end', 20, 30, 'ended', [started, ended]],
  ['after its end', 10, 20, 'ended', [started, ended]],
  ['when it starts and ends at once', 30, 30, 'ended', [started, ended]],
];

for (const [when, start, end, status, emits] of EMITTED) {
  for (const tells of [creates, updates]) {
    test(`a batch announced by ${tells(0, 0)[0].type} ${when} is ${status}`, async (t) => {
      const spec = await jobSpec(t, summarizeBatch);
      await spec.when(at(30, tells(start, end)));
      await spec.thenRow(key, { status, ...dates(start, end) });
      await spec.thenEmits(...emits);
    });
  }
}

test('a batch that starts and ends at once, later, emits both', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 10));
  await spec.whenTimeIs(minute(10));
  await spec.thenRow(key, { status: 'ended' });
  await spec.thenEmits(started, ended);
});

test('a batch that ends before it starts is refused, and stays as it was', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 20));
  await spec.when(updates(10, 9), [batchCreated, { ...ids, batchId: 'autumn', name: 'Autumn', ...dates(5, 4) }]);
  await spec.thenRow(key, dates(10, 20));
  await spec.thenRow(['autumn'], undefined);
  await spec.thenDeadLetters('FACT_IMPOSSIBLE', 'FACT_IMPOSSIBLE');
});

test('a batch known only from its learners is of unknown status, and starts when it is announced', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.when(joins('ada'));
  await spec.thenRow(key, { ...ids, name: '', startsAt: null, endsAt: null, status: 'unknown', learners: 1 });
  await spec.thenNothing();
  await spec.when(creates(0, null));
  await spec.thenRow(key, { name: 'Spring', status: 'ongoing', learners: 1 });
  await spec.thenEmits(started);
});

const RETIRED_AT: readonly (readonly [when: string, given: readonly SpecEvent[], time: number])[] = [
  ['before it is known', [], 5],
  ['when only its learners are known', [joins('ada')], 5],
  ['before its start', [creates(10, 20)], 5],
  ['while it goes on', [creates(10, 20)], 15],
  ['after its end', [creates(10, 20)], 25],
];

for (const [when, given, now] of RETIRED_AT) {
  test(`a batch that is retired ${when} stays retired, and emits nothing any more`, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(...given);
    await spec.whenTimeIs(minute(now));
    await spec.when(at(now, retires));
    assert.equal(await statusOf(spec), 'retired');
    await spec.thenNothing();
    await spec.when(at(now, updates(30, 40)), at(now, retires), at(now, creates(30, 40)));
    await spec.whenTimeIs(minute(1000));
    await spec.thenRow(key, { status: 'retired', ...dates(30, 40) });
    await spec.thenNothing();
  });
}

test('the course of a batch that was retired before it was known is known from its first learner', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(retires);
  await spec.thenRow(key, { courseId: '' });
  await spec.given(joins('ada'));
  await spec.thenRow(key, { courseId: 'algebra', status: 'retired', learners: 1 });
});

test('its views show the current batch, in the search and to subscribers', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(1, null), joins('ada', 25), joins('ben', 100), joins('eve'), leaves('eve', 0));
  const shown = {
    ...ids,
    name: 'Spring',
    ...dates(1, null),
    status: 'upcoming',
    learners: 2,
    ever: 3,
    left: 1,
    notStarted: 0,
    inProgress: 1,
    completed: 1,
    meanProgress: 62.5,
    histogram: [0, 0, 1, 0, 0, 0, 0, 0, 0, 1],
  };
  await spec.thenView('batches', shown);
  await spec.thenView('batch_summaries', shown);
  await spec.whenTimeIs(minute(1));
  await spec.thenView('batches', { ...shown, status: 'ongoing' });
  await spec.thenView('batch_summaries', { ...shown, status: 'ongoing' });
});

survives(summarizeBatch, [
  joins('ada'),
  creates(4, 30),
  [batchCreated, { ...ids, batchId: 'autumn', name: 'Autumn', ...dates(40, 50) }],
  moves('ada', 0, 50),
  joins('ben', 100),
  updates(3, 40),
  leaves('zoe', 70),
  leaves('ada', 50),
  [batchRetired, { batchId: 'autumn' }],
  joins('ada', 60, false),
  updates(20, 60),
  updates(60, 20),
]);
