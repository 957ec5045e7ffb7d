import { channel } from '../../core/channel.ts';
import { defineIndex, defineTable } from '../../core/target.ts';
import { failureReason } from '../notification.ts';

const ids = [
  { name: 'recipientId', type: 'string', doc: 'The user who is notified.', person: true },
  { name: 'messageId', type: 'string', doc: 'The message: one notification, or one digest, on one channel.' },
  {
    name: 'notificationId',
    type: 'string',
    doc: 'The id of the notification, unique for its recipient. For a digest, "digest/" and its number.',
  },
  { name: 'channel', type: channel, doc: 'The channel by which it is sent.' },
] as const;
const attempts = { name: 'attempts', type: 'int', doc: 'How often the channel was called.' } as const;
const lastDetail = {
  name: 'lastDetail',
  type: 'string',
  doc: 'The last answer of the channel.',
  personal: true,
} as const;
const time = <const N extends string>(name: N, doc: string) =>
  ({ name, type: 'long', doc, unit: 'ms since 1970 UTC' }) as const;

/** One message to one user by one channel, and its state. */
export const message = defineTable({
  name: 'messages',
  doc: 'The state of each message that was due.',
  key: ['recipientId'],
  sort: ['messageId'],
  record: {
    type: 'record',
    name: 'Message',
    fields: [
      ...ids,
      { name: 'category', type: 'string', doc: 'The category of the notification; empty for a digest.', default: '' },
      {
        name: 'state',
        type: { type: 'enum', name: 'MessageState', symbols: ['sending', 'waiting', 'sent', 'failed'] },
        doc: 'sending: the channel is called; waiting: the channel was unavailable and will be called again; sent: the channel accepted the message; failed: the channel will not be called again.',
      },
      attempts,
      lastDetail,
      { name: 'reason', type: ['null', failureReason.type], doc: 'The reason, if it failed.' },
      {
        name: 'parcel',
        doc: 'The content that the channel is called with. Absent once the message has ended and the content is no longer needed.',
        personal: true,
        type: [
          'null',
          {
            type: 'record',
            name: 'Parcel',
            fields: [
              {
                name: 'address',
                type: 'string',
                doc: 'The address at which the channel reaches the recipient.',
                personal: true,
              },
              { name: 'title', type: 'string', doc: 'The title: one line of plain text.' },
              { name: 'body', type: 'string', doc: 'The body, in plain text.' },
              { name: 'link', type: ['null', 'string'], doc: 'A link to more information.' },
              {
                name: 'unsubscribe',
                type: ['null', 'string'],
                doc: 'The URL for a one-click unsubscribe.',
                default: null,
              },
            ],
          },
        ],
      },
      time('dueAt', 'When it was to go out.'),
      {
        name: 'expiresAt',
        type: ['null', 'long'],
        doc: 'When the message is no longer needed. Absent: it does not expire.',
        unit: 'ms since 1970 UTC',
      },
      time('changedAt', 'When the state last changed.'),
    ],
  },
});

/** Messages that could not be sent, for the operators of the channels: a view of `messages`. */
export const failedMessages = defineIndex({
  name: 'failed_messages',
  doc: 'Messages that failed, with the reason.',
  key: ['recipientId'],
  sort: ['messageId'],
  text: ['lastDetail'],
  record: {
    type: 'record',
    name: 'FailedMessage',
    fields: [...ids, attempts, lastDetail, failureReason, time('changedAt', 'When it failed.')],
  },
});
