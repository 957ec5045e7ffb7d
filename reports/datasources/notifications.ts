/** The outcome of messages. `deliver-message` emits one event for each message, when its delivery has ended. */
import { messageDelivered, messageFailed } from '../../schemas/notification.ts';
import { notificationEvents } from '../../topics/index.ts';
import { defineDatasource } from '../define-datasource.ts';

export const notifications = defineDatasource({
  name: 'notifications',
  title: 'Outcomes of messages',
  about:
    'A message is one notification or one digest, sent by one channel. It counts once it is delivered or has failed for good.',
  from: notificationEvents,
  on: [messageDelivered, messageFailed],
  granularity: 'quarter-hour',

  dimensions: {
    category: {
      doc: 'The category of the notification. Null for a digest, which covers several, and for events of earlier releases.',
      field: 'category',
    },
    channel: { doc: 'The channel that sent it: mail, webhook, push or sms.', field: 'channel' },
    outcome: {
      doc: 'delivered if the channel accepted the message; otherwise the reason why it failed: refused, exhausted, unknown or expired.',
      of: ({ type, data }) => (type === 'notification.delivered' ? 'delivered' : data.reason),
    },
  },

  metrics: {
    messages: { kind: 'count', doc: 'Messages that were delivered or failed.', unit: 'messages' },
    attempts: {
      kind: 'sum',
      type: 'long',
      doc: 'How often channels were called for these messages.',
      unit: 'calls',
      field: 'attempts',
    },
    recipients: {
      kind: 'distinct',
      doc: 'Distinct users that these messages were for.',
      unit: 'users',
      field: 'recipientId',
    },
    seconds: {
      kind: 'quantile',
      doc: 'The time from when a message was due until its channel accepted it.',
      unit: 's',
      points: [0.5, 0.95, 0.99],
      of: ({ type, data, time }) =>
        type === 'notification.delivered' && data.dueAt !== null ? Math.max(0, time - data.dueAt) / 1000 : null,
    },
  },
});
