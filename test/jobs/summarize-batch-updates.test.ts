/** The effects of an update on a batch, its timers and its events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeBatch } from '../../jobs/summarize-batch/summarize-batch.ts';
import { batchCreated, batchEnded, batchStarted } from '../../schemas/batch.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { at, creates, dates, ids, joins, key, retires, statusOf, updates } from './batches.ts';

const started = [batchStarted, ids] as const;
const ended = [batchEnded, ids] as const;

test('an update carries the whole batch', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 20), joins('ada', 50));
  await spec.when([batchCreated, { ...ids, name: 'Late', ...dates(1, 2) }], updates(11, null, 'Spring term'));
  await spec.thenRow(key, { name: 'Spring term', ...dates(11, null), learners: 1, progressSum: 50 });
});

test('a creation after an update, or a second creation, adds nothing', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(updates(10, 20));
  await spec.when(creates(1, 2, 'Old'), creates(3, 4, 'Older'));
  await spec.thenRow(key, { name: 'Spring', ...dates(10, 20), status: 'upcoming' });
  await spec.thenNothing();
});

test('the same update again changes nothing', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 20), at(1, updates(10, 20)));
  const before = await spec.revision(key);
  await spec.when(at(1, updates(10, 20)));
  assert.equal(await spec.revision(key), before);
  await spec.when(at(2, updates(10, 20)));
  await spec.thenNothing();
  await spec.whenTimeIs(minute(10));
  await spec.thenEmits(started);
});

/** A batch from minute 10 to 20 was announced and its timers fired. Then it is updated at this minute, with these later effects. */
const UPDATES: readonly {
  rule: string;
  minute: number;
  update: SpecEvent;
  status: string;
  emits: readonly (typeof started | typeof ended)[];
  later: readonly (readonly [minute: number, status: string, emits: readonly (typeof started | typeof ended)[]])[];
}[] = [
  {
    rule: 'a batch that is put off starts when it says now',
    minute: 5,
    update: updates(12, 20),
    status: 'upcoming',
    emits: [],
    later: [
      [10, 'upcoming', []],
      [12, 'ongoing', [started]],
      [20, 'ended', [ended]],
    ],
  },
  {
    rule: 'a batch that is brought forward starts when it says now',
    minute: 5,
    update: updates(7, 9),
    status: 'upcoming',
    emits: [],
    later: [
      [7, 'ongoing', [started]],
      [9, 'ended', [ended]],
      [20, 'ended', []],
    ],
  },
  {
    rule: 'an upcoming batch that is brought forward to before now starts at once',
    minute: 5,
    update: updates(3, 20),
    status: 'ongoing',
    emits: [started],
    later: [
      [10, 'ongoing', []],
      [20, 'ended', [ended]],
    ],
  },
  {
    rule: 'an ongoing batch whose end is brought forward to before now ends at once',
    minute: 15,
    update: updates(10, 14),
    status: 'ended',
    emits: [ended],
    later: [[20, 'ended', []]],
  },
  {
    rule: 'an ongoing batch that is extended ends later',
    minute: 15,
    update: updates(10, 30),
    status: 'ongoing',
    emits: [],
    later: [
      [20, 'ongoing', []],
      [30, 'ended', [ended]],
    ],
  },
  {
    rule: 'an ongoing batch that has no end any more goes on',
    minute: 15,
    update: updates(10, null),
    status: 'ongoing',
    emits: [],
    later: [[9000, 'ongoing', []]],
  },
  {
    rule: 'an ongoing batch that is put off to after now is upcoming again, and starts again',
    minute: 15,
    update: updates(18, 20),
    status: 'upcoming',
    emits: [],
    later: [
      [18, 'ongoing', [started]],
      [20, 'ended', [ended]],
    ],
  },
  {
    rule: 'an ended batch that is extended goes on, without a start, and ends again',
    minute: 25,
    update: updates(10, 30),
    status: 'ongoing',
    emits: [],
    later: [[30, 'ended', [ended]]],
  },
  {
    rule: 'an ended batch that is put off to after now is upcoming again',
    minute: 25,
    update: updates(30, 40),
    status: 'upcoming',
    emits: [],
    later: [
      [30, 'ongoing', [started]],
      [40, 'ended', [ended]],
    ],
  },
  {
    rule: 'an ended batch whose dates stay in the past says nothing',
    minute: 25,
    update: updates(11, 19, 'Spring term'),
    status: 'ended',
    emits: [],
    later: [[100, 'ended', []]],
  },
];

for (const { rule, minute: now, update, status, emits, later } of UPDATES) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(creates(10, 20));
    await spec.whenTimeIs(minute(now));
    await spec.when(at(now, update));
    assert.equal(await statusOf(spec), status);
    await spec.thenEmits(...emits);
    for (const [then, becomes, emitsLater] of later) {
      await spec.whenTimeIs(minute(then));
      assert.equal(await statusOf(spec), becomes, `minute ${then}`);
      await spec.thenEmits(...emitsLater);
    }
  });
}

test('what a late timer has yet to emit is emitted before an update postpones the batch', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 20));
  await spec.when(at(25, updates(30, 40)));
  await spec.thenRow(key, { status: 'upcoming' });
  await spec.thenEmits(started, ended);
  await spec.whenTimeIs(minute(30));
  await spec.thenEmits(started);
});

test('what a late timer has yet to emit is emitted before the batch is retired', async (t) => {
  const spec = await jobSpec(t, summarizeBatch);
  await spec.given(creates(10, 20));
  await spec.when(at(15, retires));
  await spec.thenEmits(started);
  await spec.whenTimeIs(minute(30));
  await spec.thenNothing();
});

const BEHIND: readonly (readonly [status: string, now: number, update: SpecEvent])[] = [
  ['ongoing', 12, updates(10, 20, 'Spring term')],
  ['ongoing', 12, updates(9, 20)],
  ['ended', 22, updates(10, 20, 'Spring term')],
  ['ended', 22, updates(10, 19)],
];

for (const [status, now, update] of BEHIND) {
  test(`an update by somebody whose clock is behind leaves a batch ${status} that is so (${String(update[1]['name'])})`, async (t) => {
    const spec = await jobSpec(t, summarizeBatch);
    await spec.given(creates(10, 20));
    await spec.whenTimeIs(minute(now));
    await spec.when(at(1, update));
    assert.equal(await statusOf(spec), status);
    await spec.thenNothing();
  });
}
