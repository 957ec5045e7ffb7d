import { test } from 'node:test';
import { completionFunnel } from '../../../reports/definitions/completion-funnel.ts';
import { reportSpec } from './report-spec.ts';
import { batch, learner } from './rows.ts';

test('each stage has those who are there or beyond', async (t) => {
  const spec = await reportSpec(t, completionFunnel);
  const begun = { state: 'in_progress' } as const;
  spec.rows(
    batch(),
    ...learner('a'),
    ...learner('b', { ...begun, progress: 0 }),
    ...learner('c', { ...begun, progress: 24 }),
    ...learner('d', { ...begun, progress: 25 }),
    ...learner('e', { ...begun, progress: 74 }, { active: false }),
    ...learner('f', { ...begun, progress: 75 }),
    ...learner('g', { state: 'completed', progress: 100 }),
    // Completed before the course grew.
    ...learner('h', { state: 'completed', progress: 40 }),
  );
  await spec.thenRows(
    { batchId: 'spring' },
    { batch_id: 'spring', stage: 'joined', learners: 8, share: 100, lost: 0 },
    { stage: 'started', learners: 7, share: 87.5, lost: 1 },
    { stage: '25 percent', learners: 5, share: 62.5, lost: 2 },
    { stage: '50 percent', learners: 4, share: 50, lost: 1 },
    { stage: '75 percent', learners: 3, share: 37.5, lost: 1 },
    { stage: 'completed', learners: 2, share: 25, lost: 1 },
  );
  await spec.thenRows(
    { batchId: 'spring', learners: 'active' },
    { stage: 'joined', learners: 7 },
    { stage: 'started', learners: 6 },
    { stage: '25 percent', learners: 4 },
    { stage: '50 percent', learners: 3 },
    { stage: '75 percent', learners: 3 },
    { stage: 'completed', learners: 2 },
  );
});

test('a batch without learners has stages without shares', async (t) => {
  const spec = await reportSpec(t, completionFunnel);
  spec.rows(batch());
  const nobody = { learners: 0, share: null, lost: 0 };
  await spec.thenRows({ batchId: 'spring' }, ...Array.from({ length: 6 }, () => nobody));
});
