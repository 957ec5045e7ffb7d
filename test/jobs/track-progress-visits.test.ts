/** What a row keeps of visits and completions, whatever their order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { learnerProgressed } from '../../schemas/batch.ts';
import { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { jobSpec, minute } from '../../testing/job-spec.ts';
import { but, completes, joins, key, known, opens, standing } from './learners.ts';

test('visits add up, and keep the first and the latest time whatever their order', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = opens('a', 2);
  await spec.given(
    [def, data, { time: minute(50) }],
    [def, data, { time: minute(10) }],
    [def, data, { time: minute(30) }],
  );
  await spec.thenRow(key, {
    contents: {
      a: { completed: false, views: 6, firstAt: minute(10), lastAt: minute(50), completedAt: null, again: [] },
    },
    firstAccessAt: minute(10),
    lastAccessAt: minute(50),
  });
});

test('a repeated visit is one visit', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = opens('a', 3);
  await spec.given([def, data, { id: 'visit' }], opens('b'), [def, data, { id: 'visit' }]);
  const visits = { completed: false, completedAt: null, again: [] };
  await spec.thenRow(key, {
    contents: {
      a: { ...visits, views: 3, firstAt: minute(0), lastAt: minute(0) },
      b: { ...visits, views: 1, firstAt: minute(1), lastAt: minute(1) },
    },
    lastAccessAt: minute(1),
  });
});

test('two sources can use the same id for two visits', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = opens('a', 3);
  await spec.given([def, data, { id: 'visit' }], [def, data, { id: 'visit', source: '/another' }]);
  assert.equal((await spec.row(learnerProgress, key))?.contents?.get('a')?.views, 6);
});

test('more visits than a row can count are refused', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(opens('a', 2 ** 31 - 2), opens('a', 1));
  await spec.when(opens('a', 1));
  assert.equal((await spec.row(learnerProgress, key))?.contents?.get('a')?.views, 2 ** 31 - 1);
  await spec.thenDeadLetters('FACT_IMPOSSIBLE');
});

test('a repeated visit is forgotten after eight others, and then counts again', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const visit = but(opens('a'), { id: 'visit' });
  const views = async () => (await spec.row(learnerProgress, key))?.contents?.get('a')?.views;
  await spec.given(visit, ...Array.from({ length: 7 }, () => opens('b')), visit);
  assert.equal(await views(), 1);
  await spec.given(opens('b'), visit);
  assert.equal(await views(), 2);
});

test('a visit that is repeated as a completion completes, and stays one visit', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = opens('a');
  await spec.given(joins, [def, data, { id: 'visit' }]);
  await spec.when([def, { ...data, status: 'completed' }, { id: 'visit' }]);
  await spec.thenRow(key, {
    contents: {
      a: { completed: true, views: 1, firstAt: minute(1), lastAt: minute(2), completedAt: minute(2), again: [] },
    },
    progress: 50,
  });
  await spec.thenEmits([
    learnerProgressed,
    { ...standing(50, 'in_progress'), previousProgress: 0, previousState: 'in_progress' },
  ]);
});

test('a late completion is the first one if its time is, and the course was completed as early as follows from it', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  const [def, data] = completes('a');
  await spec.given(joins, [def, data, { time: minute(50) }], but(completes('b'), { time: minute(40) }));
  await spec.when([def, data, { time: minute(20) }], [def, data, { time: minute(60) }]);
  const a = { completed: true, views: 3, firstAt: minute(20), lastAt: minute(60), completedAt: minute(20) };
  const b = { completed: true, views: 1, firstAt: minute(40), lastAt: minute(40), completedAt: minute(40), again: [] };
  await spec.thenRow(key, { contents: { a: { ...a, again: [minute(50), minute(60)] }, b }, completedAt: minute(40) });
  await spec.thenNothing();
});

test('opening a completed content again leaves it completed', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, completes('a'));
  await spec.when(opens('a'));
  await spec.thenRow(key, {
    progress: 50,
    contents: {
      a: { completed: true, views: 2, firstAt: minute(1), lastAt: minute(2), completedAt: minute(1), again: [] },
    },
  });
  await spec.thenNothing();
});

test('a course was completed with the latest of its required contents, not at the latest visit', async (t) => {
  const spec = await jobSpec(t, trackProgress, { rows: known });
  await spec.given(joins, but(completes('a'), { time: minute(20) }), but(completes('extra'), { time: minute(50) }));
  await spec.given(but(completes('b'), { time: minute(10) }));
  await spec.thenRow(key, { completedAt: minute(20), lastAccessAt: minute(50) });
});
