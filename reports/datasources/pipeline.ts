/** How the pipeline itself works: what the runtime emits about every batch, in the transaction of the batch. */
import type { AnyEventOf } from '../../core/event.ts';
import { batchDone, recordRejected } from '../../schemas/pipeline.ts';
import { pipelineEvents } from '../../topics/index.ts';
import { defineDatasource } from '../define-datasource.ts';

type Said = AnyEventOf<typeof batchDone | typeof recordRejected>;

/** A sum over batches. */
const summed = (name: 'applied' | 'unchanged' | 'repeated' | 'skipped', doc: string) => ({
  kind: 'sum' as const,
  type: 'long' as const,
  doc,
  unit: 'records',
  of: ({ type, data }: Said) => (type === 'pipeline.batch-done' ? data[name] : null),
});

export const pipeline = defineDatasource({
  name: 'pipeline',
  title: 'How jobs work',
  about:
    'Batches and their records by job, and dead letters by code. A row with a code has nothing but dead letters: what is summed over batches is in rows without one.',
  from: pipelineEvents,
  on: [batchDone, recordRejected],
  granularity: 'minute',

  dimensions: {
    job: { doc: 'The job.', of: ({ data }) => data.job },
    topic: { doc: 'The topic that it reads.', of: ({ data }) => data.topic },
    code: {
      doc: 'Why records went to the dead letters. Null in rows of batches.',
      of: ({ type, data }) => (type === 'pipeline.record-rejected' ? data.code : null),
    },
  },

  metrics: {
    batches: {
      kind: 'count',
      doc: 'Batches that were done.',
      unit: 'batches',
      when: ({ type }) => type === 'pipeline.batch-done',
    },
    applied: summed('applied', 'Records that changed a row.'),
    unchanged: summed('unchanged', 'Records that changed no row.'),
    repeated: summed('repeated', 'Records that were known already.'),
    skipped: summed('skipped', 'Records that are none of the job.'),
    dead_letters: {
      kind: 'count',
      doc: 'Records that went to the dead letters.',
      unit: 'records',
      when: ({ type }) => type === 'pipeline.record-rejected',
    },
    latency: {
      kind: 'quantile',
      doc: 'Of every batch, how long the record that waited longest had been in the log when it was done.',
      unit: 'ms',
      points: [0.5, 0.95, 0.99],
      of: ({ type, data }) => (type === 'pipeline.batch-done' ? data.latencyMs : null),
    },
  },
});
