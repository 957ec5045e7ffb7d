import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activity as visits } from '../../../reports/datasources/activity.ts';
import { activity } from '../../../reports/definitions/activity.ts';
import { contentProgressed } from '../../../schemas/enrollment.ts';
import type { SpecEvent } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { course } from './rows.ts';

interface Rest {
  readonly courseId?: string;
  readonly contentId?: string;
  readonly status?: string;
  readonly views?: number;
  readonly tenant?: string;
}

const visit = (userId: string, time: string, rest: Rest = {}): SpecEvent => {
  const { courseId = 'algebra', contentId = 'axioms', status = 'started', views = 1, tenant } = rest;
  const data = { userId, courseId, contentId, status, views };
  return [contentProgressed, data, { time: Date.parse(time), ...(tenant && { tenant }) }];
};

const row = (period: string, active_learners: number, views: number, completions = 0) => ({
  period,
  active_learners,
  views,
  completions,
});

test('who learns on several days of a week is one learner of it', async (t) => {
  const spec = await reportSpec(t, activity);
  // 2 March 2026 is a Monday.
  await spec.events(visits, visit('ada', '2026-03-02T09:00:00Z', { views: 2 }), visit('bo', '2026-03-03T09:00:00Z'));
  await spec.events(visits, visit('ada', '2026-03-08T23:59:59Z'), visit('ada', '2026-03-09T00:00:00Z'));
  await spec.thenRows({}, row('2026-03-02', 2, 4), row('2026-03-09', 1, 1));
  await spec.thenRows({ every: 'month' }, row('2026-03-01', 2, 5));
  await spec.thenRows(
    { every: 'day' },
    row('2026-03-02', 1, 2),
    row('2026-03-03', 1, 1),
    row('2026-03-08', 1, 1),
    row('2026-03-09', 1, 1),
  );
});

test('a content that one learner completes several times is one completion', async (t) => {
  const spec = await reportSpec(t, activity);
  const completed = { status: 'completed' };
  await spec.events(
    visits,
    visit('ada', '2026-03-02T09:00:00Z', completed),
    visit('ada', '2026-03-04T09:00:00Z', completed),
    visit('ada', '2026-03-04T09:00:00Z', { ...completed, contentId: 'orders' }),
    visit('bo', '2026-03-05T09:00:00Z', completed),
  );
  await spec.thenRows({}, row('2026-03-02', 2, 4, 3));
});

test('courses are told apart, or one of them is chosen', async (t) => {
  const spec = await reportSpec(t, activity);
  await spec.events(
    visits,
    visit('ada', '2026-03-02T09:00:00Z'),
    visit('ada', '2026-03-03T09:00:00Z', { courseId: 'latin' }),
    visit('bo', '2026-03-03T09:00:00Z', { courseId: 'latin' }),
  );
  await spec.thenRows({}, { ...row('2026-03-02', 2, 3), course_id: null });
  await spec.thenRows(
    { byCourse: true },
    { ...row('2026-03-02', 1, 1), course_id: 'algebra' },
    { ...row('2026-03-02', 2, 2), course_id: 'latin' },
  );
  await spec.thenRows({ courseId: 'algebra' }, { ...row('2026-03-02', 1, 1), course_id: null });
  await spec.thenRows({ courseId: 'algebra', byCourse: true }, { ...row('2026-03-02', 1, 1), course_id: 'algebra' });
  await spec.thenRows({ courseId: "' or true --" });
});

test('weeks and the days that are asked for are those of the zone', async (t) => {
  const spec = await reportSpec(t, activity);
  // In Kolkata, Monday begins at 18:30 UTC on Sunday.
  await spec.events(visits, visit('ada', '2026-03-08T18:29:59Z'), visit('bo', '2026-03-08T18:30:00Z'));
  const zone = 'Asia/Kolkata';
  await spec.thenRows({}, row('2026-03-02', 2, 2));
  await spec.thenRows({ zone }, row('2026-03-02', 1, 1), row('2026-03-09', 1, 1));
  await spec.thenRows({ zone, first: '2026-03-09' }, row('2026-03-09', 1, 1));
  await spec.thenRows({ zone, last: '2026-03-08' }, row('2026-03-02', 1, 1));
  await spec.thenRows({ zone, first: '2026-03-10', last: '2026-03-20' });
});

test('a local day may end on the next day of UTC', async (t) => {
  const spec = await reportSpec(t, activity);
  // In Los Angeles, midnight is at 8:00 UTC.
  await spec.events(visits, visit('ada', '2026-03-03T07:59:59Z'), visit('bo', '2026-03-03T08:00:00Z'));
  const asked = { every: 'day', zone: 'America/Los_Angeles' };
  await spec.thenRows({ ...asked, last: '2026-03-02' }, row('2026-03-02', 1, 1));
  await spec.thenRows({ ...asked, first: '2026-03-03' }, row('2026-03-03', 1, 1));
});

test('many learners over many segments are counted closely, and never added up', async (t) => {
  const spec = await reportSpec(t, activity);
  const many = Array.from({ length: 9000 }, (_, n) => `learner-${n}`);
  for (const day of ['02', '03', '04'])
    await spec.events(visits, ...many.map((userId) => visit(userId, `2026-03-${day}T09:00:00Z`)));
  const [week, ...more] = await spec.all({});
  assert.deepEqual([week?.['views'], more], [27_000, []]);
  assert.ok(Math.abs(Number(week?.['active_learners']) - 9000) < 0.08 * 9000, String(week?.['active_learners']));
});

test('without visits there are no periods', async (t) => {
  const spec = await reportSpec(t, activity);
  await spec.thenRows({});
  await spec.events(visits, visit('ada', '2026-03-02T09:00:00Z', { tenant: 'north' }));
  await spec.thenRows({});
  await spec.thenRows({ byCourse: true });
});

test('a course that nobody knows is refused before it runs', async (t) => {
  const spec = await reportSpec(t, activity);
  spec.rows(course());
  await spec.thenProblems({ courseId: 'algebra' });
  await spec.thenProblems({ courseId: 'greek' }, /no course greek: look for it with `tributary search courses`/);
});
