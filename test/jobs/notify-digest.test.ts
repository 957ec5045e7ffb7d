/** What is collected for a digest, and when it goes out. Events are a minute apart, from 09:00 UTC on a Monday. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notify } from '../../jobs/notify/notify.ts';
import { recipient } from '../../schemas/rows/recipient.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { survives } from '../../testing/survival.ts';
import { asks, collectedFor, digestGoesOut, goesOut, heldBack, key, MAIL, PUSH, prefers, reads } from './recipients.ts';

const DAY = minute(24 * 60) - minute(0);
/** Due every day at minute 30. */
const digest = { channels: ['mail'], period: 'daily', at: '09:30', weekday: 'monday' };
const DUE = minute(30);
const later = (event: SpecEvent, time: number): SpecEvent => [event[0], event[1], { time }];

test('a requested notification enters the feed, is collected, and goes out as one message at the time of the digest', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ digest }));
  await spec.when(asks('a'), asks('b', { body: 'Room 4', link: '/b' }));
  await spec.thenRow(key, {
    unread: 2,
    held: {},
    collected: {
      ...collectedFor('a', minute(1), DUE),
      ...collectedFor('b', minute(2), DUE, { body: 'Room 4', link: '/b' }),
    },
    digests: 0,
  });
  await spec.thenNothing();
  await spec.whenTimeIs(DUE - 1);
  await spec.thenNothing();
  await spec.whenTimeIs(DUE);
  await spec.thenEmits(digestGoesOut(1, 'About b (+1)', 'About b\nRoom 4\n/b\n\nAbout a'));
  await spec.thenRow(key, { unread: 2, collected: {}, digests: 1 });
  await spec.whenTimeIs(minute(100_000));
  await spec.thenNothing();
});

test('the next digest has the notifications requested since, and the next number', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ digest }), asks('a'));
  await spec.whenTimeIs(DUE);
  await spec.thenEmits(digestGoesOut(1, 'About a', ''));
  await spec.given(later(asks('b'), DUE));
  await spec.thenRow(key, { collected: collectedFor('b', DUE, DUE + DAY) });
  await spec.whenTimeIs(DUE + DAY);
  await spec.thenEmits(digestGoesOut(2, 'About b', ''));
});

test('a day without requests has no digest', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.when(prefers({ digest }));
  await spec.whenTimeIs(minute(100_000));
  await spec.thenNothing();
  await spec.thenRow(key, { digests: 0 });
});

test('a weekly digest is due on its day', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ digest: { ...digest, period: 'weekly', weekday: 'wednesday' } }), asks('a'));
  await spec.whenTimeIs(DUE + 2 * DAY - 1);
  await spec.thenNothing();
  await spec.whenTimeIs(DUE + 2 * DAY);
  await spec.thenEmits(digestGoesOut(1, 'About a', ''));
});

const both = { addresses: [MAIL, PUSH] };

test('channels without a digest still send one message a notification', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ ...both, digest }));
  await spec.when(asks('a'));
  await spec.thenEmits(goesOut('a', PUSH));
  await spec.whenTimeIs(DUE);
  await spec.thenEmits(digestGoesOut(1, 'About a', ''));
});

test('two channels with a digest get one each, with the same number', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ ...both, digest: { ...digest, channels: ['push', 'mail', 'sms'] } }), asks('a'));
  await spec.whenTimeIs(DUE);
  await spec.thenEmits(digestGoesOut(1, 'About a', ''), digestGoesOut(1, 'About a', '', PUSH));
});

/** Preferences beside the digest, a request, and what goes out at once. Nothing is collected. */
const NOT_COLLECTED: readonly (readonly [
  rule: string,
  rest: object,
  asked: SpecEvent,
  messages: ReturnType<typeof goesOut>[],
])[] = [
  [
    'what is urgent goes out at once by all channels',
    both,
    asks('a', { urgent: true }),
    [goesOut('a'), goesOut('a', PUSH)],
  ],
  ['what is expired is not collected', {}, asks('a', { expiresAt: minute(1) }), []],
  ['what is of a muted category is not collected', { muted: ['course'] }, asks('a'), []],
  ['nothing is collected for a channel without an address', { addresses: [PUSH] }, asks('a'), [goesOut('a', PUSH)]],
  ['a digest of no channel is none', { digest: { ...digest, channels: [] } }, asks('a'), [goesOut('a')]],
];

