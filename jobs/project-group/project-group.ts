/**
 * Who is in each group, what it does together, and how far each member is in each of its courses.
 *
 * The entries of `progress` are what the group follows: one for every member and course, from the moment both are there. Whoever
 * keeps the progress is told when one comes and when one goes, and answers with how far the member is, now and at every
 * change; an answer about what is not followed any more comes too late and is ignored. Who is not enrolled stands on the board without progress.
 *
 * - Every fact has its time, and an older one changes nothing (`group-facts.ts`): of a member, a role, an activity, the name, each its own.
 *   So they may come in any order, before the group itself, too. A member who is added again joined the first time, and has the role
 *   that was said last.
 * - What is said of a group at or before the time it was deleted is gone, whenever it is told. What is said of later is of a new group,
 *   whether or not that was set up: of the old one it has nothing.
 * - What is said by `group.member-progressed` is no fact of the platform but an answer: it counts in the order of the log.
 * - A group has at most 5,000 members and 200 activities, and follows at most 10,000 members, each in each of its courses. What does
 *   not fit is rejected.
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
  isNews,
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
  doc: 'Keeps who is in each group and what it does, and follows how far the members are in its courses.',
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
        if (!isNews(member, group.absentMembers.get(userId), time)) return group;
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
        if (!isNews(activity, group.absentActivities.get(activityId), time)) return group;
        const pairs = activity?.kind === kind ? [] : pairsOfActivity(group, activityId);
        const full = fullness(group, 'activities', activityId, kind === 'course' ? pairs.length : 0);
        return full ?? withBoard(withActivity(group, activityId, kind, time), pairs);
      }),

    'group.activity-removed': (row, { data, time }) =>
      changed(row, data, time, (group) =>
        withBoard(withoutActivity(group, data.activityId, time), pairsOfActivity(group, data.activityId)),
      ),

    'group.member-progressed': (row, { data }) => {
      const { groupId: _groupId, userId, courseId, ...said } = data;
      const standing = { userId, courseId, ...(said.enrolled ? said : NOT_ENROLLED) };
      if (standing.progress < 0 || standing.progress > 100) {
        return reject('FACT_IMPOSSIBLE', `a progress of ${standing.progress} percent: say it again with 0 to 100`);
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
        return told(groupId, before, after, pairsOfMember(after, event.data.userId));
      case 'group.activity-added':
      case 'group.activity-removed':
        return told(groupId, before, after, pairsOfActivity(after, event.data.activityId));
      case 'group.deleted':
        return told(groupId, before, after, [...(before?.progress.values() ?? [])]);
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

/** The group after a fact of `time`; one that is older than the group is of another that was deleted. */
function changed(
  row: Group | undefined,
  data: { readonly groupId: string },
  time: number,
  change: (group: Group) => Group | Rejection,
): Group | Rejection | undefined {
  return isOlder(time, row?.deletedAt) ? row : change(row ?? newGroup(data));
}

/** Says of those pairs which came or went that they did. */
function told(groupId: string, before: Group | undefined, after: Group | undefined, pairs: readonly Pair[]) {
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
