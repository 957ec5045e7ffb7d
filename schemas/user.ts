/** Events about one user account. Topic `user.events`, keyed by `userId`. */
import { defineEvent } from '../core/event.ts';
import { NEWEST_HOLDS, userId } from './fields.ts';

const namespace = 'org.tributary.user';

const text = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'string'], doc, default: null, personal: true }) as const;

/** The fields of an account about its user. */
export const profile = [
  text('name', 'The name people see.'),
  text('gender', 'As the platform tells it.'),
  text('region', 'Where the user lives, in the words of the platform.'),
  text('ageBand', 'A range of years of age, such as "35-55".'),
  text('education', 'The highest education reached.'),
  {
    name: 'disability',
    type: ['null', 'boolean'],
    doc: 'Whether the user declared a disability.',
    default: null,
    personal: true,
  },
] as const;

const whole = [userId, ...profile] as const;

const example = {
  userId: 'learner-1',
  gender: 'F',
  region: 'Scotland',
  ageBand: '35-55',
  education: 'HE Qualification',
  disability: false,
};

export const userCreated = defineEvent(
  'user.created',
  {
    type: 'record',
    name: 'Created',
    namespace,
    doc: `An account was created. Of the events of one user: ${NEWEST_HOLDS}`,
    fields: whole,
  },
  example,
);

export const userUpdated = defineEvent(
  'user.updated',
  {
    type: 'record',
    name: 'Updated',
    namespace,
    doc: `An account was changed. The event carries the whole account as it is now. Of the events of one user: ${NEWEST_HOLDS}`,
    fields: whole,
  },
  example,
);

export const userMerged = defineEvent(
  'user.merged',
  {
    type: 'record',
    name: 'Merged',
    namespace,
    doc: 'An account was merged into another, which stays.',
    fields: [userId, { name: 'intoUserId', type: 'string', doc: 'The account that stays.' }],
  },
  { userId: 'learner-1', intoUserId: 'learner-2' },
);

export const userDeleted = defineEvent(
  'user.deleted',
  {
    type: 'record',
    name: 'Deleted',
    namespace,
    doc: 'An account was deleted. This is final: personal data must be deleted, whatever other events about it arrive, before or after, and with whatever time.',
    fields: [userId],
  },
  { userId: 'learner-1' },
);

export const ownershipTransferred = defineEvent(
  'user.ownership-transferred',
  {
    type: 'record',
    name: 'OwnershipTransferred',
    namespace,
    doc: 'Things that belonged to a user belong to another user now.',
    fields: [
      userId,
      { name: 'toUserId', type: 'string', doc: 'The new owner.' },
      {
        name: 'assetIds',
        type: { type: 'array', items: 'string' },
        doc: 'What is handed over; an empty list means everything.',
        default: [],
      },
    ],
  },
  { userId: 'teacher-1', toUserId: 'teacher-2', assetIds: ['AAA-2013J'] },
);
