/** The outcome of messages to people, by day, and how long delivery took. */
import { notifications } from '../datasources/notifications.ts';
import { defineReport } from '../define-report.ts';
import { summarySql } from '../sql/finish.ts';
import * as columns from './columns.ts';
import { daysSql } from './local-days.ts';
import { daysProblems, firstDay, lastDay, zone } from './parameters.ts';

const seconds = (title: string, share: string) =>
  ({
    title,
    type: 'double',
    unit: 's',
    doc: `${share} of the delivered messages took at most this long, from when they were due until the channel accepted them. Accurate to one percent. Null: none was delivered.`,
  }) as const;

export const notificationDelivery = defineReport({
  name: 'notification-delivery',
  title: 'Delivery of messages',
  answers: 'How many messages were delivered each day, how many failed and why, and how long did they take?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: {
    category: { type: 'text', optional: true, doc: 'Only messages of this category. Without it, all messages.' },
    channel: {
      type: 'choice',
      of: ['all', 'mail', 'webhook', 'push', 'sms'],
      default: 'all',
      doc: 'Only messages by this channel.',
    },
    zone,
    first: firstDay,
    last: lastDay,
  },
  columns: {
    day: {
      title: 'Day',
      type: 'date',
      doc: 'The day on which the messages were delivered or failed, in the time zone.',
    },
    category: columns.string(
      'Category',
      'The category of the notifications. Null: several, as in a digest, or not known.',
    ),
    channel: columns.string('Channel', 'The channel that sent them: mail, webhook, push or sms.'),
    outcome: columns.string(
      'Outcome',
      'delivered: the channel accepted the message. refused: the channel will never accept it. exhausted: the channel was unavailable at every attempt. unknown: it is not known whether it arrived. expired: it was no longer needed.',
    ),
    messages: columns.count('Messages', 'messages', 'Messages with this outcome.'),
    attempts: columns.count('Attempts', 'calls', 'How often the channel was called for these messages.'),
    recipients: columns.count(
      'Recipients',
      'users',
      'Distinct users that these messages were for. Exact below 4,096, within a few percent above. Never add up these numbers.',
    ),
    seconds_p50: seconds('Half within', '50 percent'),
    seconds_p95: seconds('95 percent within', '95 percent'),
  },
  problems: daysProblems,
  from: {
    reads: [notifications],
    sql: ({ category, channel, zone, first, last }) => {
      const some = [
        ...(category === null ? [] : ['and category = :category']),
        ...(channel === 'all' ? [] : ['and channel = :channel']),
        daysSql({ first, last }),
      ].join(' ');
      const from = `(select * from notifications__rollup where tenant = :tenant ${some}) _chosen`;
      const by = ['category', 'channel', 'outcome'];
      return `select date as day, category, channel, outcome, messages, attempts, recipients, seconds_p50, seconds_p95
from (
${summarySql(notifications, { from, time: { every: 'day', zone }, by })}
) _summary
order by day, category, channel, outcome`;
    },
  },
});
