import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collected, digestMessage, digestTime } from '../../jobs/notify/digest.ts';

const at = (time: string): number => Date.parse(time);
const DAILY = { channels: ['mail'], period: 'daily', at: '08:00', weekday: 'monday' } as const;
const WEEKLY = { ...DAILY, period: 'weekly' } as const;
const noHours = { quietFrom: null, quietUntil: null };

/** 5 January 2026 was a Monday. */
const TIMES: readonly (readonly [
  rule: string,
  digest: object,
  zone: string,
  time: string,
  due: string,
  quiet?: string,
])[] = [
  ['later on the day', DAILY, 'UTC', '2026-01-05T07:59:59.999Z', '2026-01-05T08:00:00.000Z'],
  ['on the next day when its time has come', DAILY, 'UTC', '2026-01-05T08:00:00.000Z', '2026-01-06T08:00:00.000Z'],
  ['on the next day after it', DAILY, 'UTC', '2026-01-05T23:00:00.000Z', '2026-01-06T08:00:00.000Z'],
  ['at midnight', { ...DAILY, at: '00:00' }, 'UTC', '2026-01-05T12:00:00.000Z', '2026-01-06T00:00:00.000Z'],
  ['in the zone of the recipient', DAILY, 'Asia/Kolkata', '2026-01-05T02:00:00.000Z', '2026-01-05T02:30:00.000Z'],
  ['on another day there', DAILY, 'Pacific/Auckland', '2026-01-05T18:00:00.000Z', '2026-01-05T19:00:00.000Z'],
  ['before 1970', DAILY, 'UTC', '1969-12-31T09:00:00.000Z', '1970-01-01T08:00:00.000Z'],
  ['later on its day of the week', WEEKLY, 'UTC', '2026-01-05T07:00:00.000Z', '2026-01-05T08:00:00.000Z'],
  ['a week later when its time has come', WEEKLY, 'UTC', '2026-01-05T08:00:00.000Z', '2026-01-12T08:00:00.000Z'],
  [
    'at the end of the week',
    { ...WEEKLY, weekday: 'sunday' },
    'UTC',
    '2026-01-05T09:00:00.000Z',
    '2026-01-11T08:00:00.000Z',
  ],
  [
    'from the end of the week',
    { ...WEEKLY, weekday: 'friday' },
    'UTC',
    '2026-01-10T09:00:00.000Z',
    '2026-01-16T08:00:00.000Z',
  ],
  [
    'on its day there',
    { ...WEEKLY, at: '00:30' },
    'Pacific/Auckland',
    '2026-01-11T09:00:00.000Z',
    '2026-01-11T11:30:00.000Z',
  ],
  // London: the clock goes forward on 29 March 2026 from 01:00 to 02:00, and back on 25 October from 02:00 to 01:00.
  ['after a day of 23 hours', DAILY, 'Europe/London', '2026-03-28T08:00:00.000Z', '2026-03-29T07:00:00.000Z'],
  ['after a day of 25 hours', DAILY, 'Europe/London', '2026-10-24T07:00:00.000Z', '2026-10-25T08:00:00.000Z'],
  [
    'at a time that is left out',
    { ...DAILY, at: '01:30' },
    'Europe/London',
    '2026-03-28T12:00:00.000Z',
    '2026-03-29T01:30:00.000Z',
  ],
  [
    'after a time that was left out',
    { ...DAILY, at: '01:30' },
    'Europe/London',
    '2026-03-29T12:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ],
  [
    'the first time of two',
    { ...DAILY, at: '01:30' },
    'Europe/London',
    '2026-10-24T12:00:00.000Z',
    '2026-10-25T00:30:00.000Z',
  ],
  [
    'not the second time of two',
    { ...DAILY, at: '01:30' },
    'Europe/London',
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ],
  // Samoa skipped 30 December 2011.
  ['past a day that is left out', DAILY, 'Pacific/Apia', '2011-12-29T19:00:00.000Z', '2011-12-30T18:00:00.000Z'],
  ['outside quiet hours', DAILY, 'UTC', '2026-01-05T07:00:00.000Z', '2026-01-05T08:00:00.000Z', '22:00-08:00'],
  ['when quiet hours end', DAILY, 'UTC', '2026-01-05T06:00:00.000Z', '2026-01-05T09:30:00.000Z', '22:00-09:30'],
  [
    'when quiet hours end, past its own day',
    { ...DAILY, at: '23:00' },
    'UTC',
    '2026-01-05T06:00:00.000Z',
    '2026-01-06T07:00:00.000Z',
    '22:00-07:00',
  ],
];

for (const [rule, digest, timeZone, time, due, quiet] of TIMES) {
  test(`the next digest in ${timeZone} after ${time} is due ${rule}`, () => {
    const [quietFrom, quietUntil] = quiet?.split('-') ?? [null, null];
    const hours = { timeZone, quietFrom: quietFrom ?? null, quietUntil: quietUntil ?? null };
    assert.equal(new Date(digestTime({ ...DAILY, ...digest }, hours, at(time))).toISOString(), due);
  });
}

/** In every zone, around days that are longer or shorter, the next digest is in the future, and at most a day or a week away. */
for (const timeZone of [
  'Europe/London',
  'America/Havana',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Sao_Paulo',
]) {
  test(`in ${timeZone} the next digest is always ahead, and near`, () => {
    for (const day of [
      '2011-12-30',
      '2018-11-04',
      '2026-03-08',
      '2026-03-29',
      '2026-10-04',
      '2026-10-25',
      '2026-11-01',
    ]) {
      for (let hour = -48; hour < 48; hour++) {
        const time = at(`${day}T00:00Z`) + hour * 3_600_000;
        for (const [digest, days] of [
          [DAILY, 1],
          [{ ...DAILY, at: '00:00' }, 1],
          [{ ...WEEKLY, at: '02:30' }, 7],
        ] as const) {
          const ahead = digestTime(digest, { timeZone, ...noHours }, time) - time;
          assert.ok(ahead > 0 && ahead <= (days * 24 + 25) * 3_600_000, `${new Date(time).toISOString()}: ${ahead}`);
        }
      }
    }
  });
}

const one = (title: string, rest: object = {}): Collected => ({
  category: 'course',
  title,
  body: '',
  link: null,
  expiresAt: null,
  unsubscribe: null,
  time: 0,
  channels: ['mail'],
  until: 0,
  ...rest,
});

const MESSAGES: readonly (readonly [
  rule: string,
  collected: [Collected, ...Collected[]],
  more: number,
  message: object,
])[] = [
  [
    'one notification is sent unchanged',
    [one('A', { body: 'Text', link: '/a', expiresAt: 5, unsubscribe: '/out' })],
    0,
    { title: 'A', body: 'Text', link: '/a', expiresAt: 5, unsubscribe: '/out' },
  ],
  [
    'several have the title of the first, and how many others there are',
    [one('A', { body: ' Text\n', link: '/a' }), one('B'), one('C', { link: '/c' })],
    0,
    { title: 'A (+2)', body: 'A\nText\n/a\n\nB\n\nC\n/c', link: null, expiresAt: null, unsubscribe: null },
  ],
  [
    'a title of nothing leaves no hole',
    [one(' ', { body: 'Text' }), one('B')],
    0,
    { title: '(+1)', body: 'Text\n\nB', link: null, expiresAt: null, unsubscribe: null },
  ],
  [
    'those there was no room for are counted',
    [one('A'), one('B')],
    7,
    { title: 'A (+8)', body: 'A\n\nB\n\n(+7)', link: null, expiresAt: null, unsubscribe: null },
  ],
  [
    'one and others there was no room for are several',
    [one('A', { link: '/a', unsubscribe: '/out' })],
    1,
    { title: 'A (+1)', body: 'A\n/a\n\n(+1)', link: null, expiresAt: null, unsubscribe: '/out' },
  ],
  [
    'it expires with the last of them',
    [one('A', { expiresAt: 5 }), one('B', { expiresAt: 9 }), one('C', { expiresAt: 7 })],
    0,
    { title: 'A (+2)', body: 'A\n\nB\n\nC', link: null, expiresAt: 9, unsubscribe: null },
  ],
  [
    'it never expires when one of them does not',
    [one('A', { expiresAt: 5 }), one('B')],
    0,
    { title: 'A (+1)', body: 'A\n\nB', link: null, expiresAt: null, unsubscribe: null },
  ],
  [
    'all of them can be unsubscribed from when all say the same',
    [one('A', { unsubscribe: '/out' }), one('B', { unsubscribe: '/out' })],
    0,
    { title: 'A (+1)', body: 'A\n\nB', link: null, expiresAt: null, unsubscribe: '/out' },
  ],
  [
    'none of them can when they say different things',
    [one('A', { unsubscribe: '/out' }), one('B', { unsubscribe: '/exams' })],
    0,
    { title: 'A (+1)', body: 'A\n\nB', link: null, expiresAt: null, unsubscribe: null },
  ],
  [
    'a long text is cut to its first 500 characters',
    [one('A', { body: '🎓'.repeat(501) }), one('B', { body: 'x'.repeat(500) })],
    0,
    {
      title: 'A (+1)',
      body: `A\n${'🎓'.repeat(499)}…\n\nB\n${'x'.repeat(500)}`,
      link: null,
      expiresAt: null,
      unsubscribe: null,
    },
  ],
];

for (const [rule, collected, more, message] of MESSAGES) {
  test(`in a digest ${rule}`, () => assert.deepEqual(digestMessage(collected, more), message));
}
