import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sortOf, termsOf } from '../../cli/commands/search/terms.ts';
import { enrollmentIndex } from '../../schemas/rows/learner-progress.ts';

const terms = (...given: string[]) => termsOf(enrollmentIndex, given);

test('a term is the value of a field, or a bound of it', () => {
  assert.deepEqual(terms('state=completed', 'active=true', 'progress>=50', 'progress<100', 'userId>m', 'batches<=b9'), {
    filter: { state: 'completed', active: true },
    ranges: { progress: { gte: 50, lt: 100 }, userId: { gt: 'm' }, batches: { lte: 'b9' } },
  });
  assert.deepEqual(terms('userId=a=b>c').filter, { userId: 'a=b>c' });
  assert.deepEqual(terms('userId=').filter, { userId: '' });
});

test('a time is a number of ms, a date, or a time with its zone', () => {
  assert.deepEqual(terms('completedAt>=2026-03-01', 'completedAt<2026-03-01T04:00:00+02:00').ranges, {
    completedAt: { gte: Date.UTC(2026, 2, 1), lt: Date.UTC(2026, 2, 1, 2) },
  });
  assert.deepEqual(terms('completedAt=5').filter, { completedAt: 5 });
});

const WRONG: readonly (readonly [given: string[], because: RegExp])[] = [
  [['state'], /--filter state: give a field and a value, as in state=completed or progress>=50/],
  [['=x'], /give a field and a value/],
  [['colour=red'], /enrollments has no field colour to filter by/],
  [['courseName=x'], /no field courseName/],
  [['statee=completed'], /did you mean state\?/],
  [['state=compleeted'], /state is never compleeted; did you mean completed\?/],
  [['state='], /state is never empty; there are not_started, in_progress, completed/],
  [['progress=much'], /progress is a number/],
  [['progress>'], /progress is a number/],
  [['active=perhaps'], /active is true or false/],
  [['active>true'], /active is true or false, and has no ranges/],
  [['completedAt>=yesterday'], /completedAt is a time, such as 2026-03-01T04:00:00Z/],
  [['completedAt>=2026-03-01T04:00:00'], /completedAt is a time/],
  [['progress=1', 'progress=2'], /progress has a value for = already/],
  [['progress>1', 'progress>2'], /progress has a value for > already/],
];

for (const [given, because] of WRONG) {
  test(`${given.join(' ')} is refused with the reason`, () => {
    assert.throws(() => terms(...given), { code: 'USAGE', message: because });
  });
}

test('an order is a field and a direction', () => {
  assert.deepEqual(sortOf(enrollmentIndex, 'progress'), { field: 'progress', descending: false });
  assert.deepEqual(sortOf(enrollmentIndex, 'progress:desc'), { field: 'progress', descending: true });
  for (const text of ['progress:up', 'progress:desc:asc'])
    assert.throws(() => sortOf(enrollmentIndex, text), {
      code: 'USAGE',
      message: /give a field, or a field with :desc/,
    });
  assert.throws(() => sortOf(enrollmentIndex, 'progres'), {
    message: /no field progres to sort by; did you mean progress/,
  });
});
