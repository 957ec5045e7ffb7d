/** Events for a recipient that arrive late, out of order, or with a wrong time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliverMessage } from '../../jobs/deliver-message/deliver-message.ts';
import { notify, notifyWith } from '../../jobs/notify/notify.ts';
import { messageDelivered, messageDue, messageFailed, preferencesRefused } from '../../schemas/notification.ts';
import { recipient } from '../../schemas/rows/recipient.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { rememberingChannel } from '../../testing/stores.ts';
import { notificationEvents } from '../../topics/index.ts';
import { arrivesLate, assertAllArriveLate, type LateLine } from '../harness/late.ts';
import { asks, goesOut, heldBack, inFeed, key, MAIL, PUSH, prefers, reads } from './recipients.ts';

const MINUTE = 60_000;
const DAYS = 24 * 60;
const feedOf = (...items: readonly object[]) => ({ feed: Object.assign({}, ...items), held: {} });

const LINES: readonly LateLine[] = [
  {
    event: asks('a'),
    others: [reads('b'), asks('b')],
    holds: { unread: 1, ...feedOf(inFeed('a', minute(20)), inFeed('b', minute(30), { read: true })) },
    oldest: { unread: 1 },
    newest: { unread: 1, ...feedOf(inFeed('a', minute(1000)), inFeed('b', minute(30), { read: true })) },
  },
  {
    event: reads('a'),
    others: [asks('a'), asks('b')],
    holds: { unread: 1, ...feedOf(inFeed('a', minute(10), { read: true }), inFeed('b', minute(30))) },
    oldest: { unread: 1 },
    newest: { unread: 1 },
  },
  {
    event: prefers({ addresses: [], muted: ['course'] }),
    others: [prefers({ addresses: [PUSH] }), prefers({ addresses: [MAIL], timeZone: 'Asia/Kolkata' })],
    holds: { addresses: [MAIL], muted: [], timeZone: 'Asia/Kolkata' },
    oldest: { addresses: [MAIL], muted: [], timeZone: 'Asia/Kolkata' },
    newest: { addresses: [], muted: ['course'], timeZone: 'UTC' },
  },
  {
    about: 'an opt-out',
    event: prefers(),
    others: [prefers(), prefers({ addresses: [], muted: ['course'] })],
    holds: { addresses: [], muted: ['course'] },
    oldest: { addresses: [], muted: ['course'] },
    newest: { addresses: [MAIL], muted: [] },
  },
];

arrivesLate(notify, key, LINES);

const [, due] = goesOut('a');
const MESSAGES: readonly LateLine[] = [
  {
    event: [messageDue, due],
    others: [],
    holds: { state: 'sent', attempts: 1, dueAt: minute(20) },
    oldest: { state: 'sent', attempts: 1 },
    newest: { state: 'sent', attempts: 1 },
  },
];
const accepting = rememberingChannel(() => ({ outcome: 'sent', detail: '250 accepted' }));

arrivesLate(deliverMessage, ['ada', 'a/mail'], MESSAGES, { channels: { mail: accepting.channel } });

test('every event of a recipient has its line, except what jobs emit and no job reads', () => {
  assertAllArriveLate(
    notificationEvents,
    [...LINES, ...MESSAGES],
    [preferencesRefused, messageDelivered, messageFailed],
  );
});

/** The event with a time of minute `n`, whose record is logged `by` minutes later. */
const late = ([def, data]: SpecEvent, n: number, by: number): SpecEvent => [
  def,
  data,
  { time: minute(n), loggedAt: minute(n + by) },
];

const OLD = 7 * DAYS;
const HISTORY: readonly (readonly [rule: string, asked: SpecEvent, by: number, isSent: boolean])[] = [
  ['seven days old when it arrives goes out', asks('a'), OLD, true],
  ['more than seven days old when it arrives enters only the feed', asks('a'), OLD + 1, false],
  ['years old comes into the feed alone, though it is urgent', asks('a', { urgent: true }), 10 * 365 * DAYS, false],
];

