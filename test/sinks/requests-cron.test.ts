/** When schedules are due, above all on days with a clock change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronProblems, latestDue, nextDue } from '../../sinks/requests/cron.ts';

/** The next due times after `after`, in UTC. */
function following(cron: string, zone: string, after: string, count: number): string[] {
  const times: string[] = [];
  let time: number | null = Date.parse(after);
  while (times.length < count) {
    time = nextDue(cron, zone, time);
    if (time === null) break;
    times.push(new Date(time).toISOString().replace(':00.000Z', ''));
  }
  return times;
}

const BERLIN = 'Europe/Berlin';

test('a schedule is due at the time of day of its zone, in winter and in summer', () => {
  assert.deepEqual(following('0 6 * * *', BERLIN, '2026-03-27T12:00Z', 3), [
    '2026-03-28T05:00',
    '2026-03-29T04:00',
    '2026-03-30T04:00',
  ]);
  assert.deepEqual(following('0 6 * * *', BERLIN, '2026-10-23T12:00Z', 3), [
    '2026-10-24T04:00',
    '2026-10-25T05:00',
    '2026-10-26T05:00',
  ]);
});

test('zones with half and quarter hours are exact', () => {
  assert.deepEqual(following('0 6 * * *', 'Asia/Kolkata', '2026-03-28T12:00Z', 2), [
    '2026-03-29T00:30',
    '2026-03-30T00:30',
  ]);
  assert.deepEqual(following('0 6 * * *', 'Asia/Kathmandu', '2026-10-24T12:00Z', 2), [
    '2026-10-25T00:15',
    '2026-10-26T00:15',
  ]);
  assert.deepEqual(following('0 0 1 * *', 'Asia/Kathmandu', '2026-01-15T00:00Z', 2), [
    '2026-01-31T18:15',
    '2026-02-28T18:15',
  ]);
});

test('a time of day that does not exist fires once, when the clock jumps over it', () => {
  // On 29 March 2026, Berlin's clocks go from 2:00 to 3:00, at 1:00 UTC.
  assert.deepEqual(following('30 2 * * *', BERLIN, '2026-03-28T00:00Z', 3), [
    '2026-03-28T01:30',
    '2026-03-29T01:00',
    '2026-03-30T00:30',
  ]);
  for (const after of ['2026-03-29T01:00Z', '2026-03-29T01:15Z', '2026-03-29T01:30Z', '2026-03-29T02:00Z']) {
    assert.deepEqual(following('30 2 * * *', BERLIN, after, 1), ['2026-03-30T00:30'], after);
  }
  assert.deepEqual(following('0 2 * * SUN', BERLIN, '2026-03-28T00:00Z', 2), ['2026-03-29T01:00', '2026-04-05T00:00']);
});

