import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupProgress } from '../../../reports/definitions/group-progress.ts';
import { minute } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { group, member } from './rows.ts';

test('each member has a row for each course, and no progress where the member is not enrolled', async (t) => {
  const spec = await reportSpec(t, groupProgress);
  spec.rows(
    group({ members: { ada: { role: 'admin', since: minute(3) }, bo: { role: 'member', since: minute(4) } } }),
    member('ada', { progress: 100, state: 'completed', completedAt: minute(9) }),
    member('ada', { courseId: 'latin', enrolled: false }),
    member('bo', { state: 'in_progress', progress: 20 }),
    member('constructor'),
  );
  await spec.thenRows(
    { groupId: 'friends' },
    {
      group_id: 'friends',
      group_name: 'Friends',
      user_id: 'ada',
      role: 'admin',
      member_since: minute(3),
      course_id: 'algebra',
      enrolled: true,
      state: 'completed',
      progress: 100,
      completed_at: minute(9),
    },
    { user_id: 'ada', course_id: 'latin', enrolled: false, state: null, progress: null, completed_at: null },
    { user_id: 'bo', role: 'member', state: 'in_progress', progress: 20 },
    { user_id: 'constructor', role: null, member_since: null, state: 'not_started', progress: 0 },
  );
});

test('a group is found before it runs, with the number of its rows, or there is what to do', async (t) => {
  const spec = await reportSpec(t, groupProgress);
  spec.rows(
    group({ deletedAt: null, members: { ada: {} }, progress: { one: {}, two: {} } }),
    group({ groupId: 'gone', deletedAt: minute(9) }),
    group({ groupId: 'again', deletedAt: minute(9), members: { ada: {} } }),
  );
  assert.deepEqual(await spec.outlook({ groupId: 'friends' }), { problems: [], rows: 2 });
  await spec.thenProblems({ groupId: 'foes' }, /^there is no group foes: give the id/);
  await spec.thenProblems({ groupId: 'Friends' }, /^there is no group Friends: there is friends$/);
  await spec.thenProblems({ groupId: 'gone' }, /^the group gone was deleted/);
  await spec.thenProblems({ groupId: 'again' });
  await spec.thenRows({ groupId: 'foes' });
});
