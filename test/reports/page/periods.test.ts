/** Which days a screen shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleOfPage } from './module-of-page.ts';

const { extentOf, periodIn, rangeOf, united } = await moduleOfPage('app/periods.js');

test('periods end where the data end, and steps are as long as the period needs', () => {
  const dates = ['2013-01-05', '2014-03-31'];
  const range = (asked: object) => rangeOf({ period: '', first: '', last: '', every: '', ...asked }, extentOf(dates));
  const { days: _, ...all } = range({});
  assert.deepEqual(all, { first: '2013-01-05', last: '2014-03-31', every: 'month' });
  assert.deepEqual([range({ period: '4w' }).first, range({ period: '4w' }).every], ['2014-03-04', 'day']);
  assert.equal(range({ period: '3m' }).every, 'week');
  assert.equal(range({ every: 'day' }).days.length, 451);
  const custom = { period: 'custom', first: '2014-01-01', last: '2020-01-01' };
  assert.deepEqual([range(custom).first, range(custom).last], ['2014-01-01', '2014-03-31']);
  assert.equal(range({ ...custom, last: '2012-01-01' }), undefined);
  assert.equal(rangeOf({ period: '', first: '', last: '', every: '' }, extentOf([])), undefined);
});

test('where a screen shows several figures, all of them end where the last one does', () => {
  const [enrollments, activity] = [extentOf(['2020-01-10', '2020-02-03']), extentOf(['2020-02-04', '2020-02-13'])];
  const all = united([enrollments, undefined, activity]);
  assert.deepEqual(all, { first: '2020-01-10', newest: '2020-02-13' });
  assert.equal(united([undefined]), undefined);
  const { first, last } = rangeOf({ period: '4w', first: '', last: '' }, enrollments, all);
  assert.deepEqual([first, last], ['2020-01-17', '2020-02-03']);
});

test('what an address asks for wrongly is not asked for', () => {
  const asked = (query: string) => periodIn(new URLSearchParams(query));
  assert.deepEqual(asked('period=custom&first=2020-01-01&last=2020-13-01'), {
    period: 'custom',
    first: '2020-01-01',
    last: '',
  });
  assert.deepEqual(asked('period=9y&first=tomorrow'), { period: '', first: '', last: '' });
});
