/** Turns simple choices into cron expressions, and back: minute, hour, day of the month, month, day of the week. */

/**
 * @typedef {object} Choices
 * @property {'day' | 'week' | 'month'} every
 * @property {string} at Such as `07:00`.
 * @property {readonly number[]} weekdays For weeks: 0 is Sunday, 1 is Monday.
 * @property {number} day For months: 1 to 31.
 */

const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** A Sunday. */
const SUNDAY = Date.UTC(2026, 1, 1);
const DAY_MS = 86_400_000;

/** Monday first, as in most of the world. */
export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 0];

/** @param {Choices} choices */
export function cronOf({ every, at, weekdays, day }) {
  const [hour = '0', minute = '0'] = at.split(':');
  const time = `${Number(minute)} ${Number(hour)}`;
  if (every === 'month') return `${time} ${day} * *`;
  return every === 'week' ? `${time} * * ${[...weekdays].sort((a, b) => a - b).join(',')}` : `${time} * * *`;
}

/**
 * Undefined if the choices cannot express it.
 * @param {string} cron
 * @returns {Choices | undefined}
 */
export function choicesOf(cron) {
  const [minute = '', hour = '', day = '', month = '', weekday = '', ...more] = cron.trim().toLowerCase().split(/\s+/);
  if (more.length > 0 || month !== '*' || !isUpTo(minute, 59) || !isUpTo(hour, 23)) return undefined;
  const at = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  const preset = { at, weekdays: [1], day: 1 };
  if (day === '*' && weekday === '*') return { ...preset, every: 'day' };
  if (weekday === '*')
    return isUpTo(day, 31) && day !== '0' ? { ...preset, every: 'month', day: Number(day) } : undefined;
  const weekdays = weekdaysIn(weekday);
  return day === '*' && weekdays !== undefined ? { ...preset, every: 'week', weekdays } : undefined;
}

/** @param {string} text @param {number} most */
const isUpTo = (text, most) => /^\d{1,2}$/.test(text) && Number(text) <= most;

/** `mon,wed` and `1-5`. @param {string} text */
function weekdaysIn(text) {
  const days = text.split(',').flatMap((part) => {
    const [first = -1, last = first] = part.split('-').map(weekdayOf);
    return first < 0 || last < first ? [-1] : Array.from({ length: last - first + 1 }, (_, more) => (first + more) % 7);
  });
  return days.includes(-1) ? undefined : [...new Set(days)];
}

/** @param {string} text */
const weekdayOf = (text) => (/^[0-7]$/.test(text) ? Number(text) : NAMES.indexOf(text));

/** `every Monday and Friday at 07:00`, or the cron expression itself. @param {string} cron */
export function cronInWords(cron) {
  const choices = choicesOf(cron);
  if (choices === undefined) return `on the cron schedule ${cron}`;
  const { every, at, weekdays, day } = choices;
  if (every === 'day') return `every day at ${at}`;
  if (every === 'month') return `on day ${day} of every month at ${at}`;
  const named = WEEKDAYS.filter((each) => weekdays.includes(each)).map((each) => weekdayName(each));
  return `every ${new Intl.ListFormat('en').format(named)} at ${at}`;
}

/** In English, like the rest of the page. @param {number} weekday @param {'long' | 'short'} [width] */
export const weekdayName = (weekday, width = 'long') =>
  new Intl.DateTimeFormat('en', { weekday: width, timeZone: 'UTC' }).format(SUNDAY + weekday * DAY_MS);