for (const [rule, rest, asked, messages] of NOT_COLLECTED) {
  test(rule, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers({ digest, ...rest }));
    await spec.when(asked);
    await spec.thenRow(key, { unread: 1, collected: {} });
    await spec.thenEmits(...messages);
    await spec.whenTimeIs(DUE);
    await spec.thenNothing();
  });
}

/** What happens to two collected notifications before the digest, and what the digest contains. */
const UNWANTED: readonly (readonly [
  rule: string,
  asked: readonly SpecEvent[],
  meanwhile: SpecEvent,
  messages: readonly ReturnType<typeof digestGoesOut>[],
])[] = [
  ['what was read meanwhile is missing', [asks('a'), asks('b')], reads('a'), [digestGoesOut(1, 'About b', '')]],
  ['nothing is sent when all was read meanwhile', [asks('a'), asks('b')], reads(), []],
  [
    'what expires meanwhile is missing',
    [asks('a', { expiresAt: DUE }), asks('b')],
    reads('zoo'),
    [digestGoesOut(1, 'About b', '')],
  ],
  ['nothing is sent when all has expired', [asks('a', { expiresAt: DUE })], reads('zoo'), []],
  [
    'what was muted meanwhile is missing',
    [asks('a', { category: 'exam' }), asks('b')],
    prefers({ digest, muted: ['exam'] }),
    [digestGoesOut(1, 'About b', '')],
  ],
  ['nothing is sent to a recipient without an address', [asks('a')], prefers({ digest, addresses: [] }), []],
  [
    'it goes to the address there is by then',
    [asks('a')],
    prefers({ digest, addresses: [{ ...MAIL, address: 'new@example.org' }] }),
    [digestGoesOut(1, 'About a', '', { ...MAIL, address: 'new@example.org' })],
  ],
  ['a repeat meanwhile is one', [asks('a')], asks('a', { title: 'Once more' }), [digestGoesOut(1, 'About a', '')]],
];

for (const [rule, asked, meanwhile, messages] of UNWANTED) {
  test(`in a digest ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers({ digest }), ...asked);
    await spec.when(meanwhile);
    await spec.thenNothing();
    await spec.whenTimeIs(DUE);
    await spec.thenEmits(...messages);
    await spec.thenRow(key, { collected: {}, digests: messages.length });
    await spec.whenTimeIs(minute(100_000));
    await spec.thenNothing();
  });
}

const quiet = { quietFrom: '09:00', quietUntil: '09:45' };

test('a digest that is due in quiet hours waits until they end', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ ...quiet, ...both, digest }), asks('a'));
  await spec.thenRow(key, { held: heldBack('a', minute(45)), collected: collectedFor('a', minute(1), minute(45)) });
  await spec.whenTimeIs(minute(45) - 1);
  await spec.thenNothing();
  await spec.whenTimeIs(minute(45));
  await spec.thenEmits(goesOut('a', PUSH), digestGoesOut(1, 'About a', ''));
  await spec.thenRow(key, { held: {}, collected: {} });
});

test('a timer that is late for two digests releases each with what was due at its time', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ digest }), asks('a'), later(asks('b'), DUE + 1), later(asks('c'), DUE + 1 + DAY));
  await spec.whenTimeIs(DUE + DAY);
  await spec.thenEmits(digestGoesOut(1, 'About a', ''), digestGoesOut(2, 'About b', ''));
  await spec.thenRow(key, { collected: collectedFor('c', DUE + 1 + DAY, DUE + 2 * DAY) });
});

/** Preferences that arrive at minute 3, when 'a' has been collected for mail since minute 1. */
const ANEW: readonly (readonly [
  rule: string,
  before: object,
  preferences: SpecEvent,
  messages: readonly unknown[],
  row: Readonly<Record<string, unknown>>,
])[] = [
  [
    'the same digest leaves it collected until the same time',
    {},
    prefers({ digest, muted: ['exam'] }),
    [],
    { collected: collectedFor('a', minute(1), DUE) },
  ],
  [
    'another time of the digest applies to it',
    {},
    prefers({ digest: { ...digest, at: '09:10' } }),
    [],
    { collected: collectedFor('a', minute(1), minute(10)) },
  ],
  [
    'another time zone applies to it',
    {},
    prefers({ digest, timeZone: 'Asia/Kolkata' }),
    [],
    { collected: collectedFor('a', minute(1), DUE + DAY - 330 * 60_000) },
  ],
  [
    'with no digest any more it goes out at once, as the last digest',
    {},
    prefers(),
    [digestGoesOut(1, 'About a', '')],
    { collected: {}, digests: 1 },
  ],
  [
    'with no digest any more, in quiet hours, it goes out when they end',
    {},
    prefers(quiet),
    [],
    { collected: collectedFor('a', minute(1), minute(45)), held: {} },
  ],
  [
    'with a digest of another channel it goes with that one',
    {},
    prefers({ digest: { ...digest, channels: ['push'] } }),
    [],
    { collected: collectedFor('a', minute(1), DUE) },
  ],
  [
    'when the digest is removed, a channel that had sent it sends nothing twice',
    both,
    prefers(both),
    [digestGoesOut(1, 'About a', '')],
    { collected: {}, held: {} },
  ],
];

for (const [rule, rest, preferences, messages, row] of ANEW) {
  test(`when preferences change, ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers({ digest, ...rest }), asks('a'), reads('zoo'));
    await spec.when(preferences);
    await spec.thenRow(key, row);
    await spec.thenEmits(...(messages as ReturnType<typeof digestGoesOut>[]));
  });
}

