import { defineTable } from '../../core/target.ts';
import { profile } from '../user.ts';

/** The profile of each user, by which statistics are split, and which reports about people show. */
export const userProfile = defineTable({
  name: 'user_profile',
  doc: 'The profile of each user and their consents, until the account is deleted.',
  key: ['userId'],
  record: {
    type: 'record',
    name: 'UserProfile',
    fields: [
      { name: 'userId', type: 'string', doc: 'The user.', person: true },
      ...profile,
      {
        name: 'toldAt',
        type: ['null', 'long'],
        doc: 'The time of the event with the profile; absent once the account is deleted.',
        unit: 'ms since 1970 UTC',
      },
      { name: 'deleted', type: 'boolean', doc: 'Whether the account was deleted. Then no personal data are kept.' },
      {
        name: 'consents',
        doc: 'To whom the user agreed to show personal data, by the id of a course or of another thing. What is not here was never agreed to.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Consent',
            fields: [
              { name: 'given', type: 'boolean', doc: 'Whether it holds now: given, and not withdrawn since.' },
              {
                name: 'at',
                type: 'long',
                doc: 'When it was last given or withdrawn.',
                unit: 'ms since 1970 UTC',
              },
            ],
          },
        },
        default: {},
      },
    ],
  },
});
