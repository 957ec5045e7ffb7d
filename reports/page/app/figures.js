/** Queries figures of datasources and reads the answers. */
import { addressOf } from './api.js';
import { inTurn } from './turns.js';

/** @typedef {import('./api-types.js').Figures} Figures */

/**
 * @typedef {object} Question
 * @property {'day' | 'week' | 'month' | null} [every]
 * @property {string} [zone]
 * @property {readonly string[]} [by]
 * @property {readonly string[] | null} [metrics]
 * @property {string | null} [first]
 * @property {string | null} [last]
 * @property {Readonly<Record<string, readonly (string | number | boolean | null)[]>>} [filter]
 * @property {number} [limit]
 */

/**
 * @param {import('./api.js').Api} api
 * @param {string} datasource
 * @param {Question} question
 * @param {AbortSignal} signal
 * @returns {Promise<Figures>}
 */
export const figures = (api, datasource, question, signal) =>
  inTurn(() => api.post(addressOf(['v1', 'datasources', datasource, 'query']), question, { signal }), signal);

/**
 * The values of a column, in the order of the rows.
 * @param {Figures} figures
 * @param {string} name
 * @returns {any[]}
 */
export function columnOf({ columns, rows }, name) {
  const at = columns.findIndex((column) => column.name === name);
  return rows.map((row) => row[at]);
}

/**
 * A value for each period, 0 where there is none.
 * @param {Figures} figures
 * @param {string} name
 * @param {readonly string[]} days
 */
export function valuesBy(figures, name, days) {
  const dates = columnOf(figures, 'date');
  const values = columnOf(figures, name);
  const known = new Map(dates.map((date, at) => [date, Number(values[at] ?? 0)]));
  return days.map((day) => known.get(day) ?? 0);
}

/**
 * Rows as objects, by the names of their columns.
 * @param {{ columns: readonly { name: string }[], rows: readonly (readonly unknown[])[] }} found
 * @returns {Record<string, any>[]}
 */
export const byName = ({ columns, rows }) =>
  rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])));
