/**
 * The members of each group, its activities, and how far each member is in each of its courses.
 *
 * The entries of `progress` are what the group follows: one for every member and course, as soon as both are in the group. The job that
 * keeps the progress, `track-progress`, is notified when an entry is added or removed. It answers with the member's progress, at once and at
 * every change. An answer about a pair that is no longer followed is ignored. A member who is not enrolled is on the board without progress.
 *
 * - Every fact about a member, a role, an activity or the name has its own time, and an older one changes nothing (`facts.ts`). So facts
 *   may come in any order, even before the group itself. A member who is added again has joined the first time, and has the latest role.
 * - Facts with a time at or before the deletion of a group are dropped, even if they arrive later. Facts with a later time belong to a new
 *   group, whether or not it was created, which has nothing of the old one.
 * - `group.member-progressed` is not a fact of the platform but an answer: it counts in the order of the log.
 * - A group has at most 5,000 members and 200 activities, and follows at most 10,000 pairs of a member and a course. What does not fit is
 *   rejected.
 */
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
import { groupMembership, groupProgress, userGroups } from '../../schemas/rows/group-membership.ts';
import { enrollmentEvents, groupEvents } from '../../topics/index.ts';
import { defineJob, emit, type Rejection, reject, viewEach } from '../define.ts';
import { isOlder } from '../older.ts';
import { same } from '../same.ts';
import {
  created,
  deleted,
  isNewer,
  named,
  withActivity,
  withMember,
  withoutActivity,
  withoutMember,
  withRole,
} from './facts.ts';
import {
  fullness,
  type Group,
  NOT_ENROLLED,
  nameOf,
  newGroup,
  type Pair,
  pairsOfActivity,
  pairsOfMember,
  withBoard,
} from './pairs.ts';

export const projectGroup = defineJob({
  name: 'project-group',
  doc: 'Keeps the members and activities of each group, and follows the progress of its members in its courses.',
  from: groupEvents,
  on: [
    groupCreated,
    groupUpdated,
    groupDeleted,
    memberAdded,
    memberRemoved,
    memberRoleChanged,
    activityAdded,
    activityRemoved,
    memberProgressed,
  ],
  to: [enrollmentEvents],
  row: groupMembership,

  key: ({ data }) => ({ groupId: data.groupId }),

  fold: {
    'group.created': (row, { data, time }) =>
      changed(row, data, time, (group) => named(created(group, time), data.name, time)),

    'group.updated': (row, { data, time }) => changed(row, data, time, (group) => named(group, data.name, time)),

    'group.deleted': (row, { data, time }) => deleted(row ?? newGroup(data), time),

    'group.member-added': (row, { data, time }) =>
      changed(row, data, time, (group) => {
        const { userId, role } = data;
        const member = group.members.get(userId);
        if (!isNewer(member, group.absentMembers.get(userId), time)) return group;
        const pairs = member === undefined ? pairsOfMember(group, userId) : [];
        const full = fullness(group, 'members', userId, pairs.length);
        return full ?? withBoard(withMember(group, userId, role, time), pairs);
      }),

    'group.member-removed': (row, { data, time }) =>
      changed(row, data, time, (group) =>
        withBoard(withoutMember(group, data.userId, time), pairsOfMember(group, data.userId)),
      ),

    'group.member-role-changed': (row, { data, time }) =>
      changed(row, data, time, (group) => withRole(group, data.userId, data.role, time)),

    'group.activity-added': (row, { data, time }) =>
      changed(row, data, time, (group) => {
        const { activityId, kind } = data;
        const activity = group.activities.get(activityId);
        if (!isNewer(activity, group.absentActivities.get(activityId), time)) return group;
        const pairs = activity?.kind === kind ? [] : pairsOfActivity(group, activityId);
        const full = fullness(group, 'activities', activityId, kind === 'course' ? pairs.length : 0);
        return full ?? withBoard(withActivity(group, activityId, kind, time), pairs);
      }),

    'group.activity-removed': (row, { data, time }) =>
      changed(row, data, time, (group) =>
        withBoard(withoutActivity(group, data.activityId, time), pairsOfActivity(group, data.activityId)),
      ),

    'group.member-progressed': (row, { data }) => {
      const { groupId: _groupId, userId, courseId, ...answer } = data;
      const standing = { userId, courseId, ...(answer.enrolled ? answer : NOT_ENROLLED) };
      if (standing.progress < 0 || standing.progress > 100) {
        return reject('FACT_IMPOSSIBLE', `a progress of ${standing.progress} percent: produce it again with 0 to 100`);
      }
      const name = nameOf(data);
      const before = row?.progress.get(name);
      if (row === undefined || before === undefined || same(before, standing)) return row;
      return { ...row, progress: row.progress.set(name, standing) };
    },
  },

  react: (before, after, event) => {
    if (before === after) return [];
    const { groupId } = event.data;
    switch (event.type) {
      case 'group.member-added':
      case 'group.member-removed':
        return followedChanges(groupId, before, after, pairsOfMember(after, event.data.userId));
      case 'group.activity-added':
      case 'group.activity-removed':
        return followedChanges(groupId, before, after, pairsOfActivity(after, event.data.activityId));
      case 'group.deleted':
        return followedChanges(groupId, before, after, [...(before?.progress.values() ?? [])]);
      default:
        return [];
    }
  },

  views: [
    viewEach(groupMembership, userGroups, 'members', ['groupId', 'name'], (group, member, userId) => ({
      ...group,
      ...member,
      userId,
    })),
    viewEach(groupMembership, groupProgress, 'progress', ['groupId'], (group, standing) => ({ ...group, ...standing })),
  ],
});

/** The group after a fact of `time`. A fact from before the last deletion belongs to the deleted group and changes nothing. */
function changed(
  row: Group | undefined,
  data: { readonly groupId: string },
  time: number,
  change: (group: Group) => Group | Rejection,
): Group | Rejection | undefined {
  return isOlder(time, row?.deletedAt) ? row : change(row ?? newGroup(data));
}

/** Events for those of the pairs that are followed now and were not before, or the other way round. */
function followedChanges(groupId: string, before: Group | undefined, after: Group | undefined, pairs: readonly Pair[]) {
  return pairs
    .filter((pair) => isFollowed(before, pair) !== isFollowed(after, pair))
    .map(({ userId, courseId }) => {
      const following = isFollowed(after, { userId, courseId });
      return emit(progressFollowed, { groupId, userId, courseId, following });
    });
}

function isFollowed(group: Group | undefined, pair: Pair): boolean {
  return group?.progress.has(nameOf(pair)) === true;
}
