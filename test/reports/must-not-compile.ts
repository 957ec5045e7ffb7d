/**
 * Declarations of datasources that must not compile. `npm run types` compiles this file and fails for every case that compiles after all,
 * because an unused `@ts-expect-error` is an error. Nothing here is ever run.
 */
import { lookup } from '../../jobs/define.ts';
import { defineDatasource } from '../../reports/define-datasource.ts';
import { learnerJoined, learnerLeft } from '../../schemas/batch.ts';
import { courseStructureChanged, enrolled } from '../../schemas/enrollment.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { batchEvents, enrollmentEvents } from '../../topics/index.ts';

const base = {
  name: 'some',
  title: 'Some',
  about: 'Some.',
  from: batchEvents,
  granularity: 'day',
} as const;
const count = { kind: 'count', doc: 'How many.', unit: 'learners' } as const;

// ---- what compiles ----

export const right = defineDatasource({
  ...base,
  on: [learnerJoined, learnerLeft],
  lookups: ({ data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),
  where: ({ data }, { course }) => data.progress > 0 && course?.retired !== true,
  dimensions: {
    first: { type: 'boolean', doc: 'First.', of: ({ type, data }) => type === 'batch.learner-joined' && data.first },
    name: { doc: 'The name.', of: (_, { course }) => course?.name },
  },
  metrics: {
    joined: { ...count, when: ({ type }) => type === 'batch.learner-joined' },
    progress: { kind: 'sum', type: 'long', doc: 'Progress.', unit: 'percent', of: ({ data }) => data.progress },
  },
});

// ---- events ----

export const ofAnotherTopic = defineDatasource({
  ...base,
  // @ts-expect-error: not an event of the topic
  on: [enrolled],
  dimensions: {},
  metrics: { count },
});

export const ofABroadcast = defineDatasource({
  ...base,
  from: enrollmentEvents,
  // @ts-expect-error: a broadcast would be counted once in every partition
  on: [courseStructureChanged],
  dimensions: {},
  metrics: { count },
});

// ---- dimensions and metrics ----

export const ofAFieldOfOne = defineDatasource({
  ...base,
  on: [learnerJoined, learnerLeft],
  dimensions: {
    // @ts-expect-error: not every event has this field
    first: { type: 'boolean', doc: 'First.', of: ({ data }) => data.first },
  },
  metrics: { count },
});

export const ofAnotherType = defineDatasource({
  ...base,
  on: [learnerJoined],
  dimensions: {
    // @ts-expect-error: a dimension without a type must be text
    progress: { doc: 'Progress.', of: ({ data }) => data.progress },
  },
  metrics: {
    // @ts-expect-error: a text cannot be summed
    sum: { kind: 'sum', type: 'long', doc: 'Sum.', unit: 'learners', of: ({ data }) => data.userId },
    // @ts-expect-error: distinct values must be texts
    different: { kind: 'distinct', doc: 'Different.', unit: 'learners', of: ({ data }) => data.progress },
  },
});

export const ofFields = defineDatasource({
  ...base,
  on: [learnerJoined, learnerLeft],
  dimensions: {
    course_id: { doc: 'The course.', field: 'courseId' },
    first: { type: 'boolean', doc: 'First.', on: [learnerJoined], field: 'first' },
    // @ts-expect-error: no event has this field
    region: { doc: 'The region.', field: 'region' },
    // @ts-expect-error: a dimension without a type must be text
    progress: { doc: 'Progress.', field: 'progress' },
    // @ts-expect-error: either a field or a function, not both
    batch_id: { doc: 'The batch.', field: 'batchId', of: ({ data }) => data.batchId },
  },
  metrics: {
    // @ts-expect-error: a text cannot be summed
    sum: { kind: 'sum', type: 'long', doc: 'Sum.', unit: 'learners', field: 'userId' },
    // @ts-expect-error: the datasource does not count this event
    other: { ...count, on: [enrolled] },
  },
});

export const withoutUnit = defineDatasource({
  ...base,
  on: [learnerJoined],
  dimensions: {},
  metrics: {
    // @ts-expect-error: a metric must declare its unit
    count: { kind: 'count', doc: 'How many.' },
  },
});

export const ofWhatIsNotLookedUp = defineDatasource({
  ...base,
  on: [learnerJoined],
  lookups: ({ data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),
  dimensions: {
    // @ts-expect-error: the row may not exist yet
    name: { doc: 'The name.', of: (_, { course }) => course.name },
    // @ts-expect-error: not looked up
    region: { doc: 'The region.', of: (_, { user }) => user?.region },
  },
  metrics: { count },
});
