/** Digests: one message a day or a week instead of one for each notification. Part of a user's preferences. */

import { channel } from '../core/channel.ts';

/** In the order of ISO 8601. */
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** The prefix of the ids of digests, which no other notification may have. */
export const DIGEST_PREFIX = 'digest/';

/** When a user gets one message instead of many. */
export const digest = {
  type: 'record',
  name: 'Digest',
  doc: 'Which channels send one message a day or a week instead of one for each notification, and when.',
  fields: [
    {
      name: 'channels',
      type: { type: 'array', items: channel },
      doc: 'The channels with digests; the others send one message for each notification.',
    },
    {
      name: 'period',
      type: { type: 'enum', name: 'DigestPeriod', symbols: ['daily', 'weekly'] },
      doc: 'How often: every day, or every week.',
      default: 'daily',
    },
    { name: 'at', type: 'string', doc: 'The local time, such as "08:00".', default: '08:00' },
    {
      name: 'weekday',
      type: { type: 'enum', name: 'Weekday', symbols: WEEKDAYS },
      doc: 'The day of a weekly digest.',
      default: 'monday',
    },
  ],
} as const;
