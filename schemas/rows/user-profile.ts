import { defineTable } from '../../core/target.ts';
import { profile } from '../user.ts';

/** What is known of each user: what figures are told apart by, and what reports of people show. */
export const userProfile = defineTable({
  name: 'user_profile',
  doc: 'What is known of each user, until the account is deleted.',
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
        doc: 'When what is known was said; absent once the account is deleted.',
        unit: 'ms since 1970 UTC',
      },
      { name: 'deleted', type: 'boolean', doc: 'Whether the account was deleted: nothing personal is known any more.' },
    ],
  },
});
