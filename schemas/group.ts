/** What happens to one group of learners. Topic `group.events`, keyed by `groupId`. */
import { defineEvent } from '../core/event.ts';
import { courseId, groupId, progress, state, userId } from './fields.ts';

const namespace = 'org.tributary.group';
const name = { name: 'name', type: 'string', doc: 'What people call the group.' } as const;
export const role = {
  name: 'role',
  type: { type: 'enum', name: 'Role', symbols: ['member', 'admin'] },
  doc: 'What the user may do in the group.',
  default: 'member',
} as const;
export const kind = {
  name: 'kind',
  type: { type: 'enum', name: 'ActivityKind', symbols: ['course', 'other'] },
  doc: 'What the activity is. The progress of the members is followed in courses.',
  default: 'course',
} as const;
const activityId = { name: 'activityId', type: 'string', doc: 'The activity; for a course its id.' } as const;

export const groupCreated = defineEvent(
  'group.created',
  {
    type: 'record',
    name: 'Created',
    namespace,
    doc: 'A group was set up, and is called so from then on. Older than the name it has, it changes no name; told of a time before the group was deleted, nothing.',
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
    doc: 'A group was renamed. Older than the name it has, it changes nothing.',
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
    doc: 'A group was taken away, with all that was said of it at or before that time, even if it is told later. What is said of a later time is of a new group of the same id; group.created sets it up.',
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
    doc: 'A user joined the group, or is still in it, in this role. Older than what is known of the member, it changes nothing; so it does not bring back a member who was removed after it.',
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
    doc: 'A user left the group or was removed. Older than the last time the user was added, it changes nothing.',
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
    doc: 'A member may do more or less now. Older than the role that is known, it changes nothing; told before the user was added, it counts then.',
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
    doc: 'The group does this together. Older than what is known of the activity, it changes nothing.',
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
    doc: 'The group no longer does this together. Older than the last time the activity was added, it changes nothing.',
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
    doc: 'How far a member is in a course the group follows: said when following begins and at every change. It is concluded from all facts there are, old ones that are told late among them: the last in the log counts, whatever its time.',
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
