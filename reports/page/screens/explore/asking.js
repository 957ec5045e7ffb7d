/** The queries of a plot, and their answers combined. */
import { columnOf, figures } from '../../app/figures.js';
import { number } from '../../app/format.js';
import { extentOf, rangeOf } from '../../app/periods.js';
import { addsUp, filterOf } from './asked.js';
import { namesFor, textsOf } from './names.js';
import { chosenOf, lineOf, numeric, rest, totalsOf } from './series.js';

/** @typedef {import('../../app/api.js').Api} Api */
/** @typedef {import('./asked.js').Asked} Asked */
/** @typedef {import('./series.js').Series} Series */
/** @typedef {import('../../app/periods.js').Range} Range */

/**
 * @typedef {object} Found
 * @property {Range} range
 * @property {Series[]} series
 * @property {number | null} total Of everything, whether it has a line or not.
 * @property {number} others Values of the breakdown without a line of their own.
 */

/** The most rows of an answer. */
const MOST_ROWS = 10_000;

/** Too much was requested: the message says what, and how to request less. */
export class TooLarge extends Error {}

/**
 * @param {Api} api
 * @param {Asked} asked
 * @param {AbortSignal} signal
 * @returns {Promise<Found | undefined>} Undefined if there is nothing.
 */
export async function found(api, asked, signal) {
  const { source, metric, by, zone } = asked;
  const filter = filterOf(asked);
  /** @param {import('../../app/figures.js').Question} question */
  const ask = (question) =>
    figures(api, source.name, { zone, metrics: [metric.name], filter, limit: MOST_ROWS, ...question }, signal);

  const everyDay = await ask({ every: 'day' });
  const range = rangeOf(asked, extentOf(columnOf(everyDay, 'date')));
  if (range === undefined) return undefined;
  const { first, last, every, days } = range;
  const [whole, all] = await Promise.all([ask({ every, first, last }), ask({ first, last })]);
  const total = numeric(columnOf(all, metric.name)[0]);
  const wholeLine = lineOf(whole, metric, days);
  if (by === '') return { range, series: [{ name: metric.name, values: wholeLine, total }], total, others: 0 };

  const each = await ask({ by: [by], first, last });
  if (each.more)
    throw new TooLarge(
      `There are more than ${number(MOST_ROWS)} values. Choose another breakdown, a filter or a shorter period.`,
    );
  const totals = totalsOf(each, by, metric);
  if (totals.length === 0) return undefined;
  const chosen = chosenOf(totals, metric);
  if (chosen.length * days.length > MOST_ROWS)
    throw new TooLarge('Too many periods for this many lines. Choose a longer interval or a shorter period.');
  const values = chosen.map(({ value }) => value);
  const [lines, names] = await Promise.all([
    ask({ every, by: [by], first, last, filter: { ...filter, [by]: values } }),
    namesFor(api, by, values, signal),
  ]);
  const texts = textsOf(values, names);
  const series = chosen.map(({ value, total }, at) => ({
    name: texts[at] ?? '',
    values: lineOf(lines, metric, days, { by, value }),
    total,
  }));
  const others = totals.length - chosen.length;
  if (others > 0 && addsUp(metric)) {
    const left = totals.slice(chosen.length).reduce((sum, { total }) => sum + (total ?? 0), 0);
    series.push({ name: `${number(others)} others`, values: rest(wholeLine, series), total: left });
  }
  return { range, series, total, others };
}
