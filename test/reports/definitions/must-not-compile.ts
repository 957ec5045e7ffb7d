/** Declarations of reports that must not compile, like those of datasources in the file of the same name. Nothing here is ever run. */
import { activity } from '../../../reports/datasources/activity.ts';
import { defineReport, type Reads } from '../../../reports/define-report.ts';
import { batchLearners } from '../../../schemas/rows/learner-progress.ts';

const base = {
  name: 'some',
  title: 'Some',
  answers: 'How many?',
  version: 1,
  role: 'analyst',
  freshMs: 0,
  parameters: {
    batchId: { type: 'text', doc: 'The batch.' },
    days: { type: 'long', unit: 'days', min: 1, max: 9, doc: 'Days.' },
    first: { type: 'date', optional: true, doc: 'The first day.' },
    every: { type: 'choice', of: ['day', 'week'], default: 'week', doc: 'A period.' },
  },
  columns: {
    user_id: { title: 'Learner id', type: 'string', doc: 'The learner.' },
    active: { title: 'Active', type: 'boolean', doc: 'Whether.' },
    progress: { title: 'Progress', type: 'long', unit: 'percent', doc: 'How far.' },
  },
} as const;

// ---- what compiles ----

export const right = defineReport({
  ...base,
  problems: ({ first, days }) => (first === null && days > 1 ? ['give a first day'] : []),
  from: {
    reads: [batchLearners],
    async *rows({ batchId }, reads) {
      for await (const page of reads.pages(batchLearners, { batchId }))
        yield page.map(({ userId, active, progress }) => ({
          user_id: userId,
          active,
          progress: active ? progress : null,
        }));
    },
  },
});

export const query = defineReport({
  ...base,
  from: { reads: [activity], sql: ({ every }) => (every === 'day' ? 'select 1' : 'select 2') },
});

// ---- parameters ----

export const unknownParameter = defineReport({
  ...base,
  // @ts-expect-error: no such parameter
  from: { reads: [activity], sql: ({ courseId }) => courseId },
});

export const nullable = defineReport({
  ...base,
  // @ts-expect-error: an optional parameter may be null
  problems: ({ first }) => [first.slice(0, 4)],
  from: { reads: [activity], sql: () => 'select 1' },
});

export const noChoice = defineReport({
  ...base,
  // @ts-expect-error: not one of the choices
  from: { reads: [activity], sql: ({ every }) => (every === 'month' ? 'select 1' : 'select 2') },
});

// ---- rows ----

export const lackingAColumn = defineReport({
  ...base,
  from: {
    reads: [],
    // @ts-expect-error: a row must have every column
    async *rows() {
      yield [{ user_id: 'ada', active: true }];
    },
  },
});

export const ofAnotherType = defineReport({
  ...base,
  from: {
    reads: [],
    // @ts-expect-error: a long cannot be a text
    async *rows() {
      yield [{ user_id: 'ada', active: true, progress: '40' }];
    },
  },
});

// ---- what is read ----

export async function ofAnotherKey(reads: Reads) {
  // @ts-expect-error: not a field of the key
  for await (const _ of reads.pages(batchLearners, { courseId: 'algebra', state: 'completed' }));
}
