/** Datasources with the kinds of dimensions and metrics that no built-in datasource has. */
import { defineDatasource } from '../../reports/define-datasource.ts';
import { localDay } from '../../reports/granularity.ts';
import { learnerCompleted, learnerJoined, learnerProgressed } from '../../schemas/batch.ts';
import { assessmentSubmitted } from '../../schemas/enrollment.ts';
import { batchEvents, enrollmentEvents } from '../../topics/index.ts';

const steps = defineDatasource({
  name: 'steps',
  title: 'Steps',
  about: 'Of learners.',
  from: batchEvents,
  on: [learnerJoined, learnerProgressed, learnerCompleted],
  granularity: localDay('Asia/Kolkata'),
  time: { 'batch.learner-completed': 'completedAt' },
  dimensions: {
    first: { type: 'boolean', doc: 'First.', on: [learnerJoined], field: 'first' },
    progress: {
      type: 'long',
      unit: 'percent',
      doc: 'Progress.',
      on: [learnerJoined, learnerProgressed],
      field: 'progress',
    },
    state: { doc: 'State.', on: [learnerProgressed], field: 'state' },
  },
  metrics: {
    steps: { kind: 'count', doc: 'Steps.', unit: 'steps' },
    least: {
      kind: 'min',
      type: 'long',
      doc: 'Least.',
      unit: 'percent',
      on: [learnerProgressed],
      field: 'previousProgress',
    },
    most: {
      kind: 'max',
      type: 'long',
      doc: 'Most.',
      unit: 'percent',
      on: [learnerProgressed],
      field: 'previousProgress',
    },
    latest: {
      kind: 'max',
      type: 'timestamp',
      doc: 'Latest.',
      unit: 'ms',
      on: [learnerCompleted],
      field: 'completedAt',
    },
  },
});

const scores = defineDatasource({
  name: 'scores',
  title: 'Scores',
  about: 'Of assessments.',
  from: enrollmentEvents,
  on: [assessmentSubmitted],
  granularity: 'hour',
  dimensions: { course_id: { doc: 'The course.', field: 'courseId' } },
  metrics: {
    points: { kind: 'sum', type: 'double', doc: 'Points.', unit: 'points', field: 'score' },
    least: { kind: 'min', type: 'double', doc: 'Least.', unit: 'points', field: 'score' },
    most: { kind: 'max', type: 'double', doc: 'Most.', unit: 'points', field: 'score' },
  },
});

export const kinds = [steps, scores] as const;
