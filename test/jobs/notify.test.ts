/** The feed of a recipient, and the channels of its notifications. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { notify } from '../../jobs/notify/notify.ts';
import { recipient } from '../../schemas/rows/recipient.ts';
import { type JobSpec, jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import { asks, goesOut, inFeed, key, MAIL, PUSH, prefers, reads } from './recipients.ts';

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => asks(`n${from + i}`));
const feedOf = async (spec: JobSpec) => (await spec.row(recipient, key))?.feed;

test('a notification enters the feed, unread, with all of its data', async (t) => {
  const spec = await jobSpec(t, notify);
  const content = {
    category: 'exam',
    title: 'Tomorrow',
    body: 'Room 4',
    link: 'https://example.org',
    expiresAt: minute(9),
  };
  await spec.when(asks('exam-1', content));
  await spec.thenRow(key, {
    recipientId: 'ada',
    unread: 1,
    feed: inFeed('exam-1', minute(0), content),
    held: {},
    recent: ['exam-1'],
  });
  await spec.thenNothing();
});

test('the same notification again is a repeat, whatever its content and wherever it was read', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(), asks('exam-1'), reads('exam-1'));
  await spec.when(asks('exam-1', { title: 'Once more', urgent: true }));
  await spec.thenRow(key, { unread: 0, feed: inFeed('exam-1', minute(1), { read: true }) });
  await spec.thenNothing();
});

test('the same id for another recipient is another notification', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(asks('exam-1'));
  const [def, data] = asks('exam-1');
  await spec.when([def, { ...data, recipientId: 'ben' }]);
  await spec.thenRow(['ben'], { unread: 1 });
  await spec.thenRow(key, { unread: 1 });
});

test('the feed keeps the newest hundred', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(...numbered(100));
  assert.equal((await feedOf(spec))?.size, 100);
  await spec.given(reads('n0', 'n1'), ...numbered(3, 100));
  const feed = await feedOf(spec);
  assert.deepEqual([feed?.size, feed?.has('n2'), feed?.has('n3'), feed?.has('n102')], [100, false, true, true]);
  await spec.thenRow(key, { unread: 100 });
});

test('a late notification is as old as its time: it may not enter a full feed, and goes out', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(), ...numbered(100));
  const [def, data] = asks('late');
  await spec.when([def, data, { time: minute(-1) }]);
  const feed = await feedOf(spec);
  assert.deepEqual([feed?.size, feed?.has('late')], [100, false]);
  await spec.thenEmits(goesOut('late'));
});

for (const order of [
  ['a', 'b'],
  ['b', 'a'],
]) {
  test(`of two at the same time the one with the greater id is the newer: ${order.join(' before ')}`, async (t) => {
    const spec = await jobSpec(t, notify);
    const same = order.map((id): SpecEvent => [asks(id)[0], asks(id)[1], { time: minute(0) }]);
    await spec.given(...same, ...numbered(99).map(([def, data]): SpecEvent => [def, data, { time: minute(5) }]));
    const feed = await feedOf(spec);
    assert.deepEqual([feed?.has('a'), feed?.has('b')], [false, true]);
  });
}

test('a repeat is recognised by the latest 200 requests, though the feed has dropped the notification', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(), ...numbered(200));
  await spec.when(asks('n0'));
  await spec.thenNothing();
  await spec.given(asks('n200'));
  await spec.when(asks('n0'));
  await spec.thenEmits(goesOut('n0'));
  assert.equal((await spec.row(recipient, key))?.recent?.length, 200);
});

test('a repeat is recognised by the feed, though it is older than the latest 200 requests', async (t) => {
  const spec = await jobSpec(t, notify);
  const [def, data] = asks('pinned');
  const old = numbered(210).map(([of, what]): SpecEvent => [of, what, { time: minute(-5) }]);
  await spec.given(prefers(), [def, data, { time: minute(900) }], ...old);
  await spec.when(asks('pinned'));
  await spec.thenNothing();
});

const READS: readonly (readonly [rule: string, event: SpecEvent, read: readonly string[]])[] = [
  ['those that are named', reads('n0', 'n2'), ['n0', 'n2']],
  ['all, when none is named', reads(), ['n0', 'n1', 'n2']],
  ['none, when those are named that nobody knows', reads('zoo'), []],
  ['those that are known, of several', reads('zoo', 'n1'), ['n1']],
];

for (const [rule, event, read] of READS) {
  test(`reading marks ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(...numbered(3));
    await spec.when(event, event);
    const feed = [...((await feedOf(spec)) ?? [])];
    assert.deepEqual(
      feed.filter(([, item]) => item.read).map(([id]) => id),
      read,
    );
    await spec.thenRow(key, { unread: 3 - read.length });
    await spec.thenView('unread_counts', { recipientId: 'ada', unread: 3 - read.length });
    await spec.thenNothing();
  });
}

test('a recipient without notifications has nothing to read', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.when(reads());
  await spec.thenRow(key, undefined);
});

/** Preferences, a request, and what goes out at minute 1. */
const OUT: readonly (readonly [
  rule: string,
  preferences: SpecEvent | undefined,
  asked: SpecEvent,
  messages: readonly ReturnType<typeof goesOut>[],
])[] = [
  ['a recipient without preferences is notified only in the feed', undefined, asks('a'), []],
  ['a recipient without an address is notified only in the feed', prefers({ addresses: [] }), asks('a'), []],
  ['a notification goes to the address there is', prefers(), asks('a'), [goesOut('a')]],
  [
    'a notification goes to every address there is',
    prefers({ addresses: [PUSH, MAIL] }),
    asks('a'),
    [goesOut('a', PUSH), goesOut('a', MAIL)],
  ],
  [
    'of two addresses of one channel the last counts',
    prefers({ addresses: [{ ...MAIL, address: 'old' }, MAIL] }),
    asks('a'),
    [goesOut('a')],
  ],
  [
    'an empty address is none',
    prefers({ addresses: [{ ...MAIL, address: '' }, PUSH] }),
    asks('a'),
    [goesOut('a', PUSH)],
  ],
  [
    'an empty address takes back the one before',
    prefers({ addresses: [MAIL, { ...MAIL, address: '' }] }),
    asks('a'),
    [],
  ],
  ['a muted category stays in the feed', prefers({ muted: ['course'] }), asks('a'), []],
  ['urgent does not help a muted category', prefers({ muted: ['course'] }), asks('a', { urgent: true }), []],
  [
    'another category is not muted',
    prefers({ muted: ['course'] }),
    asks('a', { category: 'exam' }),
    [goesOut('a', MAIL, { category: 'exam' })],
  ],
  ['what is expired does not go out', prefers(), asks('a', { expiresAt: minute(1) }), []],
  [
    'what expires later goes out, and says so',
    prefers(),
    asks('a', { expiresAt: minute(1) + 1, body: 'Soon', link: '/soon' }),
    [goesOut('a', MAIL, { expiresAt: minute(1) + 1, body: 'Soon', link: '/soon' })],
  ],
];

