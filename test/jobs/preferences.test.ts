/** Which parts of preferences apply when something in them is wrong or when they arrive late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notify } from '../../jobs/notify/notify.ts';
import { preferring } from '../../jobs/notify/preferences.ts';
import { preferencesChanged, preferencesRefused } from '../../schemas/notification.ts';
import { jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { asks, goesOut, key, MAIL, PUSH, prefers } from './recipients.ts';

const at = (time: number, [def, data]: SpecEvent): SpecEvent => [def, data, { time }];
const refuses = (...problems: string[]) => [preferencesRefused, { recipientId: 'ada', problems }] as const;
const night = { timeZone: 'Europe/London', quietFrom: '22:00', quietUntil: '07:00' };
const digest = { channels: ['mail'], period: 'weekly', at: '09:30', weekday: 'friday' };
const OUT = { addresses: [], muted: ['course', 'exam'] };

const noZone = (text: string) =>
  `data.timeZone is ${text}, which is no time zone: give an IANA name such as Europe/London, Asia/Kolkata or UTC`;
const noTime = (field: string, text: string) =>
  `data.${field} is ${text}, which is no time of day: give 00:00 to 23:59`;

/** A mistake in an opt-out, the messages about it, and what applies beside the opt-out. */
const WRONG: readonly (readonly [wrong: object, problems: readonly string[], holds: object])[] = [
  [{ timeZone: '99' }, [noZone('"99"')], { quietFrom: null, quietUntil: null, digest: null }],
  [{ timeZone: '' }, [noZone('""')], {}],
  [{ ...night, quietFrom: '25:00' }, [noTime('quietFrom', '"25:00"')], { quietFrom: '22:00', quietUntil: '07:00' }],
  [
    { timeZone: 'x'.repeat(50), quietFrom: 'late', quietUntil: 'early' },
    [noZone(`"${'x'.repeat(40)}"`), noTime('quietFrom', '"late"'), noTime('quietUntil', '"early"')],
    { quietFrom: '22:00', quietUntil: '07:00' },
  ],
  [
    { digest: { ...digest, channels: ['push'], at: 'noon' } },
    [noTime('digest.at', '"noon"')],
    { timeZone: 'UTC', digest: { ...digest, channels: ['push'] } },
  ],
];

