/** The pipeline itself, from the events that the runtime emits about every batch, in the transaction of the batch. */
import { batchDone, recordsRejected } from '../../schemas/pipeline.ts';
import { pipelineEvents } from '../../topics/index.ts';
import { defineDatasource } from '../define-datasource.ts';

/** A sum over batches. */
const summed = <const F extends 'applied' | 'unchanged' | 'repeated' | 'skipped' | 'routed'>(field: F, doc: string) =>
  ({ kind: 'sum', type: 'long', doc, unit: 'records', on: [batchDone], field }) as const;

export const pipeline = defineDatasource({
  name: 'pipeline',
  title: 'How jobs work',
  about:
    'Batches and their records by job, and dead letters by code. Rows with a code count only dead letters. Rows without a code hold the sums over batches.',
  from: pipelineEvents,
  on: [batchDone, recordsRejected],
  granularity: 'minute',

  dimensions: {
    job: { doc: 'The job.', field: 'job' },
    topic: { doc: 'The topic that the job reads.', field: 'topic' },
    code: {
      doc: 'The reason why records became dead letters. Null in rows about batches.',
      on: [recordsRejected],
      field: 'code',
    },
  },

  metrics: {
    batches: {
      kind: 'count',
      doc: 'Batches that were processed.',
      unit: 'batches',
      on: [batchDone],
    },
    applied: summed('applied', 'Records that changed a row.'),
    unchanged: summed('unchanged', 'Records that changed no row.'),
    repeated: summed('repeated', 'Records that repeated earlier ones.'),
    skipped: summed('skipped', 'Records that the job does not read: of another type, or for another job.'),
    routed: summed('routed', 'Records that were sent on to the partition of their key.'),
    dead_letters: {
      kind: 'sum',
      type: 'long',
      doc: 'Records that became dead letters.',
      unit: 'records',
      on: [recordsRejected],
      field: 'records',
    },
    latency: {
      kind: 'quantile',
      doc: 'How long the oldest applied record of each batch had been in the log when the batch was processed.',
      unit: 'ms',
      points: [0.5, 0.95, 0.99],
      on: [batchDone],
      field: 'latencyMs',
    },
  },
});
