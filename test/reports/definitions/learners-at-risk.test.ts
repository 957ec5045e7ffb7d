import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learnersAtRisk } from '../../../reports/definitions/learners-at-risk.ts';
import { minute } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { batch, type InBatch, learner } from './rows.ts';

const DAY = 24 * 60;
const asOf = new Date(minute(100 * DAY)).toISOString();
const given = { batchId: 'spring', inactiveDays: 10, behindPoints: 20, asOf };

const at = (userId: string, progress: number, day: number | null, place: InBatch = {}) =>
  learner(
    userId,
    {
      progress,
      state: progress === 100 ? 'completed' : day === null ? 'not_started' : 'in_progress',
      lastAccessAt: day === null ? null : minute(day * DAY),
    },
    place,
  );

test('learners who are inactive or far behind the median are there with the reason', async (t) => {
  const spec = await reportSpec(t, learnersAtRisk);
  spec.rows(
    batch(),
    ...at('a', 60, 99),
    ...at('b', 60, 90),
    ...at('c', 40, 99),
    ...at('d', 41, 99),
    ...at('e', 5, 50),
    ...at('f', 100, 20),
    ...at('g', 70, 99),
    // Left: not at risk, and not part of the median.
    ...at('h', 0, 20, { active: false }),
    ...at('i', 0, 20, { active: false }),
  );
  await spec.thenRows(
    given,
    {
      course_id: 'algebra',
      batch_id: 'spring',
      user_id: 'b',
      reason: 'inactive',
      state: 'in_progress',
      progress: 60,
      median_progress: 60,
      last_access_at: minute(90 * DAY),
      days_inactive: 10,
    },
    { user_id: 'c', reason: 'behind', progress: 40, days_inactive: 1 },
    { user_id: 'e', reason: 'inactive and behind', days_inactive: 50 },
  );
  await spec.thenRows({ ...given, inactiveDays: 11, behindPoints: 100 }, { user_id: 'e', reason: 'inactive' });
});

test('who has visited nothing is inactive since joining, and who came back since then', async (t) => {
  const spec = await reportSpec(t, learnersAtRisk);
  spec.rows(
    batch(),
    ...at('a', 0, null, { since: minute(90 * DAY) }),
    ...at('b', 0, null, { since: minute(95 * DAY) }),
    ...at('c', 0, 20, { since: minute(95 * DAY) }),
  );
  await spec.thenRows(given, { user_id: 'a', last_access_at: null, days_inactive: 10, reason: 'inactive' });
});

test('the median is the progress that half of the learners have at most', async (t) => {
  for (const [progress, median] of [
    [[7], 7],
    [[0, 100], 0],
    [[0, 50, 100], 50],
    [[0, 0, 99, 100], 0],
    [[100, 100, 100], 100],
  ] as const) {
    const spec = await reportSpec(t, learnersAtRisk);
    spec.rows(batch(), ...progress.flatMap((each, n) => at(`l${n}`, each, 99)), ...at('z', 0, 1, { active: false }));
    const rows = await spec.all({ ...given, inactiveDays: 1, behindPoints: 1 });
    const medians = new Set(rows.map((row) => row['median_progress']));
    assert.deepEqual([...medians], progress.every((each) => each === 100) ? [] : [median], `${progress}`);
  }
});

test('a batch without learners has nobody at risk', async (t) => {
  const spec = await reportSpec(t, learnersAtRisk);
  spec.rows(batch({ learners: 9, completed: 4 }));
  await spec.thenRows(given);
  assert.deepEqual(await spec.outlook(given), { problems: [], rows: 5 });
});
