/** Events about one group of learners. Topic `group.events`, keyed by `groupId`. */
import { defineEvent } from '../core/event.ts';
import { courseId, groupId, progress, state, userId } from './fields.ts';

const namespace = 'org.tributary.group';
const name = { name: 'name', type: 'string', doc: 'The name of the group.' } as const;
export const role = {
  name: 'role',
  type: { type: 'enum', name: 'Role', symbols: ['member', 'admin'] },
  doc: 'What the user may do in the group.',
  default: 'member',
} as const;
export const kind = {
  name: 'kind',
  type: { type: 'enum', name: 'ActivityKind', symbols: ['course', 'other'] },
  doc: 'The kind of activity. The progress of members is followed in courses only.',
  default: 'course',
} as const;
const activityId = { name: 'activityId', type: 'string', doc: 'The activity; for a course its id.' } as const;

export const groupCreated = defineEvent(
  'group.created',
  {
    type: 'record',
    name: 'Created',
    namespace,
    doc: 'A group was created, with this name. If it is older than the name of the group, the name does not change; if it is older than a deletion of the group, nothing does.',
    fields: [groupId, name],
  },
  { groupId: 'group-1', name: 'Physics on Tuesdays' },
);

export const groupUpdated = defineEvent(
  'group.updated',
  {
    type: 'record',
    name: 'Updated',
    namespace,
    doc: 'A group was renamed. If it is older than the name of the group, it changes nothing.',
    fields: [groupId, name],
  },
  { groupId: 'group-1', name: 'Physics on Wednesdays' },
);

export const groupDeleted = defineEvent(
  'group.deleted',
  {
    type: 'record',
    name: 'Deleted',
    namespace,
    doc: 'A group was deleted, with all facts about it of that time or before, even those that arrive later. Facts of a later time belong to a new group with the same id, which group.created creates.',
    fields: [groupId],
  },
  { groupId: 'group-1' },
);

export const memberAdded = defineEvent(
  'group.member-added',
  {
    type: 'record',
    name: 'MemberAdded',
    namespace,
    doc: 'A user joined the group, or is still in it, in this role. If it is older than what is known of the member, it changes nothing; so it does not bring back a member who was removed later.',
    fields: [groupId, userId, role],
  },
  { groupId: 'group-1', userId: 'learner-1', role: 'member' },
);

export const memberRemoved = defineEvent(
  'group.member-removed',
  {
    type: 'record',
    name: 'MemberRemoved',
    namespace,
    doc: 'A user left the group or was removed. If it is older than the last time the user was added, it changes nothing.',
    fields: [groupId, userId],
  },
  { groupId: 'group-1', userId: 'learner-1' },
);

export const memberRoleChanged = defineEvent(
  'group.member-role-changed',
  {
    type: 'record',
    name: 'MemberRoleChanged',
    namespace,
    doc: 'The role of a member has changed. If it is older than the known role, it changes nothing. If it arrives before the user was added, it counts from then on.',
    fields: [groupId, userId, role],
  },
  { groupId: 'group-1', userId: 'learner-1', role: 'admin' },
);

export const activityAdded = defineEvent(
  'group.activity-added',
  {
    type: 'record',
    name: 'ActivityAdded',
    namespace,
    doc: 'An activity was added to the group. If it is older than what is known of the activity, it changes nothing.',
    fields: [groupId, activityId, kind],
  },
  { groupId: 'group-1', activityId: 'AAA-2013J', kind: 'course' },
);

export const activityRemoved = defineEvent(
  'group.activity-removed',
  {
    type: 'record',
    name: 'ActivityRemoved',
    namespace,
    doc: 'An activity was removed from the group. If it is older than the last time the activity was added, it changes nothing.',
    fields: [groupId, activityId],
  },
  { groupId: 'group-1', activityId: 'AAA-2013J' },
);

export const memberProgressed = defineEvent(
  'group.member-progressed',
  {
    type: 'record',
    name: 'MemberProgressed',
    namespace,
    doc: 'How far a member is in a course that the group follows. Emitted when following begins and at every change. It is concluded from all facts, including late ones: the last in the log counts, whatever its time.',
    fields: [
      groupId,
      userId,
      courseId,
      { name: 'enrolled', type: 'boolean', doc: 'Whether the member is active in a batch of the course.' },
      progress,
      state,
      {
        name: 'completedAt',
        type: ['null', 'long'],
        doc: 'When the course was completed.',
        unit: 'ms since 1970 UTC',
        default: null,
      },
    ],
  },
  {
    groupId: 'group-1',
    userId: 'learner-1',
    courseId: 'AAA-2013J',
    enrolled: true,
    progress: 40,
    state: 'in_progress',
  },
);
