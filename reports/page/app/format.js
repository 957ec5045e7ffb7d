/** Formats figures, times and durations in the browser's language and the time zone chosen in the header. */

const DAY_MS = 86_400_000;
const KEY = 'tributary.zone';

export const browserZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @type {string} */
let zone = browserZone();

export const currentZone = () => zone;

/**
 * The zone that the reader chose before, else the service's, else the browser's.
 * @param {string | null} preset
 */
export function beginZone(preset) {
  const chosen = localStorage.getItem(KEY);
  zone = chosen !== null && isZone(chosen) ? chosen : (preset ?? browserZone());
}

/** @param {string} chosen */
export function chooseZone(chosen) {
  zone = chosen;
  localStorage.setItem(KEY, chosen);
}

/** @param {string} name */
export function isZone(name) {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** @param {number} value */
export const number = (value, digits = 0) =>
  new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value);

/** Below this number, distinct counts are exact; from there on, they are off by some 1.6 percent. */
const EXACT_BELOW = 4096;

/** A distinct count, with no more digits than are known. @param {number} value */
export const distinct = (value) =>
  value < EXACT_BELOW
    ? number(value)
    : `≈ ${new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 }).format(value)}`;

/** The same with a unit. @param {number | null | undefined} value @param {string} [unit] */
export const distinctQuantity = (value, unit) =>
  typeof value !== 'number' || value < EXACT_BELOW
    ? quantity(value, unit)
    : `${distinct(value)}${unit ? ` ${unit}` : ''}`;

/** For axes, where there is little space. @param {number} value */
export const shortNumber = (value) =>
  new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 }).format(value);

/** Of 0 to 100. @param {number} value */
export const percent = (value, digits = 1) =>
  new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: digits }).format(value / 100);

/** @param {number} bytes */
export function bytes(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const unit = /** @type {string} */ (units[at]);
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: at === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  }).format(bytes / 1000 ** at);
}

/**
 * `1,234 learners`; times, sizes and percentages in their own form.
 * @param {number | null | undefined} value
 * @param {string} [unit]
 */
export function quantity(value, unit) {
  if (value === null || value === undefined) return 'unknown';
  if (unit === 'percent') return percent(value);
  if (unit === 'ms') return duration(value);
  if (unit === 's') return duration(1000 * value);
  if (unit === 'bytes') return bytes(value);
  return `${number(value, Number.isInteger(value) ? 0 : 1)}${unit ? ` ${value === 1 ? singular(unit) : unit}` : ''}`;
}

/** @param {string} unit */
const singular = (unit) => unit.replace(/ies$/, 'y').replace(/(?<=ch)es$|s$/, '');

/** @param {number} ms */
export function duration(ms) {
  /** @type {[number, string][]} */
  const units = [
    [DAY_MS, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
    [1, 'millisecond'],
  ];
  const [size, unit] = units.find(([size]) => Math.abs(ms) >= size) ?? [1, 'millisecond'];
  const value = ms / size;
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: unit === 'day' ? 'long' : 'short',
    maximumFractionDigits: value < 10 && unit !== 'millisecond' ? 1 : 0,
  }).format(value);
}

/** A calendar day such as `2014-03-31`, which no time zone moves. @param {string} day */
export const date = (day) => dayFormat({ dateStyle: 'medium' }, day);

/** `Mar 2014`. @param {string} day */
export const month = (day) => dayFormat({ month: 'short', year: 'numeric' }, day);

/** `31 Mar`. @param {string} day */
export const dayOfMonth = (day) => dayFormat({ day: 'numeric', month: 'short' }, day);

/**
 * @param {Intl.DateTimeFormatOptions} options
 * @param {string} day
 */
const dayFormat = (options, day) =>
  new Intl.DateTimeFormat(undefined, { ...options, timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`));

/** A moment, as ISO text or in ms since 1970. @param {string | number} at */
export const moment = (at) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(new Date(at));

/** The day of a moment. @param {string | number} at */
export const momentDate = (at) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: zone }).format(new Date(at));

/** `3 minutes ago`, `in 2 days`. @param {string | number} at */
export function ago(at, now = Date.now()) {
  const ms = new Date(at).getTime() - now;
  /** @type {[number, Intl.RelativeTimeFormatUnit][]} */
  const units = [
    [365 * DAY_MS, 'year'],
    [30 * DAY_MS, 'month'],
    [DAY_MS, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
  ];
  const [size, unit] = units.find(([size]) => Math.abs(ms) >= size) ?? [1000, 'second'];
  return new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' }).format(Math.round(ms / size), unit);
}
