/** The days shown, and in which steps. Periods end where the data end, since imported data may be years old. */
import { addDays, dayNumber, periods } from './days.js';

/** @typedef {'day' | 'week' | 'month'} Every */
/** @typedef {{ first: string, newest: string }} Extent The days between which there are data. */
/** @typedef {{ first: string, last: string, every: Every, days: string[] }} Range */
/** @typedef {{ period: string, first: string, last: string }} Period As requested. Days are empty if not given. */

/** Labels of the steps of a plot. @type {Readonly<Record<Every, string>>} */
export const STEPS = { day: 'Day', week: 'Week', month: 'Month' };

/** @param {string | null} text @returns {text is Every} */
export const isEvery = (text) => text !== null && Object.hasOwn(STEPS, text);

const CUSTOM = 'custom';

/** Days back from the newest, by the name of the period. @type {Readonly<Record<string, number>>} */
const BACK = { '4w': 27, '3m': 90, '12m': 364 };

export const PERIODS = [
  { value: '', text: 'All time' },
  { value: '12m', text: 'Last 12 months' },
  { value: '3m', text: 'Last 3 months' },
  { value: '4w', text: 'Last 4 weeks' },
  { value: CUSTOM, text: 'Custom range' },
];

/** @param {Pick<Period, 'period'>} asked */
export const isCustom = ({ period }) => period === CUSTOM;

/** Exactly these days, in the form of the address. @param {Pick<Range, 'first' | 'last'>} range */
export const asCustom = ({ first, last }) => ({ period: CUSTOM, first, last });

/**
 * The period in the address.
 * @param {URLSearchParams} query
 * @returns {Period}
 */
export function periodIn(query) {
  const period = query.get('period') ?? '';
  return {
    period: PERIODS.some(({ value }) => value === period) ? period : '',
    first: dayIn(query, 'first'),
    last: dayIn(query, 'last'),
  };
}

/** A calendar day, or an empty text. @param {URLSearchParams} query @param {string} name */
export function dayIn(query, name) {
  const text = query.get(name) ?? '';
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(dayNumber(text)) ? text : '';
}

/** @param {readonly string[]} dates Days with data, in their order. @returns {Extent | undefined} */
export function extentOf(dates) {
  const [first, newest] = [dates[0], dates.at(-1)];
  return first === undefined || newest === undefined ? undefined : { first, newest };
}

/** @param {readonly (Extent | undefined)[]} extents @returns {Extent | undefined} */
export const united = (extents) =>
  extentOf(extents.flatMap((each) => (each === undefined ? [] : [each.first, each.newest])).sort());

/**
 * The requested days that have data. Undefined if there are none.
 * @param {Period & { every?: Every | '' }} asked
 * @param {Extent | undefined} own Of the data that are to be shown.
 * @param {Extent | undefined} [all] Of all data that the screen shows.
 * @returns {Range | undefined}
 */
export function rangeOf({ period, first, last, every = '' }, own, all = own) {
  if (own === undefined || all === undefined) return undefined;
  const isOwn = period === CUSTOM;
  const back = BACK[period];
  const from = isOwn && first !== '' ? first : back === undefined ? own.first : addDays(all.newest, -back);
  const to = isOwn && last !== '' ? last : all.newest;
  const [, begin = ''] = [from, own.first].sort();
  const [end = ''] = [to, own.newest].sort();
  if (begin > end) return undefined;
  const length = dayNumber(end) - dayNumber(begin);
  const steps = every !== '' ? every : length <= 45 ? 'day' : length <= 200 ? 'week' : 'month';
  return { first: begin, last: end, every: steps, days: periods(steps, begin, end) };
}
