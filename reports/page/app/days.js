/** Calendar days as texts, `2014-03-31`: they sort as texts, and no time zone moves them. */

const DAY_MS = 86_400_000;

/** @param {string} day */
export const dayNumber = (day) => Math.round(Date.parse(`${day}T00:00:00Z`) / DAY_MS);

/** @param {number} number */
export const dayText = (number) => new Date(number * DAY_MS).toISOString().slice(0, 10);

/**
 * @param {string} day
 * @param {number} days
 */
export const addDays = (day, days) => dayText(dayNumber(day) + days);

/** Seconds since 1970 UTC, as plots take them. @param {string} day */
export const daySeconds = (day) => dayNumber(day) * 86_400;

/** The current day in the zone. @param {string} zone */
export const today = (zone, now = Date.now()) =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);

/**
 * Every period from the first to the last day, by its first day. Weeks begin on Monday.
 * @param {'day' | 'week' | 'month'} every
 * @param {string} first
 * @param {string} last
 */
export function periods(every, first, last) {
  /** @type {string[]} */
  const found = [];
  for (let day = periodOf(every, first); day <= last; day = nextPeriod(every, day)) found.push(day);
  return found;
}

/**
 * The first day of the period that a day is in.
 * @param {'day' | 'week' | 'month'} every
 * @param {string} day
 */
export function periodOf(every, day) {
  if (every === 'month') return `${day.slice(0, 7)}-01`;
  // 1 January 1970 was a Thursday.
  return every === 'week' ? addDays(day, -((dayNumber(day) + 3) % 7)) : day;
}

/**
 * @param {'day' | 'week' | 'month'} every
 * @param {string} day
 */
export const nextPeriod = (every, day) =>
  every === 'month' ? periodOf('month', addDays(periodOf('month', day), 31)) : addDays(day, every === 'week' ? 7 : 1);
