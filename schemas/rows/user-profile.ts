import { defineTable } from '../../core/target.ts';
import { profile } from '../user.ts';

/** The profile of each user. Statistics are split by it, and reports about people show it. */
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
        doc: 'The time of the event that the profile comes from. Absent once the account is deleted.',
        unit: 'ms since 1970 UTC',
      },
      { name: 'deleted', type: 'boolean', doc: 'Whether the account was deleted. Then no personal data are kept.' },
      {
        name: 'consents',
        doc: 'The consents to show personal data, by the id of a course or of another object. The user never consented for an object that is not listed.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Consent',
            fields: [
              {
                name: 'given',
                type: 'boolean',
                doc: 'Whether the consent is valid now: given, and not withdrawn since.',
              },
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
