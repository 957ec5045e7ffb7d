/**
 * Who is in each group, what it does together, and how far each member is in each of its courses.
 *
 * The entries of `progress` are what the group follows: one for every member and course, from the moment both are there. Whoever
 * keeps the progress is told when one comes and when one goes, and answers with how far the member is, now and at every
 * change; an answer about what is not followed any more comes too late and is ignored. Who is not enrolled stands on the board without progress.
 *
 * - Members and activities may come before the group itself. Adding what is there changes nothing: a role is changed by
 *   `group.member-role-changed`, an activity is changed by removing and adding it.
 * - A deleted group leaves nothing, and neither does one of which nothing but what is gone again was told. What is added to it later is
 *   of a new group.
 * - A group has at most 5,000 members and 200 activities, and follows at most 10,000 members, each in each of its courses. What does
 *   not fit is rejected.
 */
import { progressFollowed } from '../schemas/enrollment.ts';
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
} from '../schemas/group.ts';
import { groupMembership, groupProgress, userGroups } from '../schemas/rows/group-membership.ts';
import { enrollmentEvents, groupEvents } from '../topics/index.ts';
import { defineJob, emit, reject, viewEach } from './define.ts';
import {
  following,
  fullness,
  type Group,
  NOT_ENROLLED,
  nameOf,
  newGroup,
  orNothing,
  type Pair,
  pairsOfActivity,
  pairsOfMember,
  unfollowing,
} from './group-pairs.ts';
import { same } from './same.ts';

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
    'group.created': (row, { data, time }) => {
      const group = row ?? newGroup(data);
      if (group.createdAt !== null) return group;
      return { ...group, createdAt: time, name: group.name === '' ? data.name : group.name };
    },

    'group.updated': (row, { data }) =>
      row?.name === data.name ? row : orNothing({ ...(row ?? newGroup(data)), name: data.name }),

    'group.deleted': () => undefined,

    'group.member-added': (row, { data, time }) => {
      const group = row ?? newGroup(data);
      if (group.members.has(data.userId)) return group;
      const pairs = pairsOfMember(group, data.userId);
      const full = fullness(group, 'members', pairs);
      if (full !== undefined) return full;
      const members = group.members.set(data.userId, { role: data.role, since: time });
      return following({ ...group, members }, pairs);
    },

    'group.member-removed': (row, { data }) => {
      if (!row?.members.has(data.userId)) return row;
      const members = row.members.delete(data.userId);
      return orNothing(unfollowing({ ...row, members }, pairsOfMember(row, data.userId)));
    },

    'group.member-role-changed': (row, { data }) => {
      const before = row?.members.get(data.userId);
      if (row === undefined || before === undefined || before.role === data.role) return row;
      return { ...row, members: row.members.set(data.userId, { ...before, role: data.role }) };
    },

    'group.activity-added': (row, { data, time }) => {
      const group = row ?? newGroup(data);
      if (group.activities.has(data.activityId)) return group;
      const pairs = pairsOfActivity(group, data.activityId, data.kind);
      const full = fullness(group, 'activities', pairs);
      if (full !== undefined) return full;
      const activities = group.activities.set(data.activityId, { kind: data.kind, since: time });
      return following({ ...group, activities }, pairs);
    },

    'group.activity-removed': (row, { data }) => {
      if (!row?.activities.has(data.activityId)) return row;
      const activities = row.activities.delete(data.activityId);
      return orNothing(unfollowing({ ...row, activities }, pairsOfActivity(row, data.activityId)));
    },

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
        return told(groupId, before, after, pairsOfMember(after, event.data.userId));
      case 'group.member-removed':
        return told(groupId, before, after, pairsOfMember(before, event.data.userId));
      case 'group.activity-added':
        return told(groupId, before, after, pairsOfActivity(after, event.data.activityId));
      case 'group.activity-removed':
        return told(groupId, before, after, pairsOfActivity(before, event.data.activityId));
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
