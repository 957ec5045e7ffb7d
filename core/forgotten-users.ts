/** The table from which every owner of a partition learns who was forgotten. */
import { defineTable } from './target.ts';

export const forgottenUsers = defineTable({
  name: 'forgotten_users',
  doc: 'The users who were forgotten, by digest. Later events that name them are not applied.',
  key: ['scope'],
  sort: ['digest'],
  record: {
    type: 'record',
    name: 'ForgottenUser',
    fields: [
      { name: 'scope', type: 'string', doc: 'Always "all".' },
      { name: 'digest', type: 'string', doc: 'SHA-256 of tenant and user, in base64url.' },
      { name: 'at', type: 'long', doc: 'When forgetting the user was first requested.', unit: 'ms since 1970 UTC' },
    ],
  },
});
