import { defineTable } from '../../core/target.ts';
import { learnerState, progress } from '../fields.ts';
import { kind, role } from '../group.ts';

const groupId = { name: 'groupId', type: 'string', doc: 'The group.' } as const;
const userId = { name: 'userId', type: 'string', doc: 'The member.', person: true } as const;
const courseId = { name: 'courseId', type: 'string', doc: 'The course.' } as const;
const name = { name: 'name', type: 'string', doc: 'The name of the group; empty while it is unknown.' } as const;
const since = (doc: string) => ({ name: 'since', type: 'long', doc, unit: 'ms since 1970 UTC' }) as const;
const at = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC', default: null }) as const;
const saidAt = at('saidAt', 'The time of the latest event that confirms it. Absent: the same as since.');

const standing = [
  userId,
  courseId,
  { name: 'enrolled', type: 'boolean', doc: 'Whether the member is active in a batch of the course.' },
  progress,
  { name: 'state', type: learnerState, doc: 'The state of the member in the course.' },
  {
    name: 'completedAt',
    type: ['null', 'long'],
    doc: 'When the course was completed.',
    unit: 'ms since 1970 UTC',
  },
] as const;

/** The members and activities of a group, and how far each member is in each of its courses. */
export const groupMembership = defineTable({
  name: 'group_membership',
  doc: 'The members and activities of each group, and the progress of its members in its courses.',
  key: ['groupId'],
  record: {
    type: 'record',
    name: 'GroupMembership',
    fields: [
      groupId,
      name,
      at('namedAt', 'Since when the group has this name. Absent if unknown.'),
      {
        name: 'createdAt',
        type: ['null', 'long'],
        doc: 'When it was created; absent while that is unknown.',
        unit: 'ms since 1970 UTC',
      },
      at('createdSaidAt', 'The time of the latest group.created event. Absent: the same as createdAt.'),
      at(
        'deletedAt',
        'When the group was last deleted. The rest of the row is about a new group with the same id. Absent if it was never deleted.',
      ),
      {
        name: 'members',
        doc: 'The members, by user id.',
        person: true,
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Member',
            fields: [
              role,
              since('When the member joined.'),
              saidAt,
              at('roleAt', 'Since when the member has this role. Absent: since joining.'),
            ],
          },
        },
      },
      {
        name: 'absentMembers',
        doc: 'Users who are known not to be members, or not yet, by user id: the newest 5,000. Older facts about them change nothing.',
        person: true,
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'AbsentMember',
            fields: [
              at('leftAt', 'When the user left; absent if that is unknown.'),
              { ...role, type: ['null', role.type], doc: 'The latest role.', default: null },
              at('roleAt', 'Since when the user has this role.'),
            ],
          },
        },
        default: {},
      },
      {
        name: 'activities',
        doc: 'The activities, by id.',
        type: {
          type: 'map',
          values: { type: 'record', name: 'Activity', fields: [kind, since('When it was added.'), saidAt] },
        },
      },
      {
        name: 'absentActivities',
        doc: 'Activities that are known to have been removed, by id: the newest 200.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'AbsentActivity',
            fields: [{ name: 'leftAt', type: 'long', doc: 'When it was removed.', unit: 'ms since 1970 UTC' }],
          },
        },
        default: {},
      },
      {
        name: 'progress',
        doc: 'The progress that the group follows, of every member in each of its courses. The key is the JSON of [userId, courseId].',
        type: { type: 'map', values: { type: 'record', name: 'Followed', fields: standing } },
      },
    ],
  },
});

/** The groups of a user: a view of `group_membership`. */
export const userGroups = defineTable({
  name: 'user_groups',
  doc: 'The groups of each user.',
  key: ['userId'],
  sort: ['groupId'],
  record: {
    type: 'record',
    name: 'UserGroup',
    fields: [userId, groupId, name, role, since('When the user joined.')],
  },
});

/** The board of a group, in pages: a view of `group_membership`. */
export const groupProgress = defineTable({
  name: 'group_progress',
  doc: 'The progress of the members of each group in its courses, including members who are not enrolled.',
  key: ['groupId'],
  sort: ['userId', 'courseId'],
  record: { type: 'record', name: 'GroupProgress', fields: [groupId, ...standing] },
});
