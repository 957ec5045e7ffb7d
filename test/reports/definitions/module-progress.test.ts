import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleProgress } from '../../../reports/definitions/module-progress.ts';
import { reportSpec } from './report-spec.ts';
import { batch, course, learner } from './rows.ts';

test('each learner has a row for each unit, with what of it is complete', async (t) => {
  const spec = await reportSpec(t, moduleProgress);
  spec.rows(batch(), course(), ...learner('ada', { units: { groups: 1, rings: 1 } }), ...learner('bo'));
  await spec.thenRows(
    { batchId: 'spring' },
    { user_id: 'ada', unit_id: 'extras', progress: null, completed_contents: 0, required_contents: 0 },
    {
      course_id: 'algebra',
      batch_id: 'spring',
      user_id: 'ada',
      active: true,
      unit_id: 'groups',
      unit_name: 'Groups',
      parent_unit_id: null,
      progress: 50,
      completed_contents: 1,
      required_contents: 2,
    },
    { user_id: 'ada', unit_id: 'rings', progress: 100, completed_contents: 1, required_contents: 1 },
    { user_id: 'bo', unit_id: 'extras', progress: null },
    { user_id: 'bo', unit_id: 'groups', progress: 0, completed_contents: 0 },
    { user_id: 'bo', unit_id: 'rings', progress: 0, completed_contents: 0 },
  );
});

test('counts of a course that has become smaller since do not exceed it', async (t) => {
  const spec = await reportSpec(t, moduleProgress);
  spec.rows(batch(), course(), ...learner('ada', { units: { rings: 4 } }, { active: false }));
  const [, , rings] = await spec.all({ batchId: 'spring' });
  assert.partialDeepStrictEqual(rings, { unit_id: 'rings', progress: 100, completed_contents: 1, active: false });
  await spec.thenRows({ batchId: 'spring', learners: 'active' });
});

test('a learner whose progress is gone has units without progress', async (t) => {
  const spec = await reportSpec(t, moduleProgress);
  spec.rows(batch(), course(), learner('ada')[1] ?? assert.fail());
  await spec.thenRows(
    { batchId: 'spring' },
    { unit_id: 'extras', completed_contents: null },
    { unit_id: 'groups', progress: null, completed_contents: null, required_contents: 2 },
    { unit_id: 'rings', progress: null },
  );
});

test('without learners, without units and without a course there are no rows', async (t) => {
  const spec = await reportSpec(t, moduleProgress);
  spec.rows(batch(), course(), batch({ batchId: 'flat', courseId: 'latin' }), course({ courseId: 'latin', units: {} }));
  spec.rows(
    batch({ batchId: 'lost', courseId: 'greek' }),
    ...learner('ada', { courseId: 'greek' }, { batchId: 'lost' }),
  );
  await spec.thenRows({ batchId: 'spring' });
  await spec.thenRows({ batchId: 'flat' });
  await spec.thenRows({ batchId: 'lost' });
  await spec.thenProblems({ batchId: 'flat' }, /the course latin has no units: ask for learner-progress instead/);
  await spec.thenProblems(
    { batchId: 'lost' },
    /the course greek of the batch is not known: produce its content.published/,
  );
});

test('it has as many rows as learners times units', async (t) => {
  const spec = await reportSpec(t, moduleProgress);
  spec.rows(batch({ ever: 10, learners: 7 }), course());
  assert.deepEqual(await spec.outlook({ batchId: 'spring' }), { problems: [], rows: 30 });
  assert.deepEqual(await spec.outlook({ batchId: 'spring', learners: 'active' }), { problems: [], rows: 21 });
  await spec.thenProblems({ batchId: 'autumn' }, /no batch autumn/);
});
