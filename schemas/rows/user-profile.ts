import { defineTable } from '../../core/target.ts';
import { profile } from '../user.ts';

/** The profile of each user, by which statistics are split, and which reports about people show. */
export const userProfile = defineTable({
  name: 'user_profile',
  doc: 'The profile of each user, until the account is deleted.',
  key: ['userId'],
  record: {
    type: 'record',
    name: 'UserProfile',
    fields: [
      { name: 'userId', type: 'string', doc: 'The user.' },
      ...profile,
      {
        name: 'toldAt',
        type: ['null', 'long'],
        doc: 'The time of the event with the profile; absent once the account is deleted.',
        unit: 'ms since 1970 UTC',
      },
      { name: 'deleted', type: 'boolean', doc: 'Whether the account was deleted. Then no personal data are kept.' },
    ],
  },
});
