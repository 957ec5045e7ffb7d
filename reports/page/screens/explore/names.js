/** What the values of a dimension are called: courses and batches by their names, everything else as it is. */
import { kindOf, namesOf } from '../../app/names.js';
import { isAbort } from '../../app/problem.js';

/** @typedef {import('./asked.js').Value} Value */
/** @typedef {ReadonlyMap<Value, string>} Names */

/** @param {Value} value */
export function valueText(value) {
  if (value === null) return 'Not known';
  return typeof value === 'boolean' ? (value ? 'Yes' : 'No') : String(value);
}

/**
 * The names of these values, as far as the reader may know them: figures are shown without them, too.
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
 * A text for each of the values, no two of them the same: where several have one name, each has its id beside it.
 * @param {readonly Value[]} values
 * @param {Names} names
 */
export function textsOf(values, names) {
  const texts = values.map((value) => names.get(value) ?? valueText(value));
  return texts.map((text, at) =>
    texts.indexOf(text) === texts.lastIndexOf(text) ? text : `${text} (${valueText(values[at] ?? null)})`,
  );
}