/** Preferences that arrive at minute 2, when 'a' is held back for push and, with a digest, collected for mail. */
const HELD: readonly (readonly [
  rule: string,
  before: object,
  preferences: SpecEvent,
  messages: readonly unknown[],
  row: Readonly<Record<string, unknown>>,
])[] = [
  [
    'is collected for channels that carry a digest now',
    {},
    prefers({ ...quiet, digest }),
    [],
    { held: {}, collected: collectedFor('a', minute(2), minute(45)) },
  ],
  [
    'is not in a digest when it is now sent alone',
    { ...both, digest },
    prefers({ ...quiet, ...both }),
    [],
    { held: heldBack('a', minute(45)), collected: {} },
  ],
  [
    'goes out at once alone, and not in a digest too',
    { ...both, digest },
    prefers(both),
    [goesOut('a'), goesOut('a', PUSH)],
    { held: {}, collected: {}, digests: 0 },
  ],
  [
    'goes out at once and is collected, each for its channels',
    { ...both, digest },
    prefers({ ...both, digest }),
    [goesOut('a', PUSH)],
    { held: {}, collected: collectedFor('a', minute(2), DUE) },
  ],
  [
    'is forgotten with what was collected when it is muted',
    { ...both, digest },
    prefers({ ...quiet, ...both, digest, muted: ['course'] }),
    [],
    { held: {}, collected: {}, digests: 0 },
  ],
];

