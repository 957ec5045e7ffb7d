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
    doc: 'A job has processed a batch of records of one partition. Emitted in the transaction that commits the batch, and therefore exactly once. If a record is applied in pages, each page is a batch, and only the last one counts the record.',
    fields: [
      ...whose,
      records(
        'applied',
        'Records that changed a row, in this batch or in an earlier attempt at it that was not committed.',
      ),
      records('unchanged', 'Records that changed no row.'),
      records('repeated', 'Repeated records, recognised by their origin or by every row that they touch.'),
      records('skipped', 'Records that the job does not read: of another type, or for another job.'),
      records('rejected', 'Records that became dead letters.'),
      { ...records('routed', 'Records that were sent on to the partition of their key.'), default: 0 },
      {
        name: 'latencyMs',
        type: ['null', 'long'],
        doc: 'How long the oldest applied record had been in the log when the batch was processed. Absent if no record was applied, or if none has a time.',
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
    routed: 0,
    latencyMs: 140,
  },
);

export const recordsRejected = defineEvent(
  'pipeline.records-rejected',
  {
    type: 'record',
    name: 'RecordsRejected',
    namespace,
    doc: 'A job could not apply some records of a batch, for one reason. They became dead letters. Emitted in the transaction that commits the batch.',
    fields: [
      ...whose,
      { name: 'code', type: 'string', doc: 'The reason: one of the error codes.' },
      records('records', 'The number of records that were rejected for this reason.'),
    ],
  },
  { job: 'track-progress', topic: 'enrollment.events', partition: 3, code: 'DATA_INVALID', records: 1 },
);
