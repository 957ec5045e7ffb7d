/** Events about one group of learners. Topic `group.events`, keyed by `groupId`. */
import { defineEvent } from '../core/event.ts';
import { courseId, groupId, userId as learnerId, progress, state } from './fields.ts';

const namespace = 'org.tributary.group';
const userId = { ...learnerId, doc: 'The member.' } as const;
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
  doc: 'The kind of activity. The group follows the progress of its members in courses only.',
  default: 'course',
} as const;
const activityId = {
  name: 'activityId',
  type: 'string',
  doc: 'The activity. For a course, the id of the course.',
} as const;

export const groupCreated = defineEvent(
  'group.created',
  {
    type: 'record',
    name: 'Created',
    namespace,
    doc: 'A group was created. If the event is older than the current name, the name does not change. If it is older than a deletion of the group, nothing changes.',
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
    doc: 'A group was renamed. If the event is older than the current name, it changes nothing.',
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
    doc: 'A group was deleted. All facts about it up to that time are removed, even those that arrive later. Facts with a later time belong to a new group with the same id, which group.created creates.',
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
    doc: 'A user joined the group, or is still in it, with this role. If the event is older than what is known about the member, it changes nothing. So it does not bring back a member who was removed later.',
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
    doc: 'A user left the group or was removed. If the event is older than the latest addition of the user, it changes nothing.',
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
    doc: 'The role of a member has changed. If the event is older than the known role, it changes nothing. If it arrives before the user is added, the role applies once the user is added.',
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
    doc: 'An activity was added to the group. If the event is older than what is known about the activity, it changes nothing.',
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
    doc: 'An activity was removed from the group. If the event is older than the latest addition of the activity, it changes nothing.',
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
    doc: 'The progress of a member in a course that the group follows. Emitted when the group starts to follow it, and at every change. It takes all facts into account, including late ones, so the last event in the log counts, whatever its time.',
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
