/** Display names of the values of a dimension: names of courses and batches, all other values unchanged. */
import { kindOf, namesOf } from '../../app/names.js';
import { isAbort } from '../../app/problem.js';

/** @typedef {import('./asked.js').Value} Value */
/** @typedef {ReadonlyMap<Value, string>} Names */

/** @param {Value} value */
export function valueText(value) {
  if (value === null) return 'Unknown';
  return typeof value === 'boolean' ? (value ? 'Yes' : 'No') : String(value);
}

/**
 * The names of these values, as far as the reader may see them. Figures are shown without names, too.
 * @param {import('../../app/api.js').Api} api
 * @param {string} dimension
 * @param {readonly Value[]} values
 * @param {AbortSignal} signal
 * @returns {Promise<Names>}
 */
export async function namesFor(api, dimension, values, signal) {
  const kind = kindOf(dimension);
  const ids = values.filter((value) => typeof value === 'string');
  if (kind === undefined) return new Map();
  try {
    return await namesOf(api, kind, ids, signal);
  } catch (error) {
    if (isAbort(error)) throw error;
    return new Map();
  }
}

/**
 * A distinct text for each value: values with the same name also show their ids.
 * @param {readonly Value[]} values
 * @param {Names} names
 */
export function textsOf(values, names) {
  const texts = values.map((value) => names.get(value) ?? valueText(value));
  return texts.map((text, at) =>
    texts.indexOf(text) === texts.lastIndexOf(text) ? text : `${text} (${valueText(values[at] ?? null)})`,
  );
}
