import { test } from 'node:test';
import { dropOff } from '../../../reports/definitions/drop-off.ts';
import { minute } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { batch, course, type InBatch, learner, visited } from './rows.ts';

const DAY = 24 * 60;
const asOf = new Date(minute(100 * DAY)).toISOString();
const given = { batchId: 'spring', inactiveDays: 10, asOf };

/** A learner who visited these contents, the last of them on this day. */
const stopped = (userId: string, day: number, contents: readonly string[], progress = 0, place: InBatch = {}) =>
  learner(
    userId,
    {
      state: contents.length === 0 ? 'not_started' : 'in_progress',
      progress,
      lastAccessAt: contents.length === 0 ? null : minute(day * DAY),
      contents: Object.fromEntries(
        contents.map((id, i) => [id, visited({ lastAt: minute(day * DAY - contents.length + 1 + i) })]),
      ),
    },
    { firstAt: minute(day * DAY - 100), ...place },
  );

test('learners who do not go on are counted by the content that they visited last', async (t) => {
  const spec = await reportSpec(t, dropOff);
  spec.rows(
    batch(),
    course(),
    ...stopped('a', 50, ['axioms', 'orders'], 66),
    ...stopped('b', 90, ['ideals', 'orders'], 33),
    ...stopped('c', 50, ['ideals'], 33),
    ...stopped('d', 50, ['axioms', 'songs'], 33),
    ...stopped('e', 50, ['axioms', 'gone'], 33),
    ...stopped('f', 50, []),
    // Not yet inactive.
    ...stopped('g', 91, ['ideals']),
    ...stopped('h', 95, []),
  );
  await spec.thenRows(
    given,
    {
      course_id: 'algebra',
      batch_id: 'spring',
      stopped_at: 'content',
      content_id: 'orders',
      content_name: 'Orders',
      unit_id: 'groups',
      unit_name: 'Groups',
      learners: 2,
      share: 33.33,
      mean_progress: 49.5,
    },
    { stopped_at: 'content', content_id: 'ideals', unit_id: 'rings', learners: 1 },
    { stopped_at: 'content', content_id: 'songs', unit_id: null, unit_name: null, learners: 1 },
    { stopped_at: 'former content', content_id: null, content_name: null, learners: 1 },
    { stopped_at: 'nothing', content_id: null, learners: 1, mean_progress: 0 },
  );
});

test('who has completed the course has not stopped, and who has left has, however long ago', async (t) => {
  const spec = await reportSpec(t, dropOff);
  const away = { active: false, since: minute(99 * DAY) };
  spec.rows(
    batch(),
    course(),
    ...learner('a', { state: 'completed', lastAccessAt: minute(20), contents: { ideals: visited() } }),
    ...stopped('b', 99, ['axioms'], 33, away),
  );
  await spec.thenRows(given, { content_id: 'axioms', learners: 1, share: 100 });
  await spec.thenRows({ ...given, learners: 'active' });
});

test('who came back to the batch has not stopped for as long as that is new', async (t) => {
  const spec = await reportSpec(t, dropOff);
  spec.rows(batch(), course(), ...stopped('a', 50, ['axioms'], 33, { since: minute(95 * DAY) }));
  await spec.thenRows(given);
  await spec.thenRows({ ...given, inactiveDays: 5 }, { content_id: 'axioms' });
});

test('the unit is the innermost one', async (t) => {
  const spec = await reportSpec(t, dropOff);
  const unit = (name: string, parentId: string | null) => ({
    name,
    parentId,
    otherParentIds: [],
    optional: false,
    required: 1,
  });
  const contents = { axioms: { name: 'Axioms', required: true, units: ['all', 'first', 'inner'], type: '' } };
  const units = { all: unit('All', null), first: unit('First', 'all'), inner: unit('Inner', 'first') };
  spec.rows(batch(), course({ units, contents }), ...stopped('a', 50, ['axioms']));
  await spec.thenRows(given, { unit_id: 'inner', unit_name: 'Inner' });
});

test('of two contents at the same moment the first by id counts, and nobody makes no rows', async (t) => {
  const spec = await reportSpec(t, dropOff);
  spec.rows(batch(), course());
  await spec.thenRows(given);
  const contents = { orders: visited(), axioms: visited(), ideals: visited() };
  spec.rows(...learner('a', { state: 'in_progress', lastAccessAt: minute(10), contents }));
  await spec.thenRows(given, { content_id: 'axioms', learners: 1 });
  await spec.thenProblems({ batchId: 'autumn' }, /no batch autumn/);
});
