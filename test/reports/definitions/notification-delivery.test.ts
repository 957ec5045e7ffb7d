import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notifications } from '../../../reports/datasources/notifications.ts';
import { notificationDelivery } from '../../../reports/definitions/notification-delivery.ts';
import { messageDelivered, messageFailed } from '../../../schemas/notification.ts';
import type { SpecEvent } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';

interface Rest {
  readonly category?: string;
  readonly channel?: string;
  readonly seconds?: number;
}
const message = (recipientId: string, { category = 'course', channel = 'mail' }: Rest) => ({
  recipientId,
  messageId: `${recipientId}/exam/mail`,
  notificationId: 'exam',
  channel,
  category,
  attempts: 2,
});
const delivered = (recipientId: string, time: string, rest: Rest = {}): SpecEvent => {
  const at = Date.parse(time);
  return [messageDelivered, { ...message(recipientId, rest), dueAt: at - 1000 * (rest.seconds ?? 10) }, { time: at }];
};
const failed = (recipientId: string, time: string, reason: string, rest: Rest = {}): SpecEvent => [
  messageFailed,
  { ...message(recipientId, rest), reason, dueAt: null },
  { time: Date.parse(time) },
];

test('messages are counted by day, category, channel and outcome, with how long they took', async (t) => {
  const spec = await reportSpec(t, notificationDelivery);
  const many = Array.from({ length: 100 }, (_, n) =>
    delivered(`user-${n % 10}`, '2026-03-01T09:00:00Z', { seconds: n + 1 }),
  );
  await spec.events(notifications, ...many.slice(0, 50));
  await spec.events(notifications, ...many.slice(50), failed('user-1', '2026-03-01T10:00:00Z', 'refused'));
  await spec.events(
    notifications,
    delivered('user-1', '2026-03-02T09:00:00Z', { category: '', channel: 'push' }),
    failed('user-2', '2026-03-02T09:00:00Z', 'expired', { category: 'group' }),
  );
  await spec.thenRows(
    {},
    {
      day: '2026-03-01',
      category: 'course',
      channel: 'mail',
      outcome: 'delivered',
      messages: 100,
      attempts: 200,
      recipients: 10,
    },
    { day: '2026-03-01', outcome: 'refused', messages: 1, recipients: 1, seconds_p50: null, seconds_p95: null },
    { day: '2026-03-02', category: 'group', channel: 'mail', outcome: 'expired', messages: 1 },
    { day: '2026-03-02', category: null, channel: 'push', outcome: 'delivered', messages: 1 },
  );
  const [first] = await spec.all({});
  const near = (found: unknown, value: number) => Math.abs(Number(found) - value) <= 0.0101 * value;
  assert.ok(near(first?.['seconds_p50'], 50) && near(first?.['seconds_p95'], 95), JSON.stringify(first));
});

test('a category, a channel and days of a zone are chosen', async (t) => {
  const spec = await reportSpec(t, notificationDelivery);
  await spec.thenRows({});
  await spec.events(
    notifications,
    delivered('a', '2026-03-01T18:29:00Z'),
    delivered('b', '2026-03-01T18:30:00Z', { category: 'group' }),
    delivered('c', '2026-03-01T18:30:00Z', { channel: 'sms' }),
  );
  await spec.thenRows({ channel: 'sms' }, { category: 'course', channel: 'sms', messages: 1 });
  await spec.thenRows({ category: 'group' }, { category: 'group', channel: 'mail', messages: 1 });
  const zone = 'Asia/Kolkata';
  await spec.thenRows({ zone, last: '2026-03-01' }, { day: '2026-03-01', category: 'course', channel: 'mail' });
  await spec.thenRows({ zone, first: '2026-03-03' });
});
