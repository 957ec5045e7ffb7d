import { defineCache, defineIndex, defineTable } from '../target.ts';

const batchId = { name: 'batchId', type: 'string', doc: 'The batch.' } as const;

const described = [
  { name: 'courseId', type: 'string', doc: 'The course; empty while nobody has told.' },
  { name: 'name', type: 'string', doc: 'What people call the batch; empty while nobody has told.' },
  {
    name: 'startsAt',
    type: ['null', 'long'],
    doc: 'When it starts; absent while nobody has told.',
    unit: 'ms since 1970 UTC',
  },
  { name: 'endsAt', type: ['null', 'long'], doc: 'When it ends; absent if it does not.', unit: 'ms since 1970 UTC' },
  {
    name: 'status',
    type: { type: 'enum', name: 'BatchStatus', symbols: ['unknown', 'upcoming', 'ongoing', 'ended', 'retired'] },
    doc: 'Where the batch stands. unknown: it has learners, and nobody has told when it starts. Retired is for good.',
  },
] as const;

const counts = [
  { name: 'learners', type: 'int', doc: 'Learners who are in it now.' },
  { name: 'ever', type: 'int', doc: 'Learners who are or were in it.' },
  { name: 'left', type: 'int', doc: 'Learners who were in it and are not now.' },
  { name: 'notStarted', type: 'int', doc: 'Of the learners now, those who have visited nothing.' },
  { name: 'inProgress', type: 'int', doc: 'Of the learners now, those who have begun and not completed.' },
  { name: 'completed', type: 'int', doc: 'Of the learners now, those who have completed the course.' },
  {
    name: 'meanProgress',
    type: 'double',
    doc: 'Mean progress of the learners now, to one decimal; 0 if there are none.',
    unit: 'percent',
  },
  {
    name: 'histogram',
    type: { type: 'array', items: 'int' },
    doc: 'Learners now by tenths of progress: 0 to 9 percent first, 90 to 100 last.',
  },
] as const;

/** What one batch looks like, and how far its learners are. */
export const batchSummary = defineTable({
  name: 'batch_summary',
  doc: 'What each batch looks like, and how far its learners are.',
  key: ['batchId'],
  record: {
    type: 'record',
    name: 'BatchSummary',
    fields: [
      batchId,
      ...described,
      ...counts,
      { name: 'progressSum', type: 'long', doc: 'Progress of all learners now, added up.', unit: 'percent' },
    ],
  },
});

/** Batches to search in: a view of `batch_summary`. */
export const batchIndex = defineIndex({
  name: 'batches',
  doc: 'Which batches there are, and how they go.',
  key: ['batchId'],
  text: ['batchId', 'name'],
  record: { type: 'record', name: 'Batch', fields: [batchId, ...described, ...counts] },
});

/** What a dashboard shows of a batch while it is open: a view of `batch_summary`. */
export const batchSummaries = defineCache({
  name: 'batch_summaries',
  doc: 'How each batch goes, told at every change.',
  key: ['batchId'],
  live: true,
  record: { type: 'record', name: 'BatchNow', fields: [batchId, ...described, ...counts] },
});
