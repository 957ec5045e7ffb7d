/** What happens to one group of learners. Topic `group.events`, keyed by `groupId`. */
import { defineEvent } from './event.ts';
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
  { type: 'record', name: 'Created', namespace, doc: 'A group was set up.', fields: [groupId, name] },
  { groupId: 'group-1', name: 'Physics on Tuesdays' },
);

export const groupUpdated = defineEvent(
  'group.updated',
  { type: 'record', name: 'Updated', namespace, doc: 'A group was renamed.', fields: [groupId, name] },
  { groupId: 'group-1', name: 'Physics on Wednesdays' },
);

export const groupDeleted = defineEvent(
  'group.deleted',
  {
    type: 'record',
    name: 'Deleted',
    namespace,
    doc: 'A group was taken away, with all that it followed.',
    fields: [groupId],
  },
  { groupId: 'group-1' },
);

export const memberAdded = defineEvent(
  'group.member-added',
  { type: 'record', name: 'MemberAdded', namespace, doc: 'A user joined the group.', fields: [groupId, userId, role] },
  { groupId: 'group-1', userId: 'learner-1', role: 'member' },
);

export const memberRemoved = defineEvent(
  'group.member-removed',
  {
    type: 'record',
    name: 'MemberRemoved',
    namespace,
    doc: 'A user left the group or was removed.',
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
    doc: 'A member may do more or less now.',
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
    doc: 'The group does this together.',
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
    doc: 'The group no longer does this together.',
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
    doc: 'How far a member is in a course the group follows: said when following begins and at every change.',
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
