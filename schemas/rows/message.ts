import { channel } from '../../core/channel.ts';
import { defineIndex, defineTable } from '../../core/target.ts';
import { failureReason } from '../notification.ts';

const ids = [
  { name: 'recipientId', type: 'string', doc: 'The user who is told.' },
  { name: 'messageId', type: 'string', doc: 'The message: one notification, or one digest, on one channel.' },
  {
    name: 'notificationId',
    type: 'string',
    doc: 'The notification, unique for its recipient. Of a digest: "digest/" and its number.',
  },
  { name: 'channel', type: channel, doc: 'How it goes out.' },
] as const;
const attempts = { name: 'attempts', type: 'int', doc: 'How often the channel was called.' } as const;
const lastDetail = { name: 'lastDetail', type: 'string', doc: 'What the channel said last.', personal: true } as const;
const time = <const N extends string>(name: N, doc: string) =>
  ({ name, type: 'long', doc, unit: 'ms since 1970 UTC' }) as const;

/** One message to one user by one channel, and what became of it. */
export const message = defineTable({
  name: 'messages',
  doc: 'What became of each message that was to go out.',
  key: ['recipientId'],
  sort: ['messageId'],
  record: {
    type: 'record',
    name: 'Message',
    fields: [
      ...ids,
      { name: 'category', type: 'string', doc: 'What it is about; empty for a digest.', default: '' },
      {
        name: 'state',
        type: { type: 'enum', name: 'MessageState', symbols: ['sending', 'waiting', 'sent', 'failed'] },
        doc: 'sending: a channel is called; waiting: it was away and will be called again; sent: it accepted; failed: it never will.',
      },
      attempts,
      lastDetail,
      { name: 'reason', type: ['null', failureReason.type], doc: 'Why it failed.' },
      {
        name: 'parcel',
        doc: 'What a channel is called with; absent when the message has ended, since nobody needs it any more.',
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
                doc: 'Where the channel reaches the recipient.',
                personal: true,
              },
              { name: 'title', type: 'string', doc: 'One line of plain text.' },
              { name: 'body', type: 'string', doc: 'The text, plain.' },
              { name: 'link', type: ['null', 'string'], doc: 'Where to read on.' },
              {
                name: 'unsubscribe',
                type: ['null', 'string'],
                doc: 'Where one POST ends messages like it.',
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
        doc: 'When nobody needs it any more; absent: never.',
        unit: 'ms since 1970 UTC',
      },
      time('changedAt', 'When its state was last another one.'),
    ],
  },
});

/** What could not be sent, for those who operate the channels: a view of `messages`. */
export const failedMessages = defineIndex({
  name: 'failed_messages',
  doc: 'Messages that will not be sent any more, and why.',
  key: ['recipientId'],
  sort: ['messageId'],
  text: ['lastDetail'],
  record: {
    type: 'record',
    name: 'FailedMessage',
    fields: [...ids, attempts, lastDetail, failureReason, time('changedAt', 'When it failed.')],
  },
});
