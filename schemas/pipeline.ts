/** Events of the runtime about the work of jobs, for operational statistics. Topic `pipeline.events`, keyed by `job`. */
import { defineEvent } from '../core/event.ts';

const namespace = 'org.tributary.pipeline';

const whose = [
  { name: 'job', type: 'string', doc: 'The job.' },
  { name: 'topic', type: 'string', doc: 'The topic that it reads.' },
  { name: 'partition', type: 'int', doc: 'The partition.' },
] as const;
const records = <const N extends string>(name: N, doc: string) =>
  ({ name, type: 'int', doc, unit: 'records', minimum: 0 }) as const;

export const batchDone = defineEvent(
  'pipeline.batch-done',
  {
    type: 'record',
    name: 'BatchDone',
    namespace,
    doc: 'A job has processed a batch of records of one partition. Emitted in the transaction that commits the batch, and so exactly once.',
    fields: [
      ...whose,
      records('applied', 'Records that changed a row.'),
      records('unchanged', 'Records that changed no row.'),
      records('repeated', 'Records that were known already, by their origin or by every row they touch.'),
      records('skipped', 'Records that are none of the job: of another type, or for another job.'),
      records('rejected', 'Records that went to the dead letters.'),
      {
        name: 'latencyMs',
        type: ['null', 'long'],
        doc: 'For the applied record that had waited longest: how long it had been in the log when the batch was processed. Absent if no record was applied.',
        unit: 'ms',
        default: null,
      },
    ],
  },
  {
    job: 'track-progress',
    topic: 'enrollment.events',
    partition: 3,
    applied: 480,
    unchanged: 12,
    repeated: 0,
    skipped: 7,
    rejected: 1,
    latencyMs: 140,
  },
);

export const recordRejected = defineEvent(
  'pipeline.record-rejected',
  {
    type: 'record',
    name: 'RecordRejected',
    namespace,
    doc: 'A job could not apply a record, which became a dead letter. Emitted in the same transaction.',
    fields: [...whose, { name: 'code', type: 'string', doc: 'The reason: one of the error codes.' }],
  },
  { job: 'track-progress', topic: 'enrollment.events', partition: 3, code: 'DATA_INVALID' },
);
