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
    fields: [userId, { name: 'intoUserId', type: 'string', doc: 'The account that stays.', person: true }],
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

/** A consent is to one thing, and holds until it is withdrawn. */
const consent = [
  userId,
  { name: 'objectId', type: 'string', doc: 'What the consent is for: the id of a course, or of another thing.' },
] as const;
const consentExample = { userId: 'learner-1', objectId: 'AAA-2013J' };
const OF_ONE_OBJECT = `Of the consents of one user to one thing, given and withdrawn: ${NEWEST_HOLDS}`;

export const userConsentGiven = defineEvent(
  'user.consent-given',
  {
    type: 'record',
    name: 'ConsentGiven',
    namespace,
    doc: `A user agreed that those who run a course, or another thing, see the user's personal data. ${OF_ONE_OBJECT}`,
    fields: consent,
  },
  consentExample,
);

export const userConsentWithdrawn = defineEvent(
  'user.consent-withdrawn',
  {
    type: 'record',
    name: 'ConsentWithdrawn',
    namespace,
    doc: `A user no longer agrees to that. ${OF_ONE_OBJECT}`,
    fields: consent,
  },
  consentExample,
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
      { name: 'toUserId', type: 'string', doc: 'The new owner.', person: true },
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
