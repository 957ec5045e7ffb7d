import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietEnd } from '../../jobs/notify/quiet-hours.ts';

const MINUTE = 60_000;
const at = (time: string): number => Date.parse(time);
const shown = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

function hours(text: string, timeZone = 'UTC') {
  const [quietFrom = '', quietUntil = ''] = text.split('-');
  return { timeZone, quietFrom, quietUntil };
}

const TIMES: readonly (readonly [rule: string, hours: string, zone: string, time: string, end: string | null])[] = [
  ['before they begin', '12:00-13:30', 'UTC', '2026-01-05T11:59:59.999Z', null],
  ['when they begin', '12:00-13:30', 'UTC', '2026-01-05T12:00:00.000Z', '2026-01-05T13:30:00.000Z'],
  ['just before they end', '12:00-13:30', 'UTC', '2026-01-05T13:29:59.999Z', '2026-01-05T13:30:00.000Z'],
  ['when they end', '12:00-13:30', 'UTC', '2026-01-05T13:30:00.000Z', null],
  ['before a night begins', '22:00-07:00', 'UTC', '2026-01-05T21:59:59.999Z', null],
  ['before midnight', '22:00-07:00', 'UTC', '2026-01-05T23:00:00.000Z', '2026-01-06T07:00:00.000Z'],
  ['after midnight', '22:00-07:00', 'UTC', '2026-01-06T00:00:00.000Z', '2026-01-06T07:00:00.000Z'],
  ['when a night ends', '22:00-07:00', 'UTC', '2026-01-06T07:00:00.000Z', null],
  ['until midnight', '20:00-00:00', 'UTC', '2026-01-05T20:00:00.000Z', '2026-01-06T00:00:00.000Z'],
  ['from midnight', '00:00-06:00', 'UTC', '2026-01-06T00:00:00.000Z', '2026-01-06T06:00:00.000Z'],
  ['all day but a minute', '08:01-08:00', 'UTC', '2026-01-06T08:01:00.000Z', '2026-01-07T08:00:00.000Z'],
  ['in that minute', '08:01-08:00', 'UTC', '2026-01-06T08:00:30.000Z', null],
  [
    'in the time zone of the recipient',
    '22:00-07:00',
    'Asia/Kolkata',
    '2026-01-05T17:00:00.000Z',
    '2026-01-06T01:30:00.000Z',
  ],
  ['on another day there', '22:00-07:00', 'Pacific/Auckland', '2026-01-05T10:00:00.000Z', '2026-01-05T18:00:00.000Z'],
  ['before 1970', '22:00-07:00', 'UTC', '1969-12-31T23:00:00.000Z', '1970-01-01T07:00:00.000Z'],
  // London: the clock goes forward on 29 March 2026 from 01:00 to 02:00, and back on 25 October from 02:00 to 01:00.
  [
    'in a night that is an hour shorter',
    '22:00-07:00',
    'Europe/London',
    '2026-03-28T22:30:00.000Z',
    '2026-03-29T06:00:00.000Z',
  ],
  [
    'in a night that is an hour longer',
    '22:00-07:00',
    'Europe/London',
    '2026-10-24T22:30:00.000Z',
    '2026-10-25T07:00:00.000Z',
  ],
  [
    'until a time that is left out',
    '22:00-01:30',
    'Europe/London',
    '2026-03-29T00:15:00.000Z',
    '2026-03-29T01:00:00.000Z',
  ],
  ['just after the time that is left out', '22:00-01:30', 'Europe/London', '2026-03-29T01:00:00.000Z', null],
  [
    'from a time that is left out',
    '01:30-03:00',
    'Europe/London',
    '2026-03-29T01:00:00.000Z',
    '2026-03-29T02:00:00.000Z',
  ],
  ['wholly within what is left out', '01:10-01:50', 'Europe/London', '2026-03-29T01:00:00.000Z', null],
  ['the first time', '01:10-01:50', 'Europe/London', '2026-10-25T00:20:00.000Z', '2026-10-25T00:50:00.000Z'],
  ['between the two times', '01:10-01:50', 'Europe/London', '2026-10-25T01:00:00.000Z', null],
  ['the second time', '01:10-01:50', 'Europe/London', '2026-10-25T01:20:00.000Z', '2026-10-25T01:50:00.000Z'],
  [
    'until a time that comes twice',
    '22:00-01:30',
    'Europe/London',
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T00:30:00.000Z',
  ],
  [
    'when the clock is put back into them',
    '22:00-01:30',
    'Europe/London',
    '2026-10-25T01:00:00.000Z',
    '2026-10-25T01:30:00.000Z',
  ],
  // The clock skips the only time that is not quiet, so the quiet hours last a day longer.
  [
    'past a break that is left out',
    '01:50-01:10',
    'Europe/London',
    '2026-03-28T02:00:00.000Z',
    '2026-03-30T00:10:00.000Z',
  ],
  // Samoa skipped 30 December 2011.
  [
    'past a day that is left out',
    '22:00-07:00',
    'Pacific/Apia',
    '2011-12-30T09:00:00.000Z',
    '2011-12-30T17:00:00.000Z',
  ],
];

