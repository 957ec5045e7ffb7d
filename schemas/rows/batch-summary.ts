import { defineCache, defineIndex, defineTable } from '../../core/target.ts';

const batchId = { name: 'batchId', type: 'string', doc: 'The batch.' } as const;

const described = [
  { name: 'courseId', type: 'string', doc: 'The course; empty while it is unknown.' },
  { name: 'name', type: 'string', doc: 'The name of the batch; empty while it is unknown.' },
  {
    name: 'startsAt',
    type: ['null', 'long'],
    doc: 'When it starts; absent while that is unknown.',
    unit: 'ms since 1970 UTC',
  },
  { name: 'endsAt', type: ['null', 'long'], doc: 'When it ends; absent if it does not.', unit: 'ms since 1970 UTC' },
  {
    name: 'status',
    type: { type: 'enum', name: 'BatchStatus', symbols: ['unknown', 'upcoming', 'ongoing', 'ended', 'retired'] },
    doc: 'The status of the batch. unknown: it has learners, but its start is unknown. retired is final.',
  },
] as const;

/** The time of the newest event that describes the batch, so that an older one that arrives later changes nothing. */
const describedAt = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC', default: null }) as const;

const counts = [
  { name: 'learners', type: 'int', doc: 'Learners who are in the batch now.' },
  { name: 'ever', type: 'int', doc: 'Learners who are or were in the batch.' },
  { name: 'left', type: 'int', doc: 'Learners who were in the batch and are not in it now.' },
  { name: 'notStarted', type: 'int', doc: 'Current learners who have visited nothing.' },
  { name: 'inProgress', type: 'int', doc: 'Current learners who have started the course and not completed it.' },
  { name: 'completed', type: 'int', doc: 'Current learners who have completed the course.' },
  {
    name: 'meanProgress',
    type: 'double',
    doc: 'Mean progress of the current learners, to one decimal; 0 if there are none.',
    unit: 'percent',
  },
  {
    name: 'histogram',
    type: { type: 'array', items: 'int' },
    doc: 'Current learners by tenths of progress: 0 to 9 percent first, 90 to 100 last.',
  },
] as const;

const progressSum = {
  name: 'progressSum',
  type: 'long',
  doc: 'The sum of the progress of all current learners.',
  unit: 'percent',
} as const;

/** A summary of one batch: what it is, and how far its learners are. */
export const batchSummary = defineTable({
  name: 'batch_summary',
  doc: 'A summary of each batch, with the progress of its learners.',
  key: ['batchId'],
  record: {
    type: 'record',
    name: 'BatchSummary',
    fields: [
      batchId,
      ...described,
      ...counts,
      progressSum,
      describedAt(
        'createdAt',
        'The time of the batch.created event that the description of the batch comes from. Absent if it comes from an update, or is unknown.',
      ),
      describedAt(
        'updatedAt',
        'The time of the batch.updated event that the description of the batch comes from. Absent if there is none.',
      ),
      {
        name: 'others',
        doc: 'The counts of learners of other courses, by course. They become the counts of the batch if it turns out to belong to that course.',
        type: { type: 'map', values: { type: 'record', name: 'OtherCourse', fields: [...counts, progressSum] } },
        default: {},
      },
    ],
  },
});

/** The search index of batches: a view of `batch_summary`. */
export const batchIndex = defineIndex({
  name: 'batches',
  doc: 'All batches, with the progress of their learners.',
  key: ['batchId'],
  text: ['batchId', 'name'],
  record: { type: 'record', name: 'Batch', fields: [batchId, ...described, ...counts] },
});

/** The figures of a batch for an open dashboard: a view of `batch_summary`. */
export const batchSummaries = defineCache({
  name: 'batch_summaries',
  doc: 'A summary of each batch, published at every change.',
  key: ['batchId'],
  live: true,
  record: { type: 'record', name: 'BatchNow', fields: [batchId, ...described, ...counts] },
});
