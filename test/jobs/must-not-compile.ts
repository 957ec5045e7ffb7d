/**
 * What the types must refuse in a job declaration or in the test of a job. `npm run types` compiles this file, and fails for every
 * case that compiles after all, since an unused `@ts-expect-error` is an error. Nothing here is ever run.
 */

import { Entries } from '../../core/entries.ts';
import { defineIndex, defineTable, type RowOf } from '../../core/target.ts';
import { defineJob, emit, lookup, reject, view, viewEach } from '../../jobs/define.ts';
import { learnerLeft } from '../../schemas/batch.ts';
import { contentProgressed, courseStructureChanged, enrolled } from '../../schemas/enrollment.ts';
import { memberAdded } from '../../schemas/group.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import type { JobSpec } from '../../testing/job-spec.ts';
import { defineTopic } from '../../topics/define.ts';
import { batchEvents, enrollmentEvents, groupEvents } from '../../topics/index.ts';

const userId = { name: 'userId', type: 'string', doc: 'The learner.' } as const;
const visits = defineTable({
  name: 'visits',
  doc: 'Visits of each learner.',
  key: ['userId'],
  record: {
    type: 'record',
    name: 'Visits',
    fields: [
      userId,
      { name: 'count', type: 'int', doc: 'How many.' },
      { name: 'contents', type: { type: 'map', values: 'int' }, doc: 'How many, by content.' },
    ],
  },
});
const visitors = defineIndex({
  name: 'visitors',
  doc: 'Who visits.',
  key: ['userId'],
  text: ['userId'],
  record: { type: 'record', name: 'Visitor', fields: [userId, { name: 'count', type: 'int', doc: 'How many.' }] },
});
type Visits = RowOf<typeof visits>;

const some: Visits = { userId: 'learner-1', count: 1, contents: Entries.empty() };
const base = {
  name: 'count-visits',
  doc: 'Counts visits.',
  from: enrollmentEvents,
  to: [batchEvents],
  row: visits,
} as const;
const key = ({ data }: { data: { userId: string } }) => ({ userId: data.userId });
const left = { batchId: 'b', courseId: 'c', userId: 'u', progress: 1, state: 'in_progress' } as const;

// ---- what compiles ----

