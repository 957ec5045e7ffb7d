import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definePlatform } from '../../../modules/define.ts';
import { learning } from '../../../modules/learning.ts';
import { pipeline as module } from '../../../modules/pipeline.ts';
import { pipeline } from '../../../reports/datasources/pipeline.ts';
import { batchDone, recordsRejected } from '../../../schemas/pipeline.ts';
import { datasourceSpec } from '../../../testing/datasource-spec.ts';
import { minute, type SpecEvent } from '../../../testing/job-spec.ts';

const of = { job: 'notify', topic: 'notification.events', partition: 0 };
const done = (rest: object, job = of.job): SpecEvent => [
  batchDone,
  { ...of, job, applied: 0, unchanged: 0, repeated: 0, skipped: 0, rejected: 0, ...rest },
  { time: minute(0) },
];
const rejects = (code: string, records: number): SpecEvent => [
  recordsRejected,
  { ...of, code, records },
  { time: minute(0) },
];

test('records are counted by job and outcome, and dead letters by code', async (t) => {
  const spec = await datasourceSpec(t, pipeline);
  spec.when(
    done({ applied: 5, skipped: 1, latencyMs: 40 }),
    done({ applied: 2, unchanged: 1, repeated: 3, rejected: 3, latencyMs: 900 }),
    rejects('DATA_INVALID', 2),
    rejects('JOB_FAILED', 1),
    rejects('DATA_INVALID', 3),
    done({ skipped: 4, routed: 1 }, 'deliver-message'),
  );
  const none = { batches: 0, applied: 0, unchanged: 0, repeated: 0, skipped: 0, routed: 0, latency: [] };
  const batch = { bucket: minute(0), topic: 'notification.events', code: null, dead_letters: 0 };
  spec.thenRows(
    { ...batch, ...none, job: 'deliver-message', batches: 1, skipped: 4, routed: 1 },
    {
      ...batch,
      job: 'notify',
      batches: 2,
      applied: 7,
      unchanged: 1,
      repeated: 3,
      skipped: 1,
      routed: 0,
      latency: [40, 900],
    },
    { ...none, job: 'notify', code: 'DATA_INVALID', dead_letters: 5 },
    { ...none, job: 'notify', code: 'JOB_FAILED', dead_letters: 1 },
  );
});

test('its module can be combined with any other', () => {
  const { datasources, topics } = definePlatform({ modules: [learning, module] });
  assert.deepEqual(datasources, [...learning.datasources, pipeline]);
  assert.ok(topics.includes(pipeline.from));
});
