/** Events about one user account. Topic `user.events`, keyed by `userId`. */
import { defineEvent } from '../core/event.ts';
import { userId as learnerId, NEWEST_HOLDS } from './fields.ts';

const namespace = 'org.tributary.user';
const userId = { ...learnerId, doc: 'The user.' } as const;

const text = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'string'], doc, default: null, personal: true }) as const;

/** The fields of an account that describe its user. */
export const profile = [
  text('name', 'The display name.'),
  text('gender', 'The gender, as the platform reports it.'),
  text('region', 'Where the user lives, as the platform names it.'),
  text('ageBand', 'The age range, such as "35-55".'),
  text('education', 'The highest level of education.'),
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
    doc: `An account was created. Of two events about the same user, ${NEWEST_HOLDS}`,
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
    doc: `An account was changed. The event carries the whole account as it is now. Of two events about the same user, ${NEWEST_HOLDS}`,
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
    doc: 'An account was merged into another account, which is kept.',
    fields: [userId, { name: 'intoUserId', type: 'string', doc: 'The account that is kept.', person: true }],
  },
  { userId: 'learner-1', intoUserId: 'learner-2' },
);

export const userDeleted = defineEvent(
  'user.deleted',
  {
    type: 'record',
    name: 'Deleted',
    namespace,
    doc: 'An account was deleted. This is final: personal data must be deleted, and no other event about the account brings them back, whenever that event happened or arrives.',
    fields: [userId],
  },
  { userId: 'learner-1' },
);

/** A consent is for one object, and holds until it is withdrawn. */
const consent = [
  userId,
  {
    name: 'objectId',
    type: 'string',
    doc: 'The object that the consent is for: the id of a course, or of another object.',
  },
] as const;
const consentExample = { userId: 'learner-1', objectId: 'AAA-2013J' };
const OF_ONE_OBJECT = `Of two events about the consent of a user for the same object, ${NEWEST_HOLDS}`;

export const userConsentGiven = defineEvent(
  'user.consent-given',
  {
    type: 'record',
    name: 'ConsentGiven',
    namespace,
    doc: `A user agreed that the organisers of a course, or of another object, may see the user's personal data. ${OF_ONE_OBJECT}`,
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
    doc: `A user withdrew the consent for the organisers of a course, or of another object, to see the user's personal data. ${OF_ONE_OBJECT}`,
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
    doc: 'Assets of a user now belong to another user.',
    fields: [
      userId,
      { name: 'toUserId', type: 'string', doc: 'The new owner.', person: true },
      {
        name: 'assetIds',
        type: { type: 'array', items: 'string' },
        doc: 'The assets that are handed over. An empty list means all of them.',
        default: [],
      },
    ],
  },
  { userId: 'teacher-1', toUserId: 'teacher-2', assetIds: ['AAA-2013J'] },
);