export const right = defineJob({
  ...base,
  on: [enrolled, contentProgressed],
  key,
  lookups: (_, { data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),
  fold: {
    'enrollment.enrolled': (row) => row,
    'enrollment.content-progressed': (row, { data }, { course }) => {
      if (course?.retired) return reject('FACT_IMPOSSIBLE', 'the course is retired');
      const before = row ?? { ...some, userId: data.userId };
      return { ...before, count: before.count + data.views, contents: before.contents.set(data.contentId, data.views) };
    },
  },
  react: () => [emit(learnerLeft, left)],
  views: [
    view(visits, visitors, ({ userId, count }) => ({ userId, count })),
    viewEach(visits, visitors, 'contents', ['userId'], ({ userId }, count) => ({ userId, count })),
  ],
});

// ---- what does not ----

/** An event of a topic that is not in `to`. */
export const strayEvent = defineJob({
  ...base,
  on: [enrolled],
  key,
  fold: { 'enrollment.enrolled': (row) => row },
  // @ts-expect-error: group.events is not in `to`
  react: () => [emit(memberAdded, { groupId: 'g', userId: 'u' })],
});

/** An event with a value of the wrong type. */
// @ts-expect-error: progress is a number
export const wrongShape = emit(learnerLeft, { ...left, progress: '40' });

/** An event with a value that its enum does not have. */
// @ts-expect-error: there is no state "done"
export const wrongSymbol = emit(learnerLeft, { ...left, state: 'done' });

/** An event without one of its fields. */
// @ts-expect-error: userId is missing
export const missingField = emit(learnerLeft, { batchId: 'b', courseId: 'c', progress: 1, state: 'in_progress' });

/** An event with a field that it does not have. */
// @ts-expect-error: there is no field colour
export const strangeField = emit(learnerLeft, { ...left, colour: 'red' });

/** Folding an event that its topic does not have. */
export const unknownEvent = defineJob({
  ...base,
  // @ts-expect-error: group.member-added is no event of enrollment.events
  on: [memberAdded],
  key: () => undefined,
  fold: {} as never,
});

/** A missing fold. */
export const missingHandler = defineJob({
  ...base,
  on: [enrolled, contentProgressed],
  key,
  // @ts-expect-error: nothing folds enrollment.content-progressed
  fold: { 'enrollment.enrolled': (row) => row },
});

/** A fold that does not return a row of the table. */
export const wrongRow = defineJob({
  ...base,
  on: [enrolled],
  key,
  // @ts-expect-error: count is a number, and contents are missing
  fold: { 'enrollment.enrolled': (_, { data }) => ({ userId: data.userId, count: 'many' }) },
});

/** A fold that reads a field its event does not have. */
export const wrongEventField = defineJob({
  ...base,
  on: [enrolled],
  key,
  // @ts-expect-error: enrollment.enrolled has no contentId
  fold: { 'enrollment.enrolled': (row, { data }) => row && { ...row, userId: data.contentId } },
});

/** A fold that writes into its row. */
export const writtenRow = defineJob({
  ...base,
  on: [enrolled],
  key,
  fold: {
    'enrollment.enrolled': (row) => {
      // @ts-expect-error: a row is not written to; a fold makes the next one
      if (row !== undefined) row.count = 7;
      return row;
    },
  },
});

/** A fold that relies on a lookup result. */
export const hastyLookup = defineJob({
  ...base,
  on: [enrolled],
  key,
  lookups: (_, { data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),
  // @ts-expect-error: the course may not be there yet
  fold: { 'enrollment.enrolled': (row, _, { course }) => row && { ...row, count: course.required } },
});

/** A fold that reads a lookup that was not requested. */
export const strayLookup = defineJob({
  ...base,
  on: [enrolled],
  key,
  lookups: (_, { data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),
  // @ts-expect-error: there is no lookup named learner
  fold: { 'enrollment.enrolled': (row, _, { learner }) => (learner === undefined ? row : undefined) },
});

/** A rejection with a code that no record can have. */
// @ts-expect-error: what is away is tried again, not rejected
export const wrongCode = reject('TABLES_AWAY', 'the tables are away');

/** A lookup with another key than that of its table. */
// @ts-expect-error: the key of course_structure is courseId
export const wrongLookupKey = lookup(courseStructure, { userId: 'u' });

/** A row with another key than that of its table. */
export const wrongKey = defineJob({
  ...base,
  on: [enrolled],
  // @ts-expect-error: the key of visits is userId
  key: ({ data }) => ({ courseId: data.courseId }),
  fold: { 'enrollment.enrolled': (row) => row },
});

/** A view record without one of its fields. */
// @ts-expect-error: count is missing
export const thinView = view(visits, visitors, ({ userId }) => ({ userId }));

/** A view that reads a field missing in `using`: a change of the field would go unnoticed. */
// @ts-expect-error: count is not in `using`
export const blindView = viewEach(visits, visitors, 'contents', ['userId'], ({ userId, count }) => ({ userId, count }));

/** A topic whose key is not a field of its events. */
export const wrongTopicKey = defineTopic({
  name: 'visits.events',
  doc: 'Visits.',
  key: 'userId',
  // @ts-expect-error: enrollment.course-structure-changed has no userId
  events: [enrolled, courseStructureChanged],
});

/** A topic whose key is a number. */
export const numericTopicKey = defineTopic({
  name: 'visits.events',
  doc: 'Visits.',
  key: 'views',
  // @ts-expect-error: views is an int, and a key is text
  events: [contentProgressed],
});

/** A table whose key is not a field of its record. */
export const wrongTableKey = defineTable({
  name: 'visits',
  doc: 'Visits.',
  // @ts-expect-error: there is no field learnerId
  key: ['learnerId'],
  record: visits.record,
});

/** `groupEvents` is a topic all the same: with it in `to`, the first case compiles. */
export const noStray = defineJob({
  ...base,
  on: [enrolled],
  to: [groupEvents],
  key,
  fold: { 'enrollment.enrolled': (row) => row },
  react: () => [emit(memberAdded, { groupId: 'g', userId: 'u' })],
});

/** A test's event that lacks a field. */
// @ts-expect-error: there is no userId
export const lacking = (spec: JobSpec) => spec.when([memberAdded, { groupId: 'g' }]);

/** A test's event with a field of the wrong type, after a correct event. */
export const misfit = (spec: JobSpec) =>
  // @ts-expect-error: userId is text
  spec.given([memberAdded, { groupId: 'g', userId: 'u' }], [memberAdded, { groupId: 'g', userId: 7 }]);
