/** A course, and events of one learner in it, for the tests of track-progress. */
import { contentProgressed, enrolled, unenrolled } from '../../schemas/enrollment.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import type { SpecEvent, SpecRow } from '../../testing/job-spec.ts';

/** Two required contents in a nested unit, and an optional content. */
export const course = {
  courseId: 'algebra',
  name: 'Algebra',
  retired: false,
  publishedAt: 0,
  required: 2,
  units: {
    all: { name: 'All', parentId: null, optional: false, required: 2 },
    deep: { name: 'Deep', parentId: 'all', optional: false, required: 1 },
  },
  contents: {
    a: { name: 'A', required: true, units: ['all'] },
    b: { name: 'B', required: true, units: ['all', 'deep'] },
    extra: { name: 'Extra', required: false, units: [] },
  },
};
export const known: readonly SpecRow[] = [[courseStructure, course]];
export const ada = { userId: 'ada', courseId: 'algebra' };
export const inBatch = { ...ada, batchId: 'spring' };
export const key = ['ada', 'algebra'];

/** A membership that began at `since`, by joining without a method. */
export const member = (since: number, rest: Readonly<Record<string, unknown>> = {}) => ({
  active: true,
  since,
  firstAt: since,
  completionSaid: false,
  joined: true,
  leftAt: null,
  methods: [{ method: '', active: true, since, enrolledAt: since, leftAt: null }],
  ...rest,
});

export const joins: SpecEvent = [enrolled, inBatch];
export const leaves: SpecEvent = [unenrolled, inBatch];
export const completes = (contentId: string): SpecEvent => [
  contentProgressed,
  { ...ada, contentId, status: 'completed' },
];
export const opens = (contentId: string, views = 1): SpecEvent => [
  contentProgressed,
  { ...ada, contentId, status: 'started', views },
];
export const but = ([def, data]: SpecEvent, rest: SpecEvent[2]): SpecEvent => [def, data, { ...rest }];
export const standing = (progress: number, state: string) => ({ ...inBatch, progress, state });
export const completedAlgebra = [
  notificationRequested,
  {
    recipientId: 'ada',
    notificationId: 'course-completed/algebra',
    category: 'course',
    title: 'You have completed Algebra',
    body: '',
    link: null,
    urgent: false,
    unsubscribe: null,
    expiresAt: null,
  },
] as const;
