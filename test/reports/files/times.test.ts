import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IANAZone } from 'luxon';
import { dayFrom, dayOf, daysTo, isoDay, isoUtc, offsetsOf, offsetText } from '../../../reports/files/times.ts';

const LAST = 8_640_000_000_000_000;

test('a moment is written as Date writes it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: -LAST, max: LAST }), fc.integer({ min: -1e14, max: 1e14 })), (ms) => {
      assert.equal(isoUtc(ms), new Date(ms).toISOString());
    }),
  );
});

test('days and dates belong to each other', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
      assert.equal(daysTo(dayOf(days)), days);
      assert.equal(daysTo(dayFrom(isoDay(dayOf(days)))), days);
    }),
  );
});

test('a text that is no date is refused', () => {
  for (const text of ['', '2026-1-1', '2026-10-05T00:00', 'infinity']) assert.throws(() => dayFrom(text), RangeError);
});

test('remembered offsets are those of the zone, also beside its changes', () => {
  const zones = [
    'Asia/Kolkata',
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Africa/Monrovia',
    'Pacific/Apia',
  ];
  for (const zone of zones) {
    const offsetAt = offsetsOf(zone);
    const rules = IANAZone.create(zone);
    fc.assert(
      fc.property(fc.integer({ min: -3e12, max: 4e12 }), fc.integer({ min: -2e6, max: 2e6 }), (ms, beside) => {
        for (const at of [ms, ms + beside]) assert.equal(offsetAt(at), Math.round(rules.offset(at) * 60_000));
      }),
    );
  }
  // The last second of summer time, and the first one after it.
  const berlin = offsetsOf('Europe/Berlin');
  const change = Date.UTC(2026, 9, 25, 1);
  assert.deepEqual([berlin(change - 1), berlin(change)], [7_200_000, 3_600_000]);
  // A change in the middle of a quarter of an hour.
  const monrovia = offsetsOf('Africa/Monrovia');
  const late = Date.UTC(1972, 0, 7, 0, 44, 30);
  assert.deepEqual([monrovia(late - 1), monrovia(late)], [-2_670_000, 0]);
});

test('an offset is written as ISO 8601 has it', () => {
  for (const [minutes, text] of [
    [330, '+05:30'],
    [-150, '-02:30'],
    [0, '+00:00'],
    [-44.5, '-00:44:30'],
  ] as const) {
    assert.equal(offsetText(minutes * 60_000, 'Asia/Kolkata'), text);
  }
  assert.equal(offsetText(0, 'UTC'), 'Z');
});