for (const [rule, rest, preferences, messages, row] of HELD) {
  test(`when preferences change, what is held back ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers({ ...quiet, ...rest }), asks('a'));
    await spec.when(preferences);
    await spec.thenRow(key, row);
    await spec.thenEmits(...(messages as ReturnType<typeof goesOut>[]));
  });
}

test('when the digest is removed, the last one has only what was collected, and what was held back goes out separately', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ ...both, quietFrom: '09:02', quietUntil: '09:45', digest }), asks('x'), asks('a'));
  await spec.when(prefers(both));
  await spec.thenEmits(goesOut('a'), goesOut('a', PUSH), digestGoesOut(1, 'About x', ''));
});

test('a preference that arrives after a digest was due, while its timer is late, releases the digest', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ digest }), asks('a'));
  await spec.when(later(prefers({ digest, muted: ['exam'] }), DUE + 5));
  await spec.thenEmits(digestGoesOut(1, 'About a', ''));
  await spec.whenTimeIs(DUE + DAY);
  await spec.thenNothing();
});

test('a digest has the newest hundred, and the number of the others', async (t) => {
  const spec = await jobSpec(t, notify);
  const many = Array.from({ length: 103 }, (_, n) => later(asks(`n${n}`), minute(1) + n));
  await spec.given(prefers({ digest }), ...many);
  await spec.thenRow(key, { uncollected: 3 });
  const row = await spec.row(recipient, key);
  assert.deepEqual(
    ['n2', 'n3', 'n102'].map((id) => row?.collected?.has(id)),
    [false, true, true],
  );
  assert.equal(row?.collected?.size, 100);
  await spec.whenTimeIs(DUE);
  const titles = Array.from({ length: 100 }, (_, n) => `About n${102 - n}`);
  await spec.thenEmits(digestGoesOut(1, 'About n102 (+102)', [...titles, '(+3)'].join('\n\n')));
  await spec.thenRow(key, { uncollected: 0, collected: {} });
});

test('of more than a hundred the oldest is left out, even if it was requested last', async (t) => {
  const spec = await jobSpec(t, notify);
  const many = Array.from({ length: 100 }, (_, n) => later(asks(`n${n}`), minute(2) + n));
  await spec.given(prefers({ digest }), ...many, later(asks('late'), minute(1)));
  const row = await spec.row(recipient, key);
  assert.deepEqual([row?.collected?.size, row?.collected?.has('late'), row?.uncollected], [100, false, 1]);
});

test('what was held back and is now collected replaces the oldest', async (t) => {
  const spec = await jobSpec(t, notify);
  const ids = (first: number) =>
    Array.from({ length: 60 }, (_, n) => later(asks(`n${first + n}`), minute(2) + first + n));
  const quiet = { quietFrom: '09:00', quietUntil: '09:20' };
  await spec.given(prefers({ digest }), ...ids(0), later(prefers(quiet), minute(3)), ...ids(60));
  await spec.given(later(prefers({ digest }), minute(4)));
  const row = await spec.row(recipient, key);
  assert.deepEqual([row?.held?.size, row?.collected?.size, row?.uncollected], [0, 100, 20]);
});

test('of two collected at the same time the one with the greater id is the newer one', async (t) => {
  for (const order of [
    ['x', 'y'],
    ['y', 'x'],
  ]) {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers({ digest }), ...order.map((id) => later(asks(id), minute(1))));
    await spec.whenTimeIs(DUE);
    await spec.thenEmits(digestGoesOut(1, 'About y (+1)', 'About y\n\nAbout x'));
  }
});

test('when everything collected is read, what did not fit is forgotten too', async (t) => {
  const spec = await jobSpec(t, notify);
  const many = Array.from({ length: 101 }, (_, n) => later(asks(`n${n}`), minute(1) + n));
  await spec.given(prefers({ digest }), ...many, reads());
  await spec.thenRow(key, { uncollected: 0, collected: {} });
});

test('what fell out of the feed and was read by its id is not in a digest', async (t) => {
  const spec = await jobSpec(t, notify);
  const laterHundred = Array.from({ length: 100 }, (_, n) => later(asks(`n${n}`, { category: 'exam' }), minute(2) + n));
  await spec.given(prefers({ digest, muted: ['exam'] }), asks('old'), ...laterHundred, reads('old'));
  await spec.thenRow(key, { collected: {} });
});

test('ids that begin like those of digests are refused', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers());
  await spec.when(asks('digest/1'), asks('digest'));
  await spec.thenEmits(goesOut('digest'));
  await spec.thenDeadLetters('KEY_INVALID');
});

test('the way to unsubscribe goes with the message, held back, collected or not', async (t) => {
  const unsubscribe = 'https://learn.example.org/out';
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ ...both, quietFrom: '09:03', quietUntil: '09:20', digest }));
  await spec.when(asks('a', { unsubscribe }));
  await spec.thenEmits(goesOut('a', PUSH, { unsubscribe }));
  await spec.given(later(asks('b', { unsubscribe }), minute(5)));
  await spec.whenTimeIs(minute(20));
  await spec.thenEmits(goesOut('b', PUSH, { unsubscribe }));
  await spec.whenTimeIs(DUE);
  await spec.thenEmits(digestGoesOut(1, 'About b (+1)', 'About b\n\nAbout a', MAIL, { unsubscribe }));
});

const early = { ...digest, at: '09:06' };
const [toBen, ben] = asks('hello');
const [ofBen, benPrefers] = prefers({ digest: { ...digest, at: '09:12' } });

survives(notify, [
  prefers({ digest: early }),
  asks('a'),
  asks('b', { urgent: true }),
  [ofBen, { ...benPrefers, recipientId: 'ben' }],
  [toBen, { ...ben, recipientId: 'ben' }],
  asks('c'),
  asks('d'),
  reads('c'),
  asks('d', { title: 'Once more' }),
  prefers({ ...both, digest: { ...early, at: '09:14' }, quietFrom: '09:10', quietUntil: '09:20' }),
  asks('e'),
  asks('f', { expiresAt: minute(15) }),
  prefers({ ...both, quietFrom: '09:10', quietUntil: '09:20' }),
  prefers({ ...both, digest: { ...early, period: 'weekly', weekday: 'friday' } }),
  asks('g'),
  [toBen, { ...ben, recipientId: 'ben', notificationId: 'again' }],
]);
