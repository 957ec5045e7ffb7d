/** Cron expressions from plain choices, as in the form of a schedule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DateTime } from 'luxon';
import { moduleOfPage } from './module-of-page.ts';

const { choicesOf, cronInWords, cronOf } = await moduleOfPage('app/cron.js');
const { clockAt, momentAt } = await moduleOfPage('app/zoned.js');

const CASES = [
  ['0 7 * * *', 'every day at 07:00'],
  ['30 18 * * 1', 'every Monday at 18:30'],
  ['5 0 * * 0,3', 'every Wednesday and Sunday at 00:05'],
  ['0 7 1 * *', 'on day 1 of every month at 07:00'],
  ['59 23 31 * *', 'on day 31 of every month at 23:59'],
] as const;

test('plain choices become a cron expression, and it becomes the same choices again', () => {
  for (const [cron, words] of CASES) {
    assert.equal(cronInWords(cron), words);
    assert.equal(cronOf(choicesOf(cron)), cron);
  }
});

test('names and ranges of days are understood', () => {
  assert.equal(cronInWords('0 7 * * mon-fri'), 'every Monday, Tuesday, Wednesday, Thursday, and Friday at 07:00');
  assert.equal(cronInWords('0 7 * * SAT,7'), 'every Saturday and Sunday at 07:00');
});

test('what plain choices cannot say stays a cron expression', () => {
  for (const cron of [
    '*/5 * * * *',
    '0 7 1 1 *',
    '0 7 1 * 1',
    '0 7 0 * *',
    '0 24 * * *',
    '0 7 * * fun',
    '0 7 * * 5-1',
    '',
  ])
    assert.equal(choicesOf(cron), undefined, cron);
  assert.equal(cronInWords('*/5 * * * *'), 'on the cron schedule */5 * * * *');
});

test('what clocks of a zone show is a moment, also where they are set forward or back', () => {
  for (const zone of ['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Pacific/Apia', 'Europe/Berlin'])
    for (const at of [Date.UTC(2026, 0, 1), Date.UTC(2026, 6, 31, 23, 59), Date.UTC(2011, 11, 28, 12)]) {
      assert.equal(clockAt(at, zone), DateTime.fromMillis(at, { zone }).toFormat("yyyy-MM-dd'T'HH:mm"));
      assert.equal(momentAt(clockAt(at, zone), zone), at, `${zone} ${at}`);
    }
  const berlin = (clock: string) => new Date(momentAt(clock, 'Europe/Berlin')).toISOString();
  assert.equal(berlin('2026-03-29T02:30'), '2026-03-29T01:30:00.000Z', 'an hour that does not exist');
  assert.equal(berlin('2026-10-25T02:30'), '2026-10-25T00:30:00.000Z', 'an hour that exists twice');
  assert.equal(momentAt('', 'UTC'), undefined);
});
