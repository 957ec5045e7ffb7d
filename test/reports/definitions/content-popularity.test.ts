import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentPopularity } from '../../../reports/definitions/content-popularity.ts';
import { minute } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { batch, course, learner, visited } from './rows.ts';

test('every content of the course has a row, the most visited first, and former contents have one together', async (t) => {
  const spec = await reportSpec(t, contentPopularity);
  const started = { completed: false, completedAt: null };
  spec.rows(
    batch(),
    course(),
    ...learner('a', { contents: { axioms: visited({ views: 3 }), gone: visited(), old: visited(started) } }),
    ...learner('b', { contents: { axioms: visited({ ...started, lastAt: minute(90) }), songs: visited() } }),
    ...learner('c', { contents: { songs: visited() } }, { active: false }),
    ...learner('d', { contents: { axioms: visited({ views: 2 }) } }),
  );
  await spec.thenRows(
    { batchId: 'spring' },
    {
      course_id: 'algebra',
      batch_id: 'spring',
      content_id: 'axioms',
      content_name: 'Axioms',
      content_type: 'page',
      required: true,
      learners: 3,
      share: 75,
      completed: 2,
      views: 6,
      last_visit_at: minute(90),
    },
    { content_id: null, content_name: null, required: null, learners: 2, share: null, completed: 1, views: 2 },
    { content_id: 'songs', required: false, learners: 2, share: 50, completed: 2 },
    { content_id: 'ideals', learners: 0, share: 0, completed: 0, views: 0, last_visit_at: null },
    { content_id: 'orders', learners: 0 },
  );
  const active = await spec.all({ batchId: 'spring', learners: 'active' });
  assert.partialDeepStrictEqual(
    active.find((row) => row['content_id'] === 'songs'),
    { learners: 1 },
  );
});

test('nobody makes no shares, and a course that is not known has one row at most', async (t) => {
  const spec = await reportSpec(t, contentPopularity);
  spec.rows(batch(), course(), batch({ batchId: 'lost', courseId: 'greek' }));
  const unused = { learners: 0, share: null };
  await spec.thenRows({ batchId: 'spring' }, unused, unused, unused, unused);
  await spec.thenRows({ batchId: 'lost' });
  spec.rows(
    ...learner('a', { courseId: 'greek', contents: { alpha: visited(), beta: visited() } }, { batchId: 'lost' }),
  );
  await spec.thenRows({ batchId: 'lost' }, { course_id: 'greek', content_id: null, learners: 2, completed: 2 });
  assert.deepEqual(await spec.outlook({ batchId: 'spring' }), { problems: [], rows: 4 });
});

test('a content that is named as something every object has is a content', async (t) => {
  const spec = await reportSpec(t, contentPopularity);
  spec.rows(
    batch(),
    course({ contents: {} }),
    ...learner('a', { contents: { constructor: visited(), toString: visited() } }),
  );
  await spec.thenRows({ batchId: 'spring' }, { content_id: null, learners: 2 });
});
