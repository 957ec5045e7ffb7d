/** What is held back during quiet hours, and what becomes of it. Events are a minute apart, from 09:00 UTC. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notify } from '../../jobs/notify/notify.ts';
import { recipient } from '../../schemas/rows/recipient.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { asks, goesOut, heldBack, key, MAIL, PUSH, prefers, reads } from './recipients.ts';

/** Quiet until minute 20. */
const quiet = { quietFrom: '09:00', quietUntil: '09:20' };
const END = minute(20);

test('in quiet hours a notification enters the feed, and goes out when they end', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(quiet));
  await spec.when(asks('a', { expiresAt: minute(30) }));
  await spec.thenRow(key, { unread: 1, held: heldBack('a', END, { expiresAt: minute(30) }) });
  await spec.thenNothing();
  await spec.whenTimeIs(END - 1);
  await spec.thenNothing();
  await spec.whenTimeIs(END);
  await spec.thenRow(key, { unread: 1, held: {} });
  await spec.thenEmits(goesOut('a', MAIL, { expiresAt: minute(30) }));
  await spec.whenTimeIs(minute(10_000));
  await spec.thenNothing();
});

test('everything held back goes out when they end, each by every channel', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ ...quiet, addresses: [MAIL, PUSH] }), asks('b'), asks('a'));
  await spec.whenTimeIs(END);
  await spec.thenEmits(goesOut('b'), goesOut('b', PUSH), goesOut('a'), goesOut('a', PUSH));
});

const AT_ONCE: readonly (readonly [rule: string, asked: SpecEvent, isSent: boolean])[] = [
  ['what is urgent goes out at once', asks('a', { urgent: true }), true],
  ['what is expired is not held back', asks('a', { expiresAt: minute(1) }), false],
  ['what is of a muted category is not held back', asks('a', { category: 'muted' }), false],
];

for (const [rule, asked, isSent] of AT_ONCE) {
  test(`in quiet hours ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers({ ...quiet, muted: ['muted'] }));
    await spec.when(asked);
    await spec.thenRow(key, { unread: 1, held: {} });
    await spec.thenEmits(...(isSent ? [goesOut('a')] : []));
    await spec.whenTimeIs(END);
    await spec.thenNothing();
  });
}

test('in quiet hours nothing is held back for a recipient without an address', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ ...quiet, addresses: [] }), asks('a'));
  await spec.thenRow(key, { unread: 1, held: {} });
});

/** What happens to two held-back notifications during the quiet hours, and what goes out at their end. */
const UNWANTED: readonly (readonly [
  rule: string,
  asked: readonly SpecEvent[],
  meanwhile: SpecEvent,
  messages: readonly ReturnType<typeof goesOut>[],
])[] = [
  ['what was read meanwhile does not go out', [asks('a'), asks('b')], reads('a'), [goesOut('b')]],
  ['nothing goes out when all was read meanwhile', [asks('a'), asks('b')], reads(), []],
  ['what expires meanwhile does not go out', [asks('a', { expiresAt: END }), asks('b')], reads('zoo'), [goesOut('b')]],
  [
    'what was muted meanwhile does not go out',
    [asks('a', { category: 'exam' }), asks('b')],
    prefers({ ...quiet, muted: ['exam'] }),
    [goesOut('b')],
  ],
  [
    'nothing goes out to whoever has no address any more',
    [asks('a'), asks('b')],
    prefers({ ...quiet, addresses: [] }),
    [],
  ],
  [
    'it goes to the address there is by then',
    [asks('a')],
    prefers({ ...quiet, addresses: [PUSH] }),
    [goesOut('a', PUSH)],
  ],
  ['a repeat meanwhile is one', [asks('a')], asks('a', { title: 'Once more' }), [goesOut('a')]],
];

for (const [rule, asked, meanwhile, messages] of UNWANTED) {
  test(`when quiet hours end, ${rule}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers(quiet), ...asked);
    await spec.when(meanwhile);
    await spec.thenNothing();
    await spec.whenTimeIs(END);
    await spec.thenRow(key, { held: {} });
    await spec.thenEmits(...messages);
    await spec.whenTimeIs(minute(10_000));
    await spec.thenNothing();
  });
}

test('what fell out of the feed and was read by its id does not go out either', async (t) => {
  const spec = await jobSpec(t, notify);
  const [def, data] = asks('old');
  await spec.given(prefers({ quietFrom: '08:00', quietUntil: '23:00' }), [def, data, { time: minute(-1) }]);
  await spec.given(...Array.from({ length: 100 }, (_, i) => asks(`n${i}`)));
  await spec.given(reads(), reads('old'));
  await spec.thenRow(key, { unread: 0, held: {} });
});

