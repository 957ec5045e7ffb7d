import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTime, parseTime } from '../../../topics/codec/time.ts';

const FIRST = Date.parse('0000-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');
const moment = fc.integer({ min: FIRST, max: LAST });

test('a moment is written as Date writes it, and read again', () => {
  fc.assert(
    fc.property(moment, (time) => {
      assert.equal(formatTime(time), new Date(time).toISOString());
      assert.equal(parseTime(formatTime(time)), time);
    }),
    { numRuns: 2000, examples: [[FIRST], [LAST], [0], [-1], [Date.UTC(2024, 1, 29)], [Date.UTC(2000, 1, 29)]] },
  );
});

test('every day of a thousand years is the same as in Date', () => {
  for (let day = Date.UTC(1600, 0, 1); day < Date.UTC(2600, 0, 1); day += 86_400_000) {
    assert.equal(parseTime(new Date(day).toISOString()), day);
  }
});

test('an offset is hours and minutes east of UTC', () => {
  assert.equal(parseTime('2026-02-01T10:00:00+05:30'), Date.UTC(2026, 1, 1, 4, 30));
  assert.equal(parseTime('2026-02-01T10:00:00-05:30'), Date.UTC(2026, 1, 1, 15, 30));
  assert.equal(parseTime('2026-12-31T23:59:59-00:01'), Date.UTC(2027, 0, 1, 0, 0, 59));
});

test('a fraction counts to the millisecond', () => {
  const second = Date.UTC(2026, 1, 1, 10);
  const expected = { '.1': 100, '.12': 120, '.123': 123, '.1239999999': 123, '.000': 0 };
  for (const [fraction, ms] of Object.entries(expected)) {
    assert.equal(parseTime(`2026-02-01T10:00:00${fraction}Z`), second + ms);
  }
});

test('lower case is accepted, and a leap second is the moment after it', () => {
  assert.equal(parseTime('2026-02-01t10:00:00z'), Date.UTC(2026, 1, 1, 10));
  assert.equal(parseTime('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1));
});

test('an invalid timestamp is rejected', () => {
  const good = '2026-02-01T10:00:00Z';
  const bad = [
    '',
    '2026',
    '2026-02-01',
    '2026-02-01T10:00Z',
    '2026-02-01T10:00:00',
    '2026-02-01 10:00:00Z',
    '2026-02-01T10:00:00 Z',
    '2026-02-01T10:00:00.Z',
    '2026-02-01T10:00:00,5Z',
    '2026-02-01T10:00:00ZZ',
    '2026-02-01T10:00:00+5:30',
    '2026-02-01T10:00:00+0530',
    '2026-02-01T10:00:00+24:00',
    '2026-02-01T10:00:00+10:60',
    '2026-02-01T10:00:00+1x:00',
    '2026-02-01T10:00:00+10:00Z',
    '2026-02-30T10:00:00Z',
    '2025-02-29T10:00:00Z',
    '1900-02-29T10:00:00Z',
    '2026-04-31T10:00:00Z',
    '2026-00-01T10:00:00Z',
    '2026-13-01T10:00:00Z',
    '2026-02-00T10:00:00Z',
    '2026-02-01T24:00:00Z',
    '2026-02-01T10:60:00Z',
    '2026-02-01T10:00:61Z',
    '+02026-02-01T10:00:00Z',
    '20260201T100000Z',
    ' 2026-02-01T10:00:00Z',
    '2026-02-01T10:00:0٠Z',
  ];
  for (const text of bad) assert.equal(parseTime(text), undefined, text);
  for (let i = 0; i < good.length; i++) {
    assert.equal(parseTime(`${good.slice(0, i)}x${good.slice(i + 1)}`), undefined, `a letter at ${i}`);
  }
});

test('a moment outside the years that can be written becomes the nearest one', () => {
  for (const time of [LAST + 1, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
    assert.equal(formatTime(time), '9999-12-31T23:59:59.999Z');
  }
  for (const time of [FIRST - 1, Number.MIN_SAFE_INTEGER, Number.NEGATIVE_INFINITY]) {
    assert.equal(formatTime(time), '0000-01-01T00:00:00.000Z');
  }
});
