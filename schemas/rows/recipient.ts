import { channel } from '../../core/channel.ts';
import { defineCache, defineTable } from '../../core/target.ts';
import { digest } from '../notification.ts';

const recipientId = { name: 'recipientId', type: 'string', doc: 'The user who is told.' } as const;

const said = [
  { name: 'category', type: 'string', doc: 'What it is about.' },
  { name: 'title', type: 'string', doc: 'One line of plain text.' },
  { name: 'body', type: 'string', doc: 'The text, plain.' },
  { name: 'link', type: ['null', 'string'], doc: 'Where to read on.' },
  {
    name: 'expiresAt',
    type: ['null', 'long'],
    doc: 'When nobody needs to be told any more.',
    unit: 'ms since 1970 UTC',
  },
] as const;

/** A message that waits. */
const waiting = [
  ...said,
  { name: 'unsubscribe', type: ['null', 'string'], doc: 'Where one POST ends messages like it.', default: null },
] as const;
const time = { name: 'time', type: 'long', doc: 'When it was asked for.', unit: 'ms since 1970 UTC' } as const;

const shown = [...said, time, { name: 'read', type: 'boolean', doc: 'Whether the recipient has read it.' }] as const;

const at = <const N extends string>(name: N, doc: string) =>
  ({ name, type: ['null', 'long'], doc, unit: 'ms since 1970 UTC', default: null }) as const;

/** How one user wants to be told, what the user was told lately, and what waits for the end of quiet hours or for a digest. */
export const recipient = defineTable({
  name: 'recipient',
  doc: 'How each user wants to be told, what the user was told lately, and what is held back.',
  key: ['recipientId'],
  record: {
    type: 'record',
    name: 'Recipient',
    fields: [
      recipientId,
      {
        name: 'addresses',
        doc: 'Where each channel reaches the user: at most one a channel.',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Reached',
            fields: [
              { name: 'channel', type: channel, doc: 'The channel.' },
              { name: 'address', type: 'string', doc: 'A mail address, a URL, a token or a number.', personal: true },
            ],
          },
        },
        personal: true,
      },
      { name: 'muted', type: { type: 'array', items: 'string' }, doc: 'Categories that go out by no channel.' },
      at('preferencesAt', 'The time of the newest preferences; absent where nobody knows.'),
      at('addressesAt', 'Since when the addresses are so; 0: nobody has said any; absent: as old as the preferences.'),
      at('mutedAt', 'Since when the muted categories are so; 0 and absent as above.'),
      {
        name: 'timeZone',
        type: 'string',
        doc: 'A time zone of IANA or an offset such as "+05:30", for quiet hours and digests.',
      },
      at('timeZoneAt', 'Since when it is this zone; absent where nobody knows.'),
      { name: 'quietFrom', type: ['null', 'string'], doc: 'Local time from which nothing goes out.' },
      { name: 'quietUntil', type: ['null', 'string'], doc: 'Local time until which nothing goes out.' },
      at('quietAt', 'Since when the quiet hours are so; absent where nobody knows.'),
      { name: 'digest', type: ['null', digest], doc: 'Which channels carry digests, and when.', default: null },
      at('digestAt', 'Since when the digests are so; absent where nobody knows.'),
      {
        name: 'refused',
        type: { type: 'array', items: 'string' },
        doc: 'What of the newest preferences could not be understood, and what to say instead.',
        default: [],
      },
      { name: 'unread', type: 'int', doc: 'How many notifications of the feed are not read.' },
      {
        name: 'feed',
        doc: 'The newest notifications, at most 100, by notification.',
        type: { type: 'map', values: { type: 'record', name: 'Shown', fields: shown } },
      },
      {
        name: 'held',
        doc: 'What waits for the end of quiet hours, by notification: the newest 100.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Held',
            fields: [
              ...waiting,
              { ...time, default: 0 },
              { name: 'until', type: 'long', doc: 'When they end.', unit: 'ms since 1970 UTC' },
            ],
          },
        },
      },
      {
        name: 'collected',
        doc: 'What waits for the next digest, by notification: the newest 100.',
        type: {
          type: 'map',
          values: {
            type: 'record',
            name: 'Collected',
            fields: [
              ...waiting,
              time,
              { name: 'channels', type: { type: 'array', items: channel }, doc: 'The channels that will carry it.' },
              { name: 'until', type: 'long', doc: 'When the digest is due.', unit: 'ms since 1970 UTC' },
            ],
          },
        },
      },
      {
        name: 'uncollected',
        type: 'int',
        doc: 'How many more the next digest would tell of, if it had room for them.',
        default: 0,
      },
      { name: 'digests', type: 'int', doc: 'How many digests there were.', default: 0 },
      {
        name: 'recent',
        type: { type: 'array', items: 'string' },
        doc: 'The ids of the latest 200 notifications asked for, the latest last, since asking twice is asking once.',
      },
      {
        name: 'readAhead',
        type: { type: 'array', items: 'string' },
        doc: 'The latest 200 notifications that were read before they were asked for, the latest last.',
        default: [],
      },
    ],
  },
});

/** What a user reads in the platform, in pages, the newest first: a view of `recipient`. */
export const notificationFeed = defineTable({
  name: 'notification_feed',
  doc: 'The newest notifications of each user, the newest first.',
  key: ['recipientId'],
  sort: ['place', 'notificationId'],
  record: {
    type: 'record',
    name: 'FeedItem',
    fields: [
      recipientId,
      { name: 'place', type: 'string', doc: 'Orders the newest first: digits that are smaller the later the time is.' },
      { name: 'notificationId', type: 'string', doc: 'The notification, unique for its recipient.' },
      ...shown,
    ],
  },
});

/** The number on the bell: a view of `recipient`. */
export const unreadCounts = defineCache({
  name: 'unread_counts',
  doc: 'How many notifications each user has not read, told at every change.',
  key: ['recipientId'],
  live: true,
  record: {
    type: 'record',
    name: 'UnreadCount',
    fields: [recipientId, { name: 'unread', type: 'int', doc: 'How many notifications of the feed are not read.' }],
  },
});
