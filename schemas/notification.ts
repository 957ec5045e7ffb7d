/** Events about the notifications of one user. Topic `notification.events`, keyed by `recipientId`. */

import { channel } from '../core/channel.ts';
import { defineEvent } from '../core/event.ts';
import { moment } from '../core/moment.ts';
import { recipientId } from './fields.ts';

const namespace = 'org.tributary.notification';

const notificationId = {
  name: 'notificationId',
  type: 'string',
  doc: 'The notification, unique for its recipient. Of a digest: "digest/" and its number.',
} as const;
const category = {
  name: 'category',
  type: 'string',
  doc: 'What it is about, such as "course". Preferences refer to it.',
} as const;
const title = { name: 'title', type: 'string', doc: 'One line of plain text.', personal: true } as const;
const body = { name: 'body', type: 'string', doc: 'The text, plain.', default: '', personal: true } as const;
const link = {
  name: 'link',
  type: ['null', 'string'],
  doc: 'Where to read on.',
  default: null,
  personal: true,
} as const;
const expiresAt = {
  name: 'expiresAt',
  type: ['null', 'long'],
  doc: 'When the notification is no longer needed. Absent: never.',
  ...moment,
  default: null,
} as const;
const unsubscribe = {
  name: 'unsubscribe',
  type: ['null', 'string'],
  doc: 'The https URL for a one-click unsubscribe from messages like this one (RFC 8058). Absent: there is none.',
  default: null,
  personal: true,
} as const;
/** The category of a message. */
const about = {
  name: 'category',
  type: 'string',
  doc: 'What it is about; empty for a digest, which is about several things.',
  default: '',
} as const;
const through = { name: 'channel', type: channel, doc: 'The channel by which it is sent.' } as const;

/** In the order of ISO 8601. */
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** Why a message failed for good. */
export const failureReason = {
  name: 'reason',
  type: { type: 'enum', name: 'FailureReason', symbols: ['refused', 'exhausted', 'unknown', 'expired'] },
  doc: 'refused: the channel will never accept it; exhausted: it was away at every attempt; unknown: a call that must not be made twice ended without an answer; expired: the channel was away until the message was no longer needed.',
} as const;

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

export const notificationRequested = defineEvent(
  'notification.requested',
  {
    type: 'record',
    name: 'Requested',
    namespace,
    doc: 'A user should be notified of something. A second event with the same notificationId is a repeat and changes nothing. A notification more than 7 days older than its record (the installation may change this) is history: it goes into the feed, but is sent by no channel.',
    fields: [
      recipientId,
      notificationId,
      category,
      title,
      body,
      link,
      {
        name: 'urgent',
        type: 'boolean',
        doc: 'Whether it is sent at once: even in quiet hours, and not in a digest.',
        default: false,
      },
      expiresAt,
      unsubscribe,
    ],
  },
  {
    recipientId: 'learner-1',
    notificationId: 'exam-reminder-1',
    category: 'exam',
    title: 'Your exam is tomorrow',
    body: 'Room 4, nine o’clock.',
    link: 'https://learn.example.org/exams/1',
    urgent: false,
  },
);

export const notificationRead = defineEvent(
  'notification.read',
  {
    type: 'record',
    name: 'Read',
    namespace,
    doc: 'The recipient has read notifications of the feed. A notification that is requested after it was read counts as read at once, and is not sent.',
    fields: [
      recipientId,
      {
        name: 'notificationIds',
        type: { type: 'array', items: 'string' },
        doc: 'The notifications; an empty list means all that are in the feed and not newer than this event.',
        default: [],
      },
    ],
  },
  { recipientId: 'learner-1', notificationIds: ['exam-reminder-1'] },
);

