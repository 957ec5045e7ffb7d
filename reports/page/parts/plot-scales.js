/** The ends of axes, the labels of periods and the places of bars in a plot. */
import uPlot from 'uplot';
import { daySeconds, dayText } from '../app/days.js';
import { dayOfMonth, month } from '../app/format.js';

/** @typedef {import('./plot.js').Plot['every']} Every */

const DAY_SECONDS = 86_400;
const LABEL_PX = 84;
/** Steps in months, chosen so that January gets a label. */
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];

/**
 * Half a period on each side, so that bars have room.
 * @param {number} from
 * @param {number} to
 * @param {Every} every
 * @returns {[number, number]}
 */
export function edges(from, to, every) {
  const half = (DAY_SECONDS * (every === 'month' ? 30 : every === 'week' ? 7 : 1)) / 2;
  return [from - half, to + half];
}

/** Zero, or less if there are negative values. @param {number | null} least */
export const floor = (least) => (least === null || least >= 0 ? 0 : least * 1.06);

/** @param {number | null} most */
export const roof = (most) => (most === null || most <= 0 ? 1 : most * 1.06);

/**
 * The periods with a label: as many as there is space for.
 * @param {readonly string[]} days
 * @param {Every} every
 * @param {number} width
 */
export function ticks(days, every, width) {
  const needed = Math.ceil(days.length / Math.max(2, Math.floor(width / LABEL_PX)));
  if (every !== 'month') return days.filter((_, at) => at % needed === 0).map(daySeconds);
  const step = MONTHS.find((each) => each >= needed) ?? needed;
  return days.filter((day) => monthNumber(day) % step === 0).map(daySeconds);
}

/** @param {string} day */
const monthNumber = (day) => 12 * Number(day.slice(0, 4)) + Number(day.slice(5, 7)) - 1;

/**
 * @param {number[]} seconds
 * @param {Every} every
 */
export function labels(seconds, every) {
  const name = every === 'month' ? month : dayOfMonth;
  return seconds.map((each) => name(dayText(each / DAY_SECONDS)));
}

/**
 * Bars of one series, or of two beside each other.
 * @param {number} at
 * @param {number} count
 * @returns {Pick<uPlot.Series, 'paths'>}
 */
export function bars(at, count) {
  const align = count === 1 ? 0 : at === 0 ? -1 : 1;
  const paths = uPlot.paths.bars?.({ size: [count === 1 ? 0.7 : 0.38, 36, 1], align, radius: 0.1 });
  return paths === undefined ? {} : { paths };
}
