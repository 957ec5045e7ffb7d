/** Another generation of a job's rows, made beside the job, and made current: `jobs/runtime/generations/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import type { Job } from '../../../jobs/define.ts';
import { trackProgress } from '../../../jobs/index.ts';
import { compareGenerations } from '../../../jobs/runtime/generations/compare.ts';
import { dropGeneration } from '../../../jobs/runtime/generations/drop.ts';
import { openGeneration, rebuildGeneration } from '../../../jobs/runtime/generations/rebuild.ts';
import { generationsOf } from '../../../jobs/runtime/generations/state.ts';
import { swapGeneration } from '../../../jobs/runtime/generations/swap.ts';
import { dump } from '../../../testing/dump.ts';
import { withPoints } from '../../../testing/points.ts';
import { Random } from '../../../testing/random.ts';
import { CAMPUS_JOBS, Campus } from '../../harness/campus.ts';
import { Generational } from '../../harness/generational.ts';

test('a rebuild makes the rows that the job has, and says nothing', async (t) => {
  const campus = await Generational.open(t);
  await campus.enrol(20);
  await campus.visit(20);
  await campus.run();
  const before = await campus.everything();
  for (const job of CAMPUS_JOBS) {
    const generation = await campus.rebuild(job);
    assert.equal(generation, 2);
    const compared = await campus.compare(job, 2);
    assert.deepEqual(compared.differing, {});
    assert.deepEqual([compared.onlyCurrent.count, compared.onlyOther.count, compared.behind], [0, 0, 0]);
    assert.ok(compared.same > 0 || job.name === 'project-course');
  }
  assert.deepEqual(await campus.everything(), before);
});
