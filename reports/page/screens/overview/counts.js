/** Daily counts, added up by period. */
import { periodOf } from '../../app/days.js';

/** @typedef {import('./loading.js').Day} Day */
/** @typedef {'joined' | 'departed' | 'completed'} Count */

/**
 * A value for each period of the range, 0 where nothing happened.
 * @param {readonly Day[]} days
 * @param {Count} count
 * @param {import('../../app/periods.js').Range} range
 */
export function countsBy(days, count, { first, last, every, days: periods }) {
  const sums = new Map(periods.map((period) => [period, 0]));
  for (const day of days) {
    if (day.date < first || day.date > last) continue;
    const period = periodOf(every, day.date);
    sums.set(period, (sums.get(period) ?? 0) + day[count]);
  }
  return [...sums.values()];
}

/**
 * Enrollments at the end of each period: all who joined until then, minus those who left.
 * @param {readonly Day[]} days
 * @param {import('../../app/periods.js').Range} range
 */
export function enrolledBy(days, range) {
  const earlier = days.filter(({ date }) => date < range.first);
  let enrolled = total(earlier, 'joined') - total(earlier, 'departed');
  const left = countsBy(days, 'departed', range);
  return countsBy(days, 'joined', range).map((joined, at) => {
    enrolled += joined - (left[at] ?? 0);
    return enrolled;
  });
}

/**
 * @param {readonly Day[]} days
 * @param {Count} count
 */
export const total = (days, count) => days.reduce((sum, day) => sum + day[count], 0);
