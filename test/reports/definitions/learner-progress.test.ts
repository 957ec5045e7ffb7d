import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learnerProgress } from '../../../reports/definitions/learner-progress.ts';
import { batchLearners } from '../../../schemas/rows/learner-progress.ts';
import { minute } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { batch, course, learner, visited } from './rows.ts';

const DAY = 24 * 60;
const iso = (at: number): string => new Date(at).toISOString();

test('each learner of the batch is one row, in the order of ids, with what was visited and completed', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  spec.rows(
    batch(),
    ...learner('eve'),
    ...learner(
      'ada',
      {
        completed: 2,
        progress: 66,
        state: 'in_progress',
        firstAccessAt: minute(10),
        lastAccessAt: minute(20),
        contents: { axioms: visited({ views: 3 }), songs: visited({ views: 4 }), gone: visited({ completed: false }) },
      },
      { firstAt: minute(5) },
    ),
    ...learner('bo', { state: 'completed', completed: 3, progress: 100, completedAt: minute(40) }),
  );
  await spec.thenRows(
    { batchId: 'spring', asOf: iso(minute(20 + 3 * DAY - 1)) },
    {
      course_id: 'algebra',
      course_name: 'Algebra',
      batch_id: 'spring',
      batch_name: 'Spring',
      user_id: 'ada',
      active: true,
      joined_at: minute(5),
      left_at: null,
      state: 'in_progress',
      progress: 66,
      completed_contents: 2,
      required_contents: 3,
      views: 8,
      first_access_at: minute(10),
      last_access_at: minute(20),
      completed_at: null,
      days_inactive: 2,
    },
    { user_id: 'bo', state: 'completed', progress: 100, completed_at: minute(40), views: 0, days_inactive: null },
    { user_id: 'eve', state: 'not_started', progress: 0, first_access_at: null, last_access_at: null },
  );
});

test('a learner of a course that is not known, or requires nothing, has no progress, and not all of it', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  const unmeasured = { required: 0, completed: 0, progress: 0, courseName: '', state: 'in_progress' } as const;
  spec.rows(batch({ name: '' }), ...learner('ada', unmeasured));
  await spec.thenRows(
    { batchId: 'spring' },
    { course_name: null, batch_name: null, progress: null, completed_contents: null, required_contents: null },
  );
});

test('those who have left are there with the time, or are left out', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  spec.rows(
    batch(),
    ...learner('ada', {}, { active: false, firstAt: minute(5), since: minute(50) }),
    ...learner('bo', {}, { firstAt: minute(6), since: minute(60) }),
    ...learner('eve', {}, { active: false, firstAt: 0, since: minute(7) }),
  );
  await spec.thenRows(
    { batchId: 'spring' },
    { user_id: 'ada', active: false, joined_at: minute(5), left_at: minute(50) },
    { user_id: 'bo', active: true, joined_at: minute(6), left_at: null },
    { user_id: 'eve', active: false, joined_at: null, left_at: minute(7) },
  );
  await spec.thenRows({ batchId: 'spring', learners: 'active' }, { user_id: 'bo' });
});

test('learners of another course, who enrolled while the batch was not known, are not among them', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  spec.rows(
    batch(),
    ...learner('ada'),
    ...learner('ada', { courseId: 'latin' }),
    ...learner('bo', { courseId: 'latin' }),
  );
  await spec.thenRows({ batchId: 'spring' }, { user_id: 'ada', course_id: 'algebra' });
});

test('a visit after the moment of asOf is no day ago, and not a day in the future', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  spec.rows(batch(), ...learner('ada', { lastAccessAt: minute(5 * DAY) }));
  await spec.thenRows({ batchId: 'spring', asOf: iso(minute(DAY)) }, { days_inactive: 0 });
  await spec.thenRows({ batchId: 'spring', asOf: iso(minute(6 * DAY)) }, { days_inactive: 1 });
});

test('a learner whose progress is gone between two reads is there with what the batch knows', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  const [, view] = learner('ada', { state: 'in_progress', progress: 33, lastAccessAt: minute(20) });
  assert.equal(view?.[0], batchLearners);
  spec.rows(batch(), view);
  await spec.thenRows({ batchId: 'spring' }, { user_id: 'ada', state: 'in_progress', progress: null, joined_at: null });
});

test('a batch without learners, and one that nobody knows, have no rows', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  spec.rows(batch());
  await spec.thenRows({ batchId: 'spring' });
  await spec.thenRows({ batchId: 'autumn' });
});

test('the batch is found before it runs, with the number of its learners, or there is what to do', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  spec.rows(
    batch({ ever: 12, learners: 10 }),
    batch({ batchId: 'old', status: 'retired' }),
    batch({ batchId: 'AAA-2013J' }),
    course(),
  );
  assert.deepEqual(await spec.outlook({ batchId: 'spring' }), { problems: [], rows: 12 });
  assert.deepEqual(await spec.outlook({ batchId: 'spring', learners: 'active' }), { problems: [], rows: 10 });
  await spec.thenProblems(
    { batchId: 'autumn' },
    /^there is no batch autumn: look for it with `tributary search batches`/,
  );
  await spec.thenProblems({ batchId: ' aaa-2013j' }, /^there is no batch {2}aaa-2013j: there is AAA-2013J$/);
  await spec.thenProblems({ batchId: 'algebra' }, /algebra is a course, so give the id of one of its batches/);
  await spec.thenProblems({ batchId: 'old' }, /^the batch old was retired: set the parameter retired to true/);
  await spec.thenProblems({ batchId: 'old', retired: true });
});

test('it holds one page of learners at a time, however many there are', async (t) => {
  const spec = await reportSpec(t, learnerProgress);
  spec.rows(batch(), ...Array.from({ length: 50 }, (_, n) => learner(`learner-${n}`)).flat());
  assert.equal((await spec.all({ batchId: 'spring' })).length, 50);
  assert.equal(spec.reads.mostRows, 2);
});