for (const [rule, preferences, asked, messages] of OUT) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(preferences ?? reads());
    await spec.when(asked);
    await spec.thenRow(key, { unread: 1, held: {} });
    await spec.thenEmits(...messages);
  });
}

test('an id of the longest length is valid, and so are the ids of its messages', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers());
  const [longest, short] = ['😀'.repeat(256), 'x'.repeat(507)];
  await spec.when(asks(longest), asks(short), asks('z'.repeat(513)));
  await spec.thenRow(key, { recent: [longest, short] });
  const messageId = `sha256:${createHash('sha256').update(longest).digest('hex')}/mail`;
  await spec.thenEmits(goesOut(longest, MAIL, { messageId }), goesOut(short));
  await spec.thenDeadLetters('KEY_INVALID');
});

test('the latest preferences are kept', async (t) => {
  const spec = await jobSpec(t, notify);
  const preferences = { muted: ['course', 'exam'], timeZone: 'Asia/Kolkata', quietFrom: '22:00', quietUntil: '07:00' };
  await spec.when(prefers({ addresses: [] }), prefers(preferences), prefers({ ...preferences, addresses: [MAIL] }));
  await spec.thenRow(key, { ...preferences, addresses: [MAIL], unread: 0, feed: {} });
  await spec.thenNothing();
});

test('its views show the feed with the newest first, and the number of unread notifications', async (t) => {
  const spec = await jobSpec(t, notify);
  const [def, data] = asks('ancient');
  await spec.given(asks('a'), asks('b'), [def, data, { time: Date.UTC(1975, 0, 1) }], reads('a'));
  const shown = (id: string, time: number, sortKey: string, read = false) => ({
    recipientId: 'ada',
    notificationId: id,
    place: sortKey,
    ...inFeed(id, time, { read })[id],
  });
  await spec.thenView(
    'notification_feed',
    shown('b', minute(1), `0${1e15 - minute(1)}`),
    shown('a', minute(0), `0${1e15 - minute(0)}`, true),
    shown('ancient', Date.UTC(1975, 0, 1), `0${1e15 - Date.UTC(1975, 0, 1)}`),
  );
  await spec.thenView('unread_counts', { recipientId: 'ada', unread: 2 });
});

const quiet = { quietFrom: '09:04', quietUntil: '09:20' };
const [toBen, ben] = asks('hello');

survives(notify, [
  asks('a'),
  prefers(),
  asks('b'),
  [toBen, { ...ben, recipientId: 'ben' }],
  prefers(quiet),
  asks('c'),
  asks('d', { urgent: true }),
  asks('e', { expiresAt: minute(19) }),
  reads('b'),
  asks('c', { title: 'Once more' }),
  prefers({ ...quiet, addresses: [MAIL, PUSH] }),
  prefers({ ...quiet, timeZone: 'nowhere' }),
  asks('f'),
  reads('f'),
  asks('g'),
]);
