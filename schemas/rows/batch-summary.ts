import { defineCache, defineIndex, defineTable } from '../../core/target.ts';

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

/** When the newest was said of what it is about, so that what is older and comes later changes nothing. */
const said = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC', default: null }) as const;

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

const progressSum = {
  name: 'progressSum',
  type: 'long',
  doc: 'Progress of all learners now, added up.',
  unit: 'percent',
} as const;

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
      progressSum,
      said('createdAt', 'When the creation happened that says what it is; absent if an update or nobody does.'),
      said('updatedAt', 'When the update happened that says what it is; absent if none does.'),
      {
        name: 'others',
        doc: 'The counts of learners of other courses, by course: they are none of its own, unless it comes to be of that course.',
        type: { type: 'map', values: { type: 'record', name: 'OtherCourse', fields: [...counts, progressSum] } },
        default: {},
      },
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