for (const [wrong, problems, holds] of WRONG) {
  test(`an opt-out applies in preferences with ${JSON.stringify(wrong)}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers({ ...night, digest }));
    await spec.when(prefers({ ...OUT, ...wrong }));
    await spec.thenRow(key, { ...OUT, timeZone: 'Europe/London', ...holds, refused: problems });
    await spec.thenEmits(refuses(...problems));
    await spec.when(asks('a', { urgent: true }));
    await spec.thenNothing();
  });
}

const json = ([def, data]: SpecEvent): SpecEvent => [def, data, { json: true }];
const expected = (field: string, what: string, text: string) => `data.${field}: ${what} is expected, not ${text}`;
const CHANNEL = 'one of mail, webhook, push, sms';
const FAX = { channel: 'fax', address: '+1' };
/** The earlier preferences. */
const BEFORE = { ...night, digest, addresses: [MAIL, PUSH], muted: ['exam'] };

/** The same for mistakes against the schema, which are possible only in JSON: the event, and the part of it that applies. */
const UNFIT: readonly (readonly [given: object, problems: readonly string[], holds: object])[] = [
  [
    { addresses: [FAX, PUSH], muted: ['course'] },
    [expected('addresses[0].channel', CHANNEL, '"fax"')],
    { addresses: [PUSH], muted: ['course'] },
  ],
  [
    { addresses: [{ ...MAIL, address: null }, { channel: 'push' }, 'mail'] },
    [
      expected('addresses[0].address', 'a string', 'null'),
      'data.addresses[1].address: a string is missing',
      expected('addresses[2]', 'an object', '"mail"'),
    ],
    { addresses: [] },
  ],
  [{ addresses: [{ channel: 'sms', address: 5550100 }] }, [], { addresses: [{ channel: 'sms', address: '5550100' }] }],
  [{ addresses: null, muted: ['course'] }, [expected('addresses', 'an array', 'null')], { muted: ['course'] }],
  [{ addresses: [], muted: null }, [expected('muted', 'an array', 'null')], { addresses: [] }],
  [{ muted: ['course', null, 7] }, [expected('muted[1]', 'a string', 'null')], { muted: ['course', '7'] }],
  [{ ...OUT, timeZone: 99 }, [noZone('"99"')], { ...OUT }],
  [{ ...OUT, timeZone: 5.5 }, [], { ...OUT, timeZone: '+05:30' }],
  [{ ...OUT, timeZone: null }, [expected('timeZone', 'a string', 'null')], { ...OUT }],
  [{ ...OUT, quietFrom: true, quietUntil: '06:00' }, [expected('quietFrom', 'a string', 'true')], { ...OUT }],
  [{ ...OUT, quietFrom: 2200, quietUntil: false }, [expected('quietUntil', 'a string', 'false')], { ...OUT }],
  [{ ...OUT, digest: 'daily' }, [expected('digest', 'an object', '"daily"')], { ...OUT }],
  [{ ...OUT, digest: { period: 'daily' } }, ['data.digest.channels: an array is missing'], { ...OUT }],
  [
    { digest: { channels: ['fax', 'push'], period: 'monthly', weekday: 5, at: false } },
    [
      expected('digest.channels[0]', CHANNEL, '"fax"'),
      expected('digest.period', 'one of daily, weekly', '"monthly"'),
      expected('digest.at', 'a string', 'false'),
      expected('digest.weekday', 'one of monday, tuesday, wednesday, thursday, friday, saturday, sunday', '5'),
    ],
    { digest: { ...digest, channels: ['push'] } },
  ],
];

for (const [given, problems, holds] of UNFIT) {
  test(`the valid parts apply in preferences with ${JSON.stringify(given)}`, async (t) => {
    const spec = await jobSpec(t, notify);
    await spec.given(prefers(BEFORE));
    await spec.when(json(prefers({ ...BEFORE, ...given })));
    await spec.thenRow(key, { ...BEFORE, ...holds, refused: problems });
    if (problems.length === 0) await spec.thenNothing();
    else await spec.thenEmits(refuses(...problems));
  });
}

test('preferences without a recipient are a dead letter', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.when(json(prefers({ recipientId: null, timeZone: null })));
  await spec.thenDeadLetters('DATA_INVALID');
});

test('addresses and categories are each those of the newest preferences with a valid value, in any order of arrival', async (t) => {
  const given = [
    [minute(1), { addresses: [MAIL], muted: ['course'] }],
    [minute(2), { addresses: null, muted: ['exam'] }],
    [minute(3), { addresses: [PUSH], muted: 7 }],
  ] as const;
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [2, 0, 1],
  ]) {
    const spec = await jobSpec(t, notify);
    for (const n of order) {
      const [time, text] = given[n] as (typeof given)[number];
      const event: SpecEvent = [preferencesChanged, { recipientId: 'ada', ...text }, { json: true, time }];
      await spec.given(event);
    }
    const refused = [expected('muted', 'an array', '7')];
    await spec.thenRow(key, { addresses: [PUSH], muted: ['exam'], refused, preferencesAt: minute(3) });
  }
});

test('of a row of an earlier release, addresses and categories are as old as its preferences', () => {
  const before = { addresses: [], muted: ['exam'], preferencesAt: minute(5), addressesAt: null, mutedAt: null };
  const data = { ...preferencesChanged.example, addresses: [MAIL], muted: [] };
  const event = { time: minute(4), data } as unknown as Parameters<typeof preferring>[1];
  const { addresses, muted } = preferring(before as unknown as Parameters<typeof preferring>[0], event);
  assert.deepEqual({ addresses, muted }, { addresses: [], muted: ['exam'] });
});

test('an invalid part of the first preferences counts as missing', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ timeZone: '99', quietFrom: 'x', quietUntil: '07:00', digest: { ...digest, at: '' } }));
  const nothing = { timeZone: 'UTC', quietFrom: null, quietUntil: null };
  await spec.thenRow(key, { ...nothing, digest: { ...digest, at: '08:00' }, addresses: [MAIL] });
});

test('valid preferences clear the reported refusals', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ timeZone: '99' }));
  await spec.when(prefers({ timeZone: 'Asia/Kolkata' }));
  await spec.thenRow(key, { timeZone: 'Asia/Kolkata', refused: [] });
  await spec.thenNothing();
});

test('a value with only one possible meaning is understood', async (t) => {
  const spec = await jobSpec(t, notify);
  const text = { timeZone: 'W. Europe Standard Time', quietFrom: '22:00:00 ', quietUntil: '7:00' };
  await spec.when(prefers({ ...text, muted: [' exam '], digest: { ...digest, at: '24:00' } }));
  await spec.thenRow(key, {
    timeZone: 'Europe/Berlin',
    quietFrom: '22:00',
    quietUntil: '07:00',
    muted: ['exam'],
    digest: { ...digest, at: '00:00' },
    refused: [],
  });
  await spec.when(
    prefers({ quietFrom: ' ', quietUntil: '', addresses: [{ ...MAIL, address: ' ada@example.org ' }, PUSH] }),
  );
  await spec.thenRow(key, { quietFrom: null, quietUntil: null, addresses: [MAIL, PUSH], refused: [] });
  await spec.when(prefers({ addresses: [{ ...MAIL, address: ' ' }] }));
  await spec.thenRow(key, { addresses: [] });
  await spec.thenNothing();
});

test('a category with spaces around it is the muted category', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(prefers({ muted: ['exam '] }));
  await spec.when(asks('a', { category: ' exam' }), asks('b', { category: 'exams' }));
  await spec.thenEmits(goesOut('b', MAIL, { category: 'exams' }));
});

test('older preferences revoke no opt-out, and change nothing', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(at(minute(5), prefers(OUT)));
  const before = await spec.revision(key);
  await spec.when(at(minute(4), prefers({ timeZone: '99' })));
  assert.equal(await spec.revision(key), before);
  await spec.thenRow(key, { ...OUT, refused: [] });
  await spec.when(asks('a', { category: 'course', urgent: true }));
  await spec.thenNothing();
});

test('of two preferences of the same time the later in the log counts', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(at(minute(5), prefers(OUT)), at(minute(5), prefers()));
  await spec.thenRow(key, { addresses: [MAIL], muted: [] });
});

test('a part that is invalid in the newest preferences is that of the newest valid ones, in any order of arrival', async (t) => {
  const given = [
    at(minute(1), prefers({ ...night, quietUntil: '06:00' })),
    at(minute(2), prefers({ ...night, timeZone: 'Asia/Kolkata', quietFrom: 'late' })),
    at(minute(3), prefers({ ...OUT, timeZone: '99', quietFrom: 'late' })),
  ] as const;
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [2, 0, 1],
  ]) {
    const spec = await jobSpec(t, notify);
    await spec.given(...order.map((n) => given[n] as SpecEvent));
    await spec.thenRow(key, {
      ...OUT,
      timeZone: 'Asia/Kolkata',
      quietFrom: '22:00',
      quietUntil: '06:00',
      refused: [noZone('"99"'), noTime('quietFrom', '"late"')],
    });
  }
});

test('older preferences supply the time zone that is invalid in the newest, and report no refusal again', async (t) => {
  const spec = await jobSpec(t, notify);
  await spec.given(at(minute(5), prefers({ timeZone: '99' })));
  await spec.when(at(minute(4), prefers({ timeZone: 'Asia/Kolkata', quietFrom: 'late' })));
  await spec.thenRow(key, { timeZone: 'Asia/Kolkata', refused: [noZone('"99"')] });
  await spec.thenNothing();
});

test('repeating the same preferences releases nothing that waits', async (t) => {
  const spec = await jobSpec(t, notify);
  const same = prefers({ quietFrom: '09:00', quietUntil: '09:20' });
  await spec.given(same, asks('a'));
  await spec.when(at(minute(30), same));
  await spec.thenNothing();
  await spec.thenRow(key, { preferencesAt: minute(30) });
});
