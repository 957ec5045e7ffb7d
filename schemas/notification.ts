/** Events about the notifications of one user. Topic `notification.events`, keyed by `recipientId`. */

import { channel } from '../core/channel.ts';
import { defineEvent } from '../core/event.ts';
import { moment } from '../core/moment.ts';
import { digest } from './digest.ts';
import { recipientId } from './fields.ts';

const namespace = 'org.tributary.notification';

const notificationId = {
  name: 'notificationId',
  type: 'string',
  doc: 'The id of the notification, unique for its recipient. For a digest, "digest/" and its number.',
} as const;
const category = {
  name: 'category',
  type: 'string',
  doc: 'What the notification is about, such as "course". Users mute notifications by category.',
} as const;
const title = { name: 'title', type: 'string', doc: 'The title: one line of plain text.', personal: true } as const;
const body = { name: 'body', type: 'string', doc: 'The body, in plain text.', default: '', personal: true } as const;
const link = {
  name: 'link',
  type: ['null', 'string'],
  doc: 'A link to more information.',
  default: null,
  personal: true,
} as const;
const expiresAt = {
  name: 'expiresAt',
  type: ['null', 'long'],
  doc: 'When the notification is no longer needed. Absent: it does not expire.',
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
  doc: 'The category of the notification. Empty for a digest, which covers several.',
  default: '',
} as const;
const through = { name: 'channel', type: channel, doc: 'The channel by which it is sent.' } as const;

/** Why a message failed for good. */
export const failureReason = {
  name: 'reason',
  type: { type: 'enum', name: 'FailureReason', symbols: ['refused', 'exhausted', 'unknown', 'expired'] },
  doc: 'refused: the channel will never accept the message; exhausted: the channel was unavailable at every attempt; unknown: a call that must not be repeated ended without an answer; expired: the channel was unavailable until the message was no longer needed.',
} as const;

export const notificationRequested = defineEvent(
  'notification.requested',
  {
    type: 'record',
    name: 'Requested',
    namespace,
    doc: 'A user should be notified of something. A second event with the same notificationId is a repeat and changes nothing. A notification that is more than 7 days older than its record goes into the feed, but no channel sends it. The installation may change this limit.',
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
        doc: 'Whether to send it at once: even in quiet hours, and not in a digest.',
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
    doc: 'The recipient has read notifications in the feed. If the event arrives before the request for a notification, that notification counts as read at once and is not sent.',
    fields: [
      recipientId,
      {
        name: 'notificationIds',
        type: { type: 'array', items: 'string' },
        doc: 'The notifications that were read. An empty list means all notifications in the feed that are not newer than this event.',
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
    doc: 'The preferences of a user have changed. The event carries all of them as they are now. If the event is older than the known preferences, it changes nothing. Valid parts are applied even if other parts are invalid. A part that cannot be understood, or does not fit its type, keeps its previous value and is reported by notification.preferences-refused. Each address, category and digest channel is checked on its own.',
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
            doc: 'A channel, and the address at which it reaches the user.',
            fields: [
              through,
              {
                name: 'address',
                type: 'string',
                doc: 'A mail address, a URL, a token or a phone number.',
                personal: true,
              },
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
        doc: 'Categories that are shown in the feed, but that no channel sends.',
        default: [],
        lenient: true,
      },
      {
        name: 'timeZone',
        type: 'string',
        doc: 'An IANA time zone, for quiet hours and digests. Windows names of time zones, and hours east of UTC such as 5.5, are also accepted.',
        default: 'UTC',
        lenient: true,
      },
      {
        name: 'quietFrom',
        type: ['null', 'string'],
        doc: 'The local time at which quiet hours begin, such as "22:00".',
        default: null,
        lenient: true,
      },
      {
        name: 'quietUntil',
        type: ['null', 'string'],
        doc: 'The local time at which quiet hours end, such as "07:00".',
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
    doc: 'Parts of new preferences could not be understood. These parts keep their previous values; the other parts are applied.',
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
      {
        name: 'address',
        type: 'string',
        doc: 'The address at which the channel reaches the recipient.',
        personal: true,
      },
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
    doc: 'When the message was due. Absent in events of earlier releases.',
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
    doc: 'The message will not be sent, or it is not known whether it was sent.',
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
