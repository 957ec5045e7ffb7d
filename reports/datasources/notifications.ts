/** The outcome of the messages that went out. `deliver-message` emits it once a message, when it has ended. */
import { messageDelivered, messageFailed } from '../../schemas/notification.ts';
import { notificationEvents } from '../../topics/index.ts';
import { defineDatasource } from '../define-datasource.ts';

export const notifications = defineDatasource({
  name: 'notifications',
  title: 'What became of messages',
  about:
    'A message is one notification, or one digest, by one channel. It counts when it has ended: delivered, or failed for good.',
  from: notificationEvents,
  on: [messageDelivered, messageFailed],
  granularity: 'quarter-hour',

  dimensions: {
    category: {
      doc: 'What it was about. Null for a digest, which is about several things, and in events of earlier releases.',
      field: 'category',
    },
    channel: { doc: 'How it went out.', field: 'channel' },
    outcome: {
      doc: 'delivered: the channel accepted it; else why it failed: refused, exhausted, unknown or expired.',
      of: ({ type, data }) => (type === 'notification.delivered' ? 'delivered' : data.reason),
    },
  },

  metrics: {
    messages: { kind: 'count', doc: 'Messages.', unit: 'messages' },
    attempts: {
      kind: 'sum',
      type: 'long',
      doc: 'How often channels were called for them.',
      unit: 'calls',
      field: 'attempts',
    },
    recipients: {
      kind: 'distinct',
      doc: 'Different users they were for.',
      unit: 'users',
      field: 'recipientId',
    },
    seconds: {
      kind: 'quantile',
      doc: 'From when a message was due to when its channel accepted it.',
      unit: 's',
      points: [0.5, 0.95, 0.99],
      of: ({ type, data, time }) =>
        type === 'notification.delivered' && data.dueAt !== null ? Math.max(0, time - data.dueAt) / 1000 : null,
    },
  },
});
