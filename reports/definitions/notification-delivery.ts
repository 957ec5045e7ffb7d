/** What became of messages to people, by day, and how long they took. */
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
    doc: `${share} of the delivered messages took at most so long, from when they were due to when the channel accepted them; within one percent. Null: none was delivered.`,
  }) as const;

export const notificationDelivery = defineReport({
  name: 'notification-delivery',
  title: 'Delivery of messages',
  answers: 'How many messages were delivered each day, how many failed and why, and how long did they take?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: {
    category: { type: 'text', optional: true, doc: 'Only messages of this category; without it, all.' },
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
    day: { title: 'Day', type: 'date', doc: 'The day on which the messages ended, by the clocks of the time zone.' },
    category: columns.string('Category', 'What they were about. Null: several things, as in a digest.'),
    channel: columns.string('Channel', 'How they went out: mail, webhook, push or sms.'),
    outcome: columns.string(
      'Outcome',
      'delivered: the channel accepted it. refused: the channel will never accept it. exhausted: it was tried as often as it may be. unknown: whether it arrived is not known. expired: it was no longer needed.',
    ),
    messages: columns.count('Messages', 'messages', 'Messages that ended so.'),
    attempts: columns.count('Attempts', 'calls', 'How often the channel was called for them.'),
    recipients: columns.count(
      'Recipients',
      'users',
      'Different users they were for. Exact below 4,096, then within some percent. Never add them up.',
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
