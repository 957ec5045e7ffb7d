/**
 * Converts RFC 3339 timestamps, which CloudEvents uses, to ms since 1970 UTC and back. `Date` is slower, and too lax:
 * it reads the 30th of February as the 2nd of March.
 */

import { LAST_TIME } from '../../core/moment.ts';

const DAY = 86_400_000;
/** The first moment that RFC 3339 can express. */
const FIRST = -62_167_219_200_000;

/** The last moment that `Date` can hold; the first is its negative. */
const FARTHEST = 8.64e15;

const ZERO = 48;
const DOT = 46;
const COLON = 58;
const PLUS = 43;
const MINUS = 45;

/** Whether the value is a moment that `Date` can hold: a whole number of ms since 1970 UTC. */
export const isTime = (ms: unknown): ms is number => Number.isInteger(ms) && Math.abs(ms as number) <= FARTHEST;

/** Drops fractions of a millisecond, and reads a leap second as the moment after it. Undefined if this is no RFC 3339 timestamp. */
export function parseTime(text: string): number | undefined {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  // A single bad number makes the sum NaN. Otherwise all numbers are there, and the text is long enough.
  if (!(year + month + day + hour + minute + second >= 0)) return undefined;
  if (text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS || (text.charCodeAt(10) | 32) !== 116) {
    return undefined;
  }
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;

  let at = 19;
  let ms = 0;
  if (text.charCodeAt(at) === DOT) {
    const from = ++at;
    for (let digit = digits(text, at, 1); digit >= 0; digit = digits(text, ++at, 1)) {
      if (at - from < 3) ms += digit * (at === from ? 100 : at === from + 1 ? 10 : 1);
    }
    if (at === from) return undefined;
  }
  const offset = offsetOf(text, at);
  if (offset === undefined) return undefined;
  return daysSince1970(year, month, day) * DAY + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms;
}

/** Minutes east of UTC; undefined unless the text ends with the offset. */
function offsetOf(text: string, at: number): number | undefined {
  const sign = text.charCodeAt(at);
  if ((sign | 32) === 122) return text.length === at + 1 ? 0 : undefined;
  if ((sign !== PLUS && sign !== MINUS) || text.length !== at + 6 || text.charCodeAt(at + 3) !== COLON)
    return undefined;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, at + 4, 2);
  if (!(hours <= 23 && minutes <= 59)) return undefined;
  return sign === PLUS ? hours * 60 + minutes : -(hours * 60 + minutes);
}

/** The number in the `count` digits from `at` on; NaN if any of them is not a digit. */
function digits(text: string, at: number, count: number): number {
  let result = 0;
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    result = result * 10 + digit;
  }
  return result;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Years begin in March, so that the leap day is the last day of a year (Hinnant, "chrono-compatible date algorithms"). */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** A cache of the last day and its text: the records of a batch mostly have the same day. */
let day = Number.NaN;
let dayText = '';

const TWO = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** In UTC, with milliseconds. A moment before the year 0 or after 9999 becomes the nearest one that RFC 3339 can express. */
export function formatTime(time: number): string {
  const ms = Math.min(Math.max(Math.trunc(time), FIRST), LAST_TIME);
  const ofDay = Math.floor(ms / DAY);
  if (ofDay !== day) {
    dayText = new Date(ofDay * DAY).toISOString().slice(0, 11);
    day = ofDay;
  }
  const rest = ms - ofDay * DAY;
  const hour = TWO[Math.floor(rest / 3_600_000)];
  const minute = TWO[Math.floor(rest / 60_000) % 60];
  const second = TWO[Math.floor(rest / 1000) % 60];
  return `${dayText}${hour}:${minute}:${second}.${String(rest % 1000).padStart(3, '0')}Z`;
}
