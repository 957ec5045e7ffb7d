/** Events of one group, for the tests of project-group. */
import { progressFollowed } from '../../schemas/enrollment.ts';
import {
  activityAdded,
  activityRemoved,
  groupCreated,
  groupDeleted,
  groupUpdated,
  memberAdded,
  memberProgressed,
  memberRemoved,
  memberRoleChanged,
} from '../../schemas/group.ts';
import { minute, type SpecEvent } from '../../testing/job-spec.ts';

export const key = ['red'];
const groupId = 'red';

export const creates = (name = 'Red'): SpecEvent => [groupCreated, { groupId, name }];
export const renames = (name: string): SpecEvent => [groupUpdated, { groupId, name }];
export const deletes: SpecEvent = [groupDeleted, { groupId }];
export const adds = (userId: string, role = 'member'): SpecEvent => [memberAdded, { groupId, userId, role }];
export const removes = (userId: string): SpecEvent => [memberRemoved, { groupId, userId }];
export const makes = (userId: string, role: string): SpecEvent => [memberRoleChanged, { groupId, userId, role }];
export const takesUp = (activityId: string, kind = 'course'): SpecEvent => [
  activityAdded,
  { groupId, activityId, kind },
];
export const gives = (activityId: string): SpecEvent => [activityRemoved, { groupId, activityId }];

const nothing = { enrolled: false, progress: 0, state: 'not_started', completedAt: null };

/** An answer about a member. Without `standing`, the member is not enrolled. */
export const answers = (userId: string, courseId: string, standing: object = nothing): SpecEvent => [
  memberProgressed,
  { groupId, userId, courseId, enrolled: true, completedAt: null, ...standing },
];

/** An entry of the board: a member in a course, without progress or with the given one. */
export const onBoard = (userId: string, courseId: string, standing: object = nothing) => ({
  [JSON.stringify([userId, courseId])]: { userId, courseId, ...nothing, ...standing },
});

/** An entry of the members: one who joined at that minute, without later changes. */
export const joined = (userId: string, n: number, rest: object = {}) => ({
  [userId]: { role: 'member', since: minute(n), saidAt: minute(n), roleAt: minute(n), ...rest },
});
/** An entry of the activities, in the same way. */
export const done = (activityId: string, n: number, rest: object = {}) => ({
  [activityId]: { kind: 'course', since: minute(n), saidAt: minute(n), ...rest },
});

const asks = (following: boolean) => (userId: string, courseId: string) =>
  [progressFollowed, { groupId, userId, courseId, following }] as const;
export const follows = asks(true);
export const forgets = asks(false);
