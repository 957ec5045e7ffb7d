/** Texts that people and platforms write for a time zone or a time of day. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IANAZone } from 'luxon';
import { timeOfDayOf, timeZoneOf } from '../../jobs/notify/time-texts.ts';

const ZONES: readonly (readonly [text: string, meant: string | undefined])[] = [
  ['UTC', 'UTC'],
  ['Europe/London', 'Europe/London'],
  ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
  [' Asia/Kolkata\n', 'Asia/Kolkata'],
  ['+05:30', '+05:30'],
  ['W. Europe Standard Time', 'Europe/Berlin'],
  ['w. europe standard time ', 'Europe/Berlin'],
  ['Eastern Standard Time', 'America/New_York'],
  ['5.5', '+05:30'],
  ['-3.0', '-03:00'],
  ['0', '+00:00'],
  ['13', '+13:00'],
  ['5.75', '+05:45'],
  ['UTC+5:30', '+05:30'],
  ['utc-11', 'Etc/GMT+11'],
  ['GMT+2', '+02:00'],
  ['UTC +2', '+02:00'],
  ['14.5', undefined],
  ['99', undefined],
  ['5.123', undefined],
  ['5.33', undefined],
  ['', undefined],
  ['Mars/Phobos', undefined],
  ['Europe', undefined],
  ['+25:00', undefined],
  ['UTC; DROP TABLE', undefined],
  ['__proto__', undefined],
];

for (const [text, meant] of ZONES) {
  test(`${JSON.stringify(text)} is ${meant === undefined ? 'no time zone' : `the time zone ${meant}`}`, () => {
    assert.equal(timeZoneOf(text), meant);
    if (meant !== undefined) assert.ok(IANAZone.isValidZone(meant));
  });
}

test('an offset is its distance from UTC', () => {
  const offset = (text: string) => IANAZone.create(timeZoneOf(text) ?? '').offset(0);
  assert.deepEqual(['5.5', '-3.0', 'UTC-03:30', '0'].map(offset), [330, -180, -210, 0]);
});

const TIMES: readonly (readonly [text: string, meant: string | undefined])[] = [
  ['00:00', '00:00'],
  ['07:05', '07:05'],
  ['23:59', '23:59'],
  ['7:05', '07:05'],
  ['22:00:00', '22:00'],
  ['22:00:00 ', '22:00'],
  ['22:00:00.000', '22:00'],
  ['\t07:00\n', '07:00'],
  ['24:00', '00:00'],
  ['22.30', '22:30'],
  ['22h30', '22:30'],
  ['10:30 PM', '22:30'],
  ['12 am', '00:00'],
  ['０７：００', '07:00'],
  ['', undefined],
  ['24:01', undefined],
  ['25:00', undefined],
  ['07:60', undefined],
  ['-1:00', undefined],
  ['seven', undefined],
  ['2200', undefined],
  ['22:00+01:00', undefined],
];

for (const [text, meant] of TIMES) {
  test(`${JSON.stringify(text)} is ${meant === undefined ? 'no time of day' : `the time of day ${meant}`}`, () => {
    assert.equal(timeOfDayOf(text), meant);
  });
}
