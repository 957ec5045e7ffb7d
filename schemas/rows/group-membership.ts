import { defineTable } from '../../core/target.ts';
import { learnerState, progress } from '../fields.ts';
import { kind, role } from '../group.ts';

const groupId = { name: 'groupId', type: 'string', doc: 'The group.' } as const;
const userId = { name: 'userId', type: 'string', doc: 'The member.' } as const;
const courseId = { name: 'courseId', type: 'string', doc: 'The course.' } as const;
const name = { name: 'name', type: 'string', doc: 'What people call the group; empty while nobody has told.' } as const;
const since = (doc: string) => ({ name: 'since', type: 'long', doc, unit: 'ms since 1970 UTC' }) as const;
const at = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC', default: null }) as const;
const saidAt = at('saidAt', 'When that was said last; absent: when it began.');

const standing = [
  userId,
  courseId,
  { name: 'enrolled', type: 'boolean', doc: 'Whether the member is active in a batch of the course.' },
  progress,
  { name: 'state', type: learnerState, doc: 'Where the member stands.' },
  {
    name: 'completedAt',
    type: ['null', 'long'],
    doc: 'When the course was completed.',
    unit: 'ms since 1970 UTC',
  },
] as const;

/** Who is in a group, what it does, and how far each member is in each of its courses. */
export const groupMembership = defineTable({
  name: 'group_membership',
  doc: 'Who is in each group, what it does, and how far its members are in its courses.',
  key: ['groupId'],
  record: {
    type: 'record',
    name: 'GroupMembership',
    fields: [
      groupId,
      name,
      at('namedAt', 'Since when it is called so; absent where nobody knows.'),
      {
        name: 'createdAt',
        type: ['null', 'long'],
        doc: 'When it was set up; absent while nobody has told.',
        unit: 'ms since 1970 UTC',
      },
      at('createdSaidAt', 'When that was said last; absent: when it was set up.'),
      at('deletedAt', 'When it was deleted last; whatever is here is of a new group. Absent: never.'),
      {
        name: 'members',
        doc: 'Who is in it, by user.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Member',
            fields: [
              role,
              since('When the member joined.'),
              saidAt,
              at('roleAt', 'Since when in this role; absent: since joining.'),
            ],
          },
        },
      },
      {
        name: 'absentMembers',
        doc: 'Who is known not to be in it, or not yet, by user: the newest 5,000. An older fact about them changes nothing.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'AbsentMember',
            fields: [
              at('leftAt', 'When the user left; absent: nobody has told.'),
              { ...role, type: ['null', role.type], doc: 'The role that was told last.', default: null },
              at('roleAt', 'Since when in this role.'),
            ],
          },
        },
        default: {},
      },
      {
        name: 'activities',
        doc: 'What it does, by activity.',
        type: {
          type: 'map',
          values: { type: 'record', name: 'Activity', fields: [kind, since('When it was added.'), saidAt] },
        },
      },
      {
        name: 'absentActivities',
        doc: 'What is known not to be done any more, by activity: the newest 200.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'AbsentActivity',
            fields: [{ name: 'leftAt', type: 'long', doc: 'When it was given up.', unit: 'ms since 1970 UTC' }],
          },
        },
        default: {},
      },
      {
        name: 'progress',
        doc: 'What it follows: every member in every course it does, by the JSON of [userId, courseId].',
        type: { type: 'map', values: { type: 'record', name: 'Followed', fields: standing } },
      },
    ],
  },
});

/** What groups a user is in: a view of `group_membership`. */
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
  doc: 'How far the members of each group are in its courses, those who are not enrolled included.',
  key: ['groupId'],
  sort: ['userId', 'courseId'],
  record: { type: 'record', name: 'GroupProgress', fields: [groupId, ...standing] },
});