test('a time of day that exists twice fires once, the first time', () => {
  // On 25 October 2026, Berlin's clocks go from 3:00 back to 2:00, at 1:00 UTC.
  assert.deepEqual(following('30 2 * * *', BERLIN, '2026-10-24T00:00Z', 3), [
    '2026-10-24T00:30',
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
  for (const after of ['2026-10-25T00:30Z', '2026-10-25T00:45Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z']) {
    assert.deepEqual(following('30 2 * * *', BERLIN, after, 1), ['2026-10-26T01:30'], after);
  }
});

test('an expression for every hour fires in every hour, whatever the clock does', () => {
  for (const [after, first] of [
    ['2026-03-28T23:30Z', '2026-03-29T00:00Z'],
    ['2026-10-24T23:30Z', '2026-10-25T00:00Z'],
  ] as const) {
    const hours = Array.from({ length: 5 }, (_, hour) => new Date(Date.parse(first) + hour * 3_600_000));
    assert.deepEqual(
      following('0 * * * *', BERLIN, after, 5),
      hours.map((each) => each.toISOString().replace(':00.000Z', '')),
    );
  }
});

/** The beginnings of spring and autumn on both hemispheres. Clocks change in the weeks that follow. */
const SEASONS = ['2026-03-01T00:00Z', '2026-10-01T00:00Z'];

test('no two due times are equal, and each lies after the one before', () => {
  for (const zone of [BERLIN, 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe']) {
    for (const cron of ['30 2 * * *', '0 2 * * *', '15 1,2,3 * * *', '*/20 2 * * *']) {
      for (const season of SEASONS) {
        const times = following(cron, zone, season, 50);
        assert.deepEqual([...new Set(times)].sort(), times, `${cron} in ${zone}`);
      }
    }
  }
});

test('every day has its due time, also those on which clocks are changed', () => {
  for (const zone of [BERLIN, 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu']) {
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone });
    for (const cron of ['0 2 * * *', '30 2 * * *', '30 1 * * *', '0 3 * * *']) {
      for (const season of SEASONS) {
        const times = following(cron, zone, season, 45).map((time) => Date.parse(`${time}:00Z`));
        assert.equal(new Set(times.map((time) => day.format(time))).size, 45, `${cron} in ${zone}`);
        const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
        assert.ok(Math.max(...gaps) <= 25 * 3_600_000, `${cron} in ${zone} leaves out no day`);
      }
    }
  }
});

test('the latest due times are those that following each other from the front gives', () => {
  for (const cron of ['30 2 * * *', '0 * * * *', '*/20 2 * * *', '0 6 L * *']) {
    for (const until of ['2026-03-29T12:00Z', '2026-10-25T12:00Z', '2026-10-25T00:30Z', '2026-03-29T01:00Z']) {
      const end = Date.parse(until);
      const ahead: number[] = [];
      for (let time = nextDue(cron, BERLIN, end - 40 * 86_400_000); time !== null && time <= end; ) {
        ahead.push(time);
        time = nextDue(cron, BERLIN, time);
      }
      const count = Math.min(3, ahead.length);
      assert.deepEqual(latestDue(cron, BERLIN, end, count), ahead.slice(-count), `${cron} until ${until}`);
    }
  }
});

test('a date that is rare is found, and one that never comes is none', () => {
  assert.deepEqual(following('0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', 1), ['2028-02-29T00:00']);
  assert.equal(nextDue('0 0 31 2 *', 'UTC', 0), null);
});

test('everything that is wrong with an expression and its zone is said at once', () => {
  const now = Date.parse('2026-01-01T00:00Z');
  assert.deepEqual(cronProblems('0 6 * * MON-FRI', 'Asia/Calcutta', now), []);
  for (const [cron, zone, ...problems] of [
    ['61 6 * * *', 'UTC', /minute: 61/],
    ['a b c d e', 'UTC', /illegal/],
    ['0 6 * *', 'UTC', /five fields/],
    ['0 0 6 * * *', 'UTC', /five fields/],
    ['@daily', 'UTC', /five fields/],
    ['2026-01-01T00:00:00', 'UTC', /five fields/],
    ['', 'UTC', /five fields/],
    ['0 0 31 2 *', 'UTC', /never due/],
    ['0 6 * * *', 'Mars/Base', /time zone "Mars\/Base" is unknown/],
    ['0 6 * * *', '+05:30', /time zone/],
    ['0 6 * * *', '', /time zone/],
    ['61 6 * * *', 'Mars/Base', /time zone/, /minute: 61/],
  ] as const) {
    const found = cronProblems(cron, zone, now);
    assert.equal(found.length, problems.length, `${cron} ${zone}: ${JSON.stringify(found)}`);
    for (const [index, problem] of problems.entries()) assert.match(found[index]?.message ?? '', problem);
  }
  assert.throws(() => nextDue('61 6 * * *', 'UTC', now), { code: 'USAGE', message: /"61 6 \* \* \*" cannot be read/ });
  assert.throws(() => nextDue('0 6 * * *', 'Mars/Base', now), { code: 'USAGE' });
});
