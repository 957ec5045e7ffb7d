import { channel } from '../../core/channel.ts';
import { defineCache, defineTable } from '../../core/target.ts';
import { digest } from '../digest.ts';

const recipientId = { name: 'recipientId', type: 'string', doc: 'The user who is notified.', person: true } as const;

const content = [
  { name: 'category', type: 'string', doc: 'The category of the notification.' },
  { name: 'title', type: 'string', doc: 'The title: one line of plain text.', personal: true },
  { name: 'body', type: 'string', doc: 'The body, in plain text.', personal: true },
  { name: 'link', type: ['null', 'string'], doc: 'A link to more information.', personal: true },
  {
    name: 'expiresAt',
    type: ['null', 'long'],
    doc: 'When the notification is no longer needed.',
    unit: 'ms since 1970 UTC',
  },
] as const;

/** A message that waits. */
const waiting = [
  ...content,
  {
    name: 'unsubscribe',
    type: ['null', 'string'],
    doc: 'The URL for a one-click unsubscribe.',
    default: null,
    personal: true,
  },
] as const;
const time = { name: 'time', type: 'long', doc: 'When it was requested.', unit: 'ms since 1970 UTC' } as const;

const shown = [...content, time, { name: 'read', type: 'boolean', doc: 'Whether the recipient has read it.' }] as const;

const at = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC', default: null }) as const;

/** The preferences of a user, the latest notifications, and those that wait for the end of quiet hours or for a digest. */
export const recipient = defineTable({
  name: 'recipient',
  doc: 'The preferences of each user, the latest notifications, and the notifications that are held back.',
  key: ['recipientId'],
  record: {
    type: 'record',
    name: 'Recipient',
    fields: [
      recipientId,
      {
        name: 'addresses',
        doc: 'Where each channel reaches the user: at most one address for each channel.',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Reached',
            fields: [
              { name: 'channel', type: channel, doc: 'The channel.' },
              {
                name: 'address',
                type: 'string',
                doc: 'A mail address, a URL, a token or a phone number.',
                personal: true,
              },
            ],
          },
        },
        personal: true,
      },
      { name: 'muted', type: { type: 'array', items: 'string' }, doc: 'Categories that no channel sends.' },
      at('preferencesAt', 'The time of the newest preferences. Absent if unknown.'),
      at('addressesAt', 'The time of the addresses. 0: there were none yet. Absent: the same as preferencesAt.'),
      at(
        'mutedAt',
        'Since when the muted categories apply. 0: there were none yet. Absent: the same as preferencesAt.',
      ),
      {
        name: 'timeZone',
        type: 'string',
        doc: 'An IANA time zone or an offset such as "+05:30", for quiet hours and digests.',
      },
      at('timeZoneAt', 'Since when the time zone applies. Absent if unknown.'),
      { name: 'quietFrom', type: ['null', 'string'], doc: 'The local time at which quiet hours begin.' },
      { name: 'quietUntil', type: ['null', 'string'], doc: 'The local time at which quiet hours end.' },
      at('quietAt', 'Since when the quiet hours apply. Absent if unknown.'),
      { name: 'digest', type: ['null', digest], doc: 'Which channels send digests, and when.', default: null },
      at('digestAt', 'Since when the digests apply. Absent if unknown.'),
      {
        name: 'refused',
        type: { type: 'array', items: 'string' },
        doc: 'Parts of the newest preferences that could not be understood, and what to give instead.',
        default: [],
      },
      { name: 'unread', type: 'int', doc: 'The number of unread notifications in the feed.' },
      {
        name: 'feed',
        doc: 'The newest notifications, at most 100, by id.',
        type: { type: 'map', values: { type: 'record', name: 'Shown', fields: shown } },
      },
      {
        name: 'held',
        doc: 'The notifications that wait for the end of quiet hours, by id: the newest 100.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Held',
            fields: [
              ...waiting,
              { ...time, default: 0 },
              { name: 'until', type: 'long', doc: 'When quiet hours end.', unit: 'ms since 1970 UTC' },
            ],
          },
        },
      },
      {
        name: 'collected',
        doc: 'The notifications that wait for the next digest, by id: the newest 100.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Collected',
            fields: [
              ...waiting,
              time,
              {
                name: 'channels',
                type: { type: 'array', items: channel },
                doc: 'The channels whose digests will include it.',
              },
              { name: 'until', type: 'long', doc: 'When the digest is due.', unit: 'ms since 1970 UTC' },
            ],
          },
        },
      },
      {
        name: 'uncollected',
        type: 'int',
        doc: 'The number of notifications for the next digest that do not fit into it.',
        default: 0,
      },
      { name: 'digests', type: 'int', doc: 'The number of digests so far.', default: 0 },
      {
        name: 'recent',
        type: { type: 'array', items: 'string' },
        doc: 'The ids of the latest 200 notifications that were requested, newest last, to recognise repeats.',
      },
      {
        name: 'readAhead',
        type: { type: 'array', items: 'string' },
        doc: 'The ids of the latest 200 notifications that were read before they were requested, newest last.',
        default: [],
      },
    ],
  },
});

/** The feed of a user in the platform, in pages, the newest first: a view of `recipient`. */
export const notificationFeed = defineTable({
  name: 'notification_feed',
  doc: 'The newest notifications of each user, newest first.',
  key: ['recipientId'],
  sort: ['place', 'notificationId'],
  record: {
    type: 'record',
    name: 'FeedItem',
    fields: [
      recipientId,
      {
        name: 'place',
        type: 'string',
        doc: 'Sorts the newest first: digits that are smaller the later the notification.',
      },
      { name: 'notificationId', type: 'string', doc: 'The notification, unique for its recipient.' },
      ...shown,
    ],
  },
});

/** The number on the bell: a view of `recipient`. */
export const unreadCounts = defineCache({
  name: 'unread_counts',
  doc: 'The number of unread notifications of each user, published at every change.',
  key: ['recipientId'],
  live: true,
  record: {
    type: 'record',
    name: 'UnreadCount',
    fields: [recipientId, { name: 'unread', type: 'int', doc: 'The number of unread notifications in the feed.' }],
  },
});
