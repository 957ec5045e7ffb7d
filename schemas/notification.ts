/** What one user is told, and how. Topic `notification.events`, keyed by `recipientId`. */

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
  doc: 'What it is about, such as "course": preferences speak of it.',
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
  doc: 'When nobody needs to be told any more. Absent: never.',
  ...moment,
  default: null,
} as const;
const unsubscribe = {
  name: 'unsubscribe',
  type: ['null', 'string'],
  doc: 'An https URL, one POST to which takes the recipient out of messages like this one (RFC 8058). Absent: that cannot be.',
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
const through = { name: 'channel', type: channel, doc: 'How it goes out.' } as const;

/** In the order of ISO 8601. */
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** Why a message failed for good. */
export const failureReason = {
  name: 'reason',
  type: { type: 'enum', name: 'FailureReason', symbols: ['refused', 'exhausted', 'unknown', 'expired'] },
  doc: 'refused: the channel will never accept it; exhausted: it was away at every attempt; unknown: a call that must not be made twice ended without an answer; expired: the channel was away until nobody needed to be told any more.',
} as const;

/** What the ids of digests begin with, and those of no notification. */
export const DIGEST_PREFIX = 'digest/';

/** When a user gets one message instead of many. */
export const digest = {
  type: 'record',
  name: 'Digest',
  doc: 'Which channels carry one message a day or a week instead of one a notification, and when.',
  fields: [
    {
      name: 'channels',
      type: { type: 'array', items: channel },
      doc: 'The channels; the others go on with one message a notification.',
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
    doc: 'Somebody should be told something. The same notificationId again is a repeat and tells nobody anything. What is more than 7 days older than its record (or as the installation sets it) is history: it comes into the feed, and goes out by no channel.',
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
        doc: 'Whether it goes out at once: in quiet hours, and beside any digest.',
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
    doc: 'The recipient has read notifications of the feed. One that is asked for later than it was read is read at once, and does not go out.',
    fields: [
      recipientId,
      {
        name: 'notificationIds',
        type: { type: 'array', items: 'string' },
        doc: 'Which ones; none means all that are in the feed and not newer than this.',
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
    doc: 'How a user wants to be told. The event carries all preferences as they are now. Older than what is known, it changes nothing. What is right of it holds, whatever else is wrong: what cannot be understood, or does not fit its type, stays as it was before, and notification.preferences-refused says so. Addresses, categories and channels of a digest are taken one by one.',
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
        doc: 'Categories that stay in the feed and go out by no channel.',
        default: [],
        lenient: true,
      },
      {
        name: 'timeZone',
        type: 'string',
        doc: 'A time zone of IANA, for quiet hours and digests. A name of Windows, and hours east of UTC such as 5.5, are understood.',
        default: 'UTC',
        lenient: true,
      },
      {
        name: 'quietFrom',
        type: ['null', 'string'],
        doc: 'Local time from which nothing goes out, such as "22:00".',
        default: null,
        lenient: true,
      },
      {
        name: 'quietUntil',
        type: ['null', 'string'],
        doc: 'Local time until which nothing goes out, such as "07:00".',
        default: null,
        lenient: true,
      },
      {
        name: 'digest',
        type: ['null', digest],
        doc: 'Which channels carry digests, and when. Absent: none.',
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
    doc: 'Something of new preferences could not be understood. The rest of them holds, and for this what held before.',
    fields: [
      recipientId,
      {
        name: 'problems',
        type: { type: 'array', items: 'string' },
        doc: 'What it was, each as a sentence that says what to give instead.',
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
    doc: 'One message is to go out by one channel now.',
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
    doc: 'When it was to go out; absent in events of earlier releases.',
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
    doc: 'The message will not be sent any more, or nobody can know whether it was.',
    fields: [
      ...outcome,
      failureReason,
      { name: 'detail', type: 'string', doc: 'What the channel said last.', default: '', personal: true },
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
