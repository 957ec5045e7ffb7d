import { test } from 'node:test';
import { notifications } from '../../../reports/datasources/notifications.ts';
import { messageDelivered, messageFailed, notificationRead } from '../../../schemas/notification.ts';
import { datasourceSpec } from '../../../testing/datasource-spec.ts';
import { minute, type SpecEvent } from '../../../testing/job-spec.ts';

const ids = (n: number) => ({
  recipientId: `user-${n}`,
  messageId: `exam-${n}/mail`,
  notificationId: `exam-${n}`,
  channel: 'mail',
  category: 'exam',
});
const delivered = (n: number, rest: object = {}): SpecEvent => [
  messageDelivered,
  { ...ids(n), attempts: 1, dueAt: minute(n) - 1500, ...rest },
];
const failed = (n: number, reason: string): SpecEvent => [
  messageFailed,
  { ...ids(n), attempts: 5, reason, dueAt: minute(0) },
];

test('messages are counted by category, channel and outcome', async (t) => {
  const spec = await datasourceSpec(t, notifications);
  spec.when(
    delivered(0),
    delivered(1),
    delivered(2, { channel: 'push' }),
    failed(3, 'exhausted'),
    failed(4, 'refused'),
  );
  const of = { bucket: minute(0), category: 'exam' };
  const mail = { ...of, channel: 'mail' };
  spec.thenRows(
    { ...mail, outcome: 'delivered', messages: 2, attempts: 2, recipients: 2, seconds: [1.5, 1.5] },
    { ...mail, outcome: 'exhausted', messages: 1, attempts: 5, recipients: 1, seconds: [] },
    { ...mail, outcome: 'refused', messages: 1, attempts: 5, recipients: 1, seconds: [] },
    { ...of, channel: 'push', outcome: 'delivered', messages: 1, attempts: 1, recipients: 1, seconds: [1.5] },
  );
});

test('events of an earlier release have neither category nor duration, and count', async (t) => {
  const spec = await datasourceSpec(t, notifications);
  spec.when(delivered(0, { category: undefined, dueAt: undefined }));
  spec.thenRows({ category: null, outcome: 'delivered', messages: 1, seconds: [] });
});

test('a message that was accepted before it was due, by another clock, has duration zero', async (t) => {
  const spec = await datasourceSpec(t, notifications);
  spec.when(delivered(0, { dueAt: minute(5) }));
  spec.thenRows({ messages: 1, seconds: [0] });
});

test('a reading in the feed is not a message', async (t) => {
  const spec = await datasourceSpec(t, notifications);
  spec.when([notificationRead, { recipientId: 'user-1' }]);
  spec.thenRows();
});
