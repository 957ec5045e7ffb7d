/** Turns rows of figures into plotted lines: one for each of the largest values of the breakdown, and the rest. */
import { columnOf } from '../../app/figures.js';
import { absent, addsUp } from './asked.js';

/** @typedef {import('../../app/api-types.js').Figures} Figures */
/** @typedef {import('./asked.js').Metric} Metric */
/** @typedef {import('./asked.js').Value} Value */

/** @typedef {{ value: Value, total: number | null }} Total Of one value of the breakdown, for the whole period. */

/** @typedef {{ name: string, values: (number | null)[], total: number | null }} Series */

/** The most lines that can be told apart. */
const MOST_LINES = 8;

/** Figures too large to be exact come as texts. @param {unknown} value */
export const numeric = (value) => (value === null || value === undefined ? null : Number(value));

/**
 * Largest first, and those without a figure last. Counts of zero are left out.
 * @param {Figures} figures By the dimension, for the whole period.
 * @param {string} by
 * @param {Metric} metric
 * @returns {Total[]}
 */
export function totalsOf(figures, by, metric) {
  const totals = columnOf(figures, metric.name).map(numeric);
  const counts = metric.kind === 'count' || metric.kind === 'distinct';
  return columnOf(figures, by)
    .map((value, at) => ({ value, total: totals[at] ?? null }))
    .filter(({ total }) => !counts || (total !== null && total !== 0))
    .sort((one, other) => (other.total ?? -Infinity) - (one.total ?? -Infinity));
}

/**
 * The values with a line of their own. If values add up, one line is left for all others.
 * @param {readonly Total[]} totals
 * @param {Metric} metric
 */
export function chosenOf(totals, metric) {
  if (totals.length <= MOST_LINES) return totals;
  return totals.slice(0, addsUp(metric) ? MOST_LINES - 1 : MOST_LINES);
}

/**
 * A value for each period.
 * @param {Figures} figures
 * @param {Metric} metric
 * @param {readonly string[]} days
 * @param {{ by: string, value: Value }} [only] Only the rows of one value.
 */
export function lineOf(figures, metric, days, only) {
  const values = columnOf(figures, metric.name);
  const of = only === undefined ? undefined : columnOf(figures, only.by);
  /** @type {Map<string, number | null>} */
  const known = new Map();
  columnOf(figures, 'date').forEach((date, at) => {
    if (of === undefined || of[at] === only?.value) known.set(date, numeric(values[at]));
  });
  return days.map((day) => known.get(day) ?? absent(metric));
}

/**
 * The whole minus the parts.
 * @param {readonly (number | null)[]} whole
 * @param {readonly { values: readonly (number | null)[] }[]} parts
 */
export const rest = (whole, parts) =>
  whole.map((value, at) => parts.reduce((left, { values }) => left - (values[at] ?? 0), value ?? 0));