for (const [rule, asked, by, isSent] of HISTORY) {
  test(`what is ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers());
    await spec.when(late(asked, 1, by));
    await spec.thenRow(key, { unread: 1, feed: inFeed('a', minute(1)), held: {}, collected: {} });
    await spec.thenEmits(...(isSent ? [goesOut('a')] : []));
  });
}

for (const [historyDays, isSent] of [
  [1, false],
  [30, true],
] as const) {
  test(`an installation can set the age of history: eight days old is ${isSent ? 'not, with thirty' : 'with one'}`, async (t) => {
    const spec = await jobSpec(t, notifyWith({ historyDays }));
    await spec.given(prefers());
    await spec.when(late(asks('a'), 1, 8 * DAYS));
    await spec.thenRow(key, { unread: 1, feed: inFeed('a', minute(1)) });
    await spec.thenEmits(...(isSent ? [goesOut('a')] : []));
  });
}

test('history waits neither for the end of quiet hours nor for a digest', async (t) => {
  const spec = await jobSpec(t, notify);
  const digest = { channels: ['push'], period: 'daily', at: '20:00', weekday: 'monday' };
  await spec.given(prefers({ addresses: [MAIL, PUSH], quietFrom: '00:00', quietUntil: '23:59', digest }));
  await spec.when(late(asks('a'), 1, OLD + 1));
  await spec.thenRow(key, { unread: 1, held: {}, collected: {} });
  await spec.whenTimeIs(minute(30 * DAYS));
  await spec.thenNothing();
});

/** Quiet from minute 60 to minute 120. Each line has a notification requested at minute `n` that arrives `by` minutes later. */
const quiet = { quietFrom: '10:00', quietUntil: '11:00' };
const MOMENTS: readonly (readonly [rule: string, n: number, by: number, held: object, isSent: boolean])[] = [
  ['before quiet hours and arrives in them waits for their end', 50, 20, { until: minute(120) }, false],
  ['in quiet hours and arrives after them goes out', 70, 60, {}, true],
  ['told before them goes out', 50, 5, {}, true],
];

for (const [rule, n, by, held, isSent] of MOMENTS) {
  test(`what is asked for ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers(quiet));
    await spec.when(late(asks('a'), n, by));
    const isHeld = 'until' in held;
    await spec.thenRow(key, { held: isHeld ? heldBack('a', minute(120), { time: minute(n) }) : {} });
    await spec.thenEmits(...(isSent ? [goesOut('a')] : []));
  });
}

test('a notification that has expired when it arrives does not go out', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers());
  await spec.when(late(asks('a', { expiresAt: minute(30) }), 20, 10));
  await spec.thenNothing();
});

test('late preferences decide about waiting notifications as of the time they arrive', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(quiet), late(asks('a'), 70, 0));
  await spec.when(late(prefers({ ...quiet, addresses: [PUSH] }), 50, 30));
  await spec.thenNothing();
  await spec.whenTimeIs(minute(120));
  await spec.thenEmits(goesOut('a', PUSH));
});

test('a notification that was read before it was requested is read at once, and never goes out', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(), reads('a', 'b', 'c', 'b'));
  await spec.thenRow(key, { readAhead: ['a', 'b', 'c'], unread: 0 });
  await spec.when(asks('a'), asks('b', { urgent: true }));
  await spec.thenRow(key, {
    unread: 0,
    readAhead: ['c'],
    feed: { ...inFeed('a', minute(2), { read: true }), ...inFeed('b', minute(3), { read: true }) },
  });
  await spec.thenNothing();
  await spec.given(prefers({ quietFrom: '09:00', quietUntil: '09:40' }));
  await spec.when(asks('c'));
  await spec.thenRow(key, { held: {}, unread: 0 });
});

test('the latest 200 readings before their requests are remembered, and none of known notifications', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(asks('known'), reads('known'));
  await spec.thenRow(key, { readAhead: [] });
  await spec.given(reads(...Array.from({ length: 201 }, (_, n) => `n${n}`)));
  const ahead = (await spec.row(recipient, key))?.readAhead;
  assert.deepEqual([ahead?.length, ahead?.[0], ahead?.at(-1)], [200, 'n1', 'n200']);
});

test('a late reading of the whole feed reads nothing newer', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(asks('a'), asks('b'));
  const [def, data] = reads();
  await spec.when([def, data, { time: minute(0) }]);
  await spec.thenRow(key, {
    unread: 1,
    feed: { ...inFeed('a', minute(0), { read: true }), ...inFeed('b', minute(1)) },
  });
});

test('the date in the feed is that of the request, however late it arrives', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(late(asks('a'), 1, 30 * DAYS));
  const feed = (await spec.row(recipient, key))?.feed;
  assert.equal(feed?.get('a')?.time, minute(0) + MINUTE);
});