export const preferencesChanged = defineEvent(
  'notification.preferences-changed',
  {
    type: 'record',
    name: 'PreferencesChanged',
    namespace,
    doc: 'The preferences of a user have changed. The event carries all of them as they are now. If it is older than what is known, it changes nothing. Valid parts are applied even if others are not: a part that cannot be understood, or does not fit its type, stays as it was before, and is reported by notification.preferences-refused. Addresses, categories and channels of a digest are judged one by one.',
    fields: [
      recipientId,
      {
        name: 'addresses',
        doc: 'Where each channel reaches the user. A channel without an address is not used.',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Address',
            doc: 'One channel and where it reaches the user.',
            fields: [
              through,
              { name: 'address', type: 'string', doc: 'A mail address, a URL, a token or a number.', personal: true },
            ],
          },
        },
        default: [],
        personal: true,
        lenient: true,
      },
      {
        name: 'muted',
        type: { type: 'array', items: 'string' },
        doc: 'Categories that stay in the feed and are sent by no channel.',
        default: [],
        lenient: true,
      },
      {
        name: 'timeZone',
        type: 'string',
        doc: 'An IANA time zone, for quiet hours and digests. Names of Windows, and hours east of UTC such as 5.5, are understood, too.',
        default: 'UTC',
        lenient: true,
      },
      {
        name: 'quietFrom',
        type: ['null', 'string'],
        doc: 'Local time from which nothing is sent, such as "22:00".',
        default: null,
        lenient: true,
      },
      {
        name: 'quietUntil',
        type: ['null', 'string'],
        doc: 'Local time until which nothing is sent, such as "07:00".',
        default: null,
        lenient: true,
      },
      {
        name: 'digest',
        type: ['null', digest],
        doc: 'Which channels send digests, and when. Absent: none.',
        default: null,
        lenient: true,
      },
    ],
  },
  {
    recipientId: 'learner-1',
    addresses: [{ channel: 'mail', address: 'learner@example.org' }],
    muted: ['marketing'],
    timeZone: 'Europe/London',
    quietFrom: '22:00',
    quietUntil: '07:00',
    digest: { channels: ['mail'], period: 'weekly', at: '08:30', weekday: 'friday' },
  },
);

export const preferencesRefused = defineEvent(
  'notification.preferences-refused',
  {
    type: 'record',
    name: 'PreferencesRefused',
    namespace,
    doc: 'Parts of new preferences could not be understood. They stay as they were before; the other parts are applied.',
    fields: [
      recipientId,
      {
        name: 'problems',
        type: { type: 'array', items: 'string' },
        doc: 'The problems, each as a sentence that says what to give instead.',
        personal: true,
      },
    ],
  },
  {
    recipientId: 'learner-1',
    problems: ['data.quietFrom is "25:00", which is no time of day: give 00:00 to 23:59'],
  },
);

export const messageDue = defineEvent(
  'notification.message-due',
  {
    type: 'record',
    name: 'MessageDue',
    namespace,
    doc: 'One message is due to be sent by one channel.',
    fields: [
      recipientId,
      { name: 'messageId', type: 'string', doc: 'The message: one notification, or one digest, on one channel.' },
      notificationId,
      through,
      { name: 'address', type: 'string', doc: 'Where the channel reaches the recipient.', personal: true },
      title,
      body,
      link,
      expiresAt,
      unsubscribe,
      about,
    ],
  },
  {
    recipientId: 'learner-1',
    messageId: 'exam-reminder-1/mail',
    notificationId: 'exam-reminder-1',
    channel: 'mail',
    address: 'learner@example.org',
    title: 'Your exam is tomorrow',
    body: 'Room 4, nine o’clock.',
  },
);

const outcome = [
  recipientId,
  { name: 'messageId', type: 'string', doc: 'The message.' },
  notificationId,
  through,
  { name: 'attempts', type: 'int', doc: 'How often the channel was called.' },
  about,
  {
    name: 'dueAt',
    type: ['null', 'long'],
    doc: 'When it was due; absent in events of earlier releases.',
    unit: 'ms since 1970 UTC',
    default: null,
  },
] as const;

export const messageDelivered = defineEvent(
  'notification.delivered',
  { type: 'record', name: 'Delivered', namespace, doc: 'A channel accepted the message.', fields: outcome },
  {
    recipientId: 'learner-1',
    messageId: 'exam-reminder-1/mail',
    notificationId: 'exam-reminder-1',
    channel: 'mail',
    attempts: 1,
  },
);

export const messageFailed = defineEvent(
  'notification.failed',
  {
    type: 'record',
    name: 'Failed',
    namespace,
    doc: 'The message will not be sent any more, or it cannot be known whether it was sent.',
    fields: [
      ...outcome,
      failureReason,
      { name: 'detail', type: 'string', doc: 'The last answer of the channel.', default: '', personal: true },
    ],
  },
  {
    recipientId: 'learner-1',
    messageId: 'exam-reminder-1/mail',
    notificationId: 'exam-reminder-1',
    channel: 'mail',
    attempts: 5,
    reason: 'exhausted',
    detail: '451 try again later',
  },
);