for (const [rule, text, zone, time, end] of TIMES) {
  test(`quiet hours ${text} in ${zone}, ${rule}: ${end === null ? 'not quiet' : `quiet until ${end}`}`, () => {
    assert.equal(shown(quietEnd(hours(text, zone), at(time))), end);
  });
}

const NONE = [
  { timeZone: 'UTC', quietFrom: null, quietUntil: null },
  { timeZone: 'UTC', quietFrom: '00:00', quietUntil: null },
  { timeZone: 'UTC', quietFrom: null, quietUntil: '23:59' },
  { timeZone: 'UTC', quietFrom: '08:00', quietUntil: '08:00' },
];

for (const none of NONE) {
  test(`from ${none.quietFrom} until ${none.quietUntil} are not quiet hours`, () => {
    for (let hour = 0; hour < 24; hour++)
      assert.equal(quietEnd(none, at('2026-01-05T00:00Z') + hour * 60 * MINUTE), null);
  });
}

/** Days around which clocks go forward or back, by an hour, half an hour or a day, at midnight or later. */
const DAYS = [
  ['Europe/London', '2026-03-29'],
  ['Europe/London', '2026-10-25'],
  ['America/New_York', '2026-03-08'],
  ['America/Havana', '2026-03-08'],
  ['America/Havana', '2026-11-01'],
  ['Australia/Lord_Howe', '2026-10-04'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['America/Sao_Paulo', '2018-11-04'],
  ['America/Sao_Paulo', '2018-02-18'],
  ['Pacific/Apia', '2011-12-30'],
  ['Asia/Kathmandu', '2026-01-05'],
] as const;
const HOURS = [
  '22:00-07:00',
  '00:00-00:30',
  '23:30-00:10',
  '01:30-01:45',
  '02:15-02:10',
  '01:05-00:55',
  '00:40-23:50',
  '12:00-02:30',
];

for (const [zone, day] of DAYS) {
  test(`around ${day} in ${zone} quiet hours end when a clock on the wall first shows that they have`, () => {
    const begin = at(`${day}T00:00Z`) - 48 * 60 * MINUTE;
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const minutes = Array.from({ length: 6 * 24 * 60 }, (_, i) => begin + i * MINUTE);
    const wall = minutes.map((minute) => clock.format(minute));
    for (const text of HOURS) {
      const quiet = hours(text, zone);
      const isQuiet = (now: string) =>
        quiet.quietFrom < quiet.quietUntil
          ? now >= quiet.quietFrom && now < quiet.quietUntil
          : now >= quiet.quietFrom || now < quiet.quietUntil;
      let end: number | null = null;
      for (let i = minutes.length - 1; i >= 0; i--) {
        const minute = minutes[i] as number;
        const now = isQuiet(wall[i] as string);
        if (!now) end = minute;
        if (end === null || (i % 5 !== 0 && now === isQuiet(wall[i - 1] ?? ''))) continue;
        assert.equal(shown(quietEnd(quiet, minute)), now ? shown(end) : null, `${text} at ${shown(minute)}`);
      }
    }
  });
}
