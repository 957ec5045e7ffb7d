/** Rows as jobs keep them, for tests of reports. Fields that are not given are those of a new learner, batch, course or user. */
import type { RecordOf } from '../../../core/target.ts';
import { batchSummary } from '../../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../../schemas/rows/course-structure.ts';
import { groupMembership, groupProgress } from '../../../schemas/rows/group-membership.ts';
import { batchLearners, learnerProgress } from '../../../schemas/rows/learner-progress.ts';
import { userProfile } from '../../../schemas/rows/user-profile.ts';
import { minute, type SpecRow } from '../../../testing/job-spec.ts';

type Batch = RecordOf<typeof batchSummary>;
type Course = RecordOf<typeof courseStructure>;
type Learner = RecordOf<typeof learnerProgress>;
type User = RecordOf<typeof userProfile>;
type Member = RecordOf<typeof groupProgress>;

export function batch(rest: Partial<Batch> = {}): SpecRow {
  const described = { courseId: 'algebra', name: 'Spring', startsAt: minute(0), endsAt: null, status: 'ongoing' };
  const counts = { learners: 0, ever: 0, left: 0, notStarted: 0, inProgress: 0, completed: 0 };
  const far = { meanProgress: 0, histogram: Array<number>(10).fill(0), progressSum: 0 };
  return [batchSummary, { batchId: 'spring', ...described, ...counts, ...far, others: {}, ...rest }];
}

/** A course with three required contents in two units, and an optional one. */
export function course(rest: Partial<Course> = {}): SpecRow {
  const unit = (name: string, required: number) => ({
    name,
    parentId: null,
    otherParentIds: [],
    optional: required === 0,
    required,
  });
  const content = (name: string, units: string[]) => ({ name, required: units.length > 0, units, type: 'page' });
  return [
    courseStructure,
    {
      courseId: 'algebra',
      name: 'Algebra',
      retired: false,
      publishedAt: minute(0),
      measuredSince: minute(0),
      retiredAt: null,
      required: 3,
      units: { groups: unit('Groups', 2), rings: unit('Rings', 1), extras: unit('Extras', 0) },
      contents: {
        axioms: content('Axioms', ['groups']),
        orders: content('Orders', ['groups']),
        ideals: content('Ideals', ['rings']),
        songs: content('Songs', []),
      },
      ...rest,
    },
  ];
}

export const visited = (rest: Partial<Learner['contents'][string]> = {}) => ({
  completed: true,
  views: 1,
  firstAt: minute(10),
  lastAt: minute(10),
  completedAt: minute(10),
  again: [],
  ...rest,
});

export interface InBatch {
  readonly batchId?: string;
  readonly active?: boolean;
  /** When the learner first joined. */
  readonly firstAt?: number;
  /** When the learner joined or left last. */
  readonly since?: number;
}

/** Both rows of a learner in a batch: the progress row, and the view by batch. */
export function learner(userId: string, rest: Partial<Learner> = {}, place: InBatch = {}): SpecRow[] {
  const { batchId = 'spring', active = true, firstAt = minute(5), since = firstAt } = place;
  const membership = { active, since, firstAt, completionSaid: false, joined: true, leftAt: null, methods: [] };
  const row = {
    userId,
    courseId: 'algebra',
    courseName: 'Algebra',
    required: 3,
    completed: 0,
    progress: 0,
    state: 'not_started',
    completedAt: null,
    firstAccessAt: null,
    lastAccessAt: null,
    batches: { [batchId]: membership },
    contents: {},
    units: {},
    ...rest,
  } as const;
  const { courseId, progress, state, completedAt, lastAccessAt } = row;
  return [
    [learnerProgress, row],
    [batchLearners, { batchId, userId, courseId, active, since, progress, state, completedAt, lastAccessAt }],
  ];
}

export const user = (userId: string, rest: Partial<User> = {}): SpecRow => {
  const unknown = { name: null, gender: null, region: null, ageBand: null, education: null, disability: null };
  return [userProfile, { userId, ...unknown, toldAt: minute(0), deleted: false, consents: {}, ...rest }];
};

export const group = (rest: Readonly<Record<string, unknown>> = {}): SpecRow => [
  groupMembership,
  { groupId: 'friends', name: 'Friends', members: {}, activities: {}, progress: {}, ...rest },
];

export const member = (userId: string, rest: Partial<Member> = {}): SpecRow => [
  groupProgress,
  {
    groupId: 'friends',
    userId,
    courseId: 'algebra',
    enrolled: true,
    progress: 0,
    state: 'not_started',
    completedAt: null,
    ...rest,
  },
];