test('of more than a hundred the newest are held back, and the others are only in the feed', async (t) => {
  const spec = await jobSpec(t, notify);
  const ids = Array.from({ length: 100 }, (_, n) => `n${n}`);
  const at = ([def, data]: SpecEvent, time: number): SpecEvent => [def, data, { time }];
  const late = at(asks('late'), minute(1));
  await spec.given(prefers(quiet));
  await spec.when(at(asks('old'), minute(2)), ...ids.map((id, n) => at(asks(id), minute(3) + n)), late);
  await spec.thenNothing();
  const row = await spec.row(recipient, key);
  assert.deepEqual([row?.held?.size, row?.held?.has('old'), row?.held?.has('late')], [100, false, false]);
  await spec.whenTimeIs(END);
  await spec.thenEmits(...ids.map((id) => goesOut(id)));
  await spec.thenRow(key, { held: {} });
});

test('new quiet hours also apply to what is held back', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(quiet), asks('a'));
  await spec.when(prefers({ quietFrom: '09:00', quietUntil: '09:40' }));
  await spec.thenRow(key, { held: heldBack('a', minute(40)) });
  await spec.whenTimeIs(END);
  await spec.thenNothing();
  await spec.whenTimeIs(minute(40));
  await spec.thenEmits(goesOut('a'));
});

test('quiet hours that end earlier release it earlier', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(quiet), asks('a'));
  await spec.when(prefers({ quietFrom: '09:00', quietUntil: '09:10' }));
  await spec.whenTimeIs(minute(10));
  await spec.thenEmits(goesOut('a'));
  await spec.whenTimeIs(END);
  await spec.thenNothing();
});

const NO_LONGER_QUIET: readonly (readonly [what: string, preferences: SpecEvent])[] = [
  ['no quiet hours any more', prefers()],
  ['other quiet hours', prefers({ quietFrom: '10:00', quietUntil: '11:00' })],
  ['another time zone', prefers({ ...quiet, timeZone: 'Asia/Kolkata' })],
];

for (const [what, preferences] of NO_LONGER_QUIET) {
  test(`with ${what}, what was held back goes out at once`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers(quiet), asks('a'), asks('b', { expiresAt: minute(3) }));
    await spec.when(preferences);
    await spec.thenRow(key, { held: {} });
    await spec.thenEmits(goesOut('a'));
    await spec.whenTimeIs(END);
    await spec.thenNothing();
  });
}

test('other preferences leave it held back until the same time', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(quiet), asks('a'));
  await spec.when(prefers({ ...quiet, muted: ['exam'] }), prefers({ ...quiet, muted: ['exam'] }));
  await spec.thenRow(key, { held: heldBack('a', END) });
  await spec.thenNothing();
  await spec.whenTimeIs(END);
  await spec.thenEmits(goesOut('a'));
});

test('two nights have an end each, and a timer that is late for both releases both', async (t) => {
  const spec = await jobSpec(t, notify);
  const [def, data] = asks('tomorrow');
  const DAY = minute(24 * 60) - minute(0);
  const tomorrow = heldBack('tomorrow', END + DAY, { time: minute(5) + DAY });
  await spec.given(prefers(quiet), asks('today'), [def, data, { time: minute(5) + DAY }]);
  await spec.thenRow(key, { held: { ...heldBack('today', END), ...tomorrow } });
  await spec.whenTimeIs(END);
  await spec.thenEmits(goesOut('today'));
  await spec.thenRow(key, { held: tomorrow });
  await spec.whenTimeIs(END + DAY);
  await spec.thenEmits(goesOut('tomorrow'));

  const late = await jobSpec(t, notify);
  await late.given(prefers(quiet), asks('today'), [def, data, { time: minute(5) + DAY }]);
  await late.whenTimeIs(END + 7 * DAY);
  await late.thenEmits(goesOut('today'), goesOut('tomorrow'));
  await late.thenRow(key, { held: {} });
});

test('when the first of two that are held back is read, the other still goes out', async (t) => {
  const spec = await jobSpec(t, notify);
  const [def, data] = asks('tomorrow');
  const DAY = minute(24 * 60) - minute(0);
  await spec.given(prefers(quiet), asks('today'), [def, data, { time: minute(5) + DAY }], reads('today'));
  await spec.whenTimeIs(END);
  await spec.thenNothing();
  await spec.whenTimeIs(END + DAY);
  await spec.thenEmits(goesOut('tomorrow'));
});

test('a preference that arrives after its quiet hours, while their timer is late, releases what they held back', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers(quiet), asks('a'));
  const [def, data] = prefers({ ...quiet, addresses: [PUSH] });
  await spec.when([def, data, { time: minute(25) }]);
  await spec.thenEmits(goesOut('a', PUSH));
  await spec.whenTimeIs(minute(30));
  await spec.thenNothing();
});

test('quiet hours are those of the time zone of the recipient', async (t) => {
  const spec = await jobSpec(t, notify);
  // 09:01 UTC is 14:31 in Kolkata.
  await spec.given(prefers({ timeZone: 'Asia/Kolkata', quietFrom: '14:00', quietUntil: '15:00' }), asks('a'));
  await spec.thenRow(key, { held: heldBack('a', minute(30)) });
});
